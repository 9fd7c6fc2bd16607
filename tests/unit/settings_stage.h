/* SPDX-License-Identifier: Apache-2.0
 * What tests of the settings stand on: a state folder whose files say their own names, and the example configuration. For tests only. */
#ifndef KEYWARD_SETTINGS_STAGE_H
#define KEYWARD_SETTINGS_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/warden/settings.h"
#include "firmware/warden/table.h"

static const char *const files[] = {"keys/root.der", "keys/issuing.der", "keys/ak-issuing.der", "keys/audit.der", "sealed/public",
				    "sealed/private", "sealed/srk-name", "administrators/first.jwk", "../ek-root.pem"};
enum { file_count = sizeof files / sizeof files[0] };

static char folder[64];
static struct configuration configuration;
static struct settings settings;

static inline const char *path_of(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/state/%s", folder, name);
	return path;
}

static inline void put_file(const char *name, const char *text, size_t size)
{
	FILE *out = fopen(path_of(name), "we");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

static inline void make_folder(const char *name)
{
	assert_int_equal(mkdir(path_of(name), 0700), 0);
}

static inline void read_example(const char *from, const char *to)
{
	char text[16384] = "", path[128], command[16384 + 64];
	FILE *in = fopen("firmware/host/keyward.conf", "re");
	assert_non_null(in);
	assert_true(fread(text, 1, sizeof text - 1, in) > 0);
	fclose(in);
	const char *at = strstr(text, from);
	assert_non_null(at);
	snprintf(command, sizeof command, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	put_file("../keyward.conf", command, strlen(command));
	snprintf(path, sizeof path, "%s/keyward.conf", folder);
	assert_true(configuration_read(path, &configuration));
}

static inline int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/keyward-settings.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	make_folder("");
	make_folder("keys");
	make_folder("sealed");
	make_folder("administrators");
	for (size_t i = 0; i < file_count; i++) /* each file says its own name */
		put_file(files[i], files[i], strlen(files[i]));
	put_file("administrators/first.jwk", "{\"kty\":\"EC\"}\n", 13);
	read_example("pcr = 14", "pcr = 14");
	memset(&settings, 0, sizeof settings);
	return 0;
}

static inline int tear_down(void **state)
{
	char command[128];
	(void)state;
	settings_free(&settings);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static inline void build(void)
{
	assert_true(settings_build(&configuration, "/usr/lib/keyward", &settings));
}

static inline void decode(enum process process, void *out)
{
	assert_false(is_refused(wire_decode(table_row(process)->settings, settings.records[process], out)));
}

static inline void assert_text(struct bytes got, const char *expected)
{
	assert_int_equal(got.size, strlen(expected));
	assert_memory_equal(got.data, expected, got.size);
}

static struct message_verifier_directory verifier_directory(const struct message_verifier_settings *told, size_t number)
{
	struct message_verifier_directory directory;
	assert_true(number < told->directories.count);
	assert_false(is_refused(wire_decode(message_verifier_directory, told->directories.at[number], &directory)));
	return directory;
}

static inline void refused(void)
{
	const int before = dup(STDERR_FILENO), into = open("/dev/null", O_WRONLY | O_CLOEXEC);
	fflush(stderr);
	assert_true(before >= 0 && into >= 0 && dup2(into, STDERR_FILENO) == STDERR_FILENO);
	const bool is_built = settings_build(&configuration, "/usr/lib/keyward", &settings);
	fflush(stderr);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	close(before);
	close(into);
	assert_false(is_built);
	assert_null(settings.locked);
}

#endif
