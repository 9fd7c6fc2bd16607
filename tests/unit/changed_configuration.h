/* SPDX-License-Identifier: Apache-2.0
 * The example configuration with one thing changed: how test_configuration.c makes its cases. */
#ifndef KEYWARD_CHANGED_CONFIGURATION_H
#define KEYWARD_CHANGED_CONFIGURATION_H

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

#include "firmware/warden/configuration.h"

static const char example[] = "firmware/host/keyward.conf";
static char folder[64], file[96], said[4096];
static struct configuration got;

static char *read_text(const char *path)
{
	char *text = calloc(1, 1 << 17);
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 17) - 1, in) > 0);
	fclose(in);
	return text;
}

static void write_text(const char *text, size_t size)
{
	FILE *out = fopen(file, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

/* Reads `file` with standard error caught in `said`. */
static bool read_it(void)
{
	char caught[96];
	snprintf(caught, sizeof caught, "%s/said", folder);
	fflush(stderr);
	const int before = dup(STDERR_FILENO), into = open(caught, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(before >= 0 && into >= 0 && dup2(into, STDERR_FILENO) == STDERR_FILENO);
	memset(&got, 0x5a, sizeof got);
	const bool is_read = configuration_read(file, &got);
	fflush(stderr);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	const ssize_t size = pread(into, said, sizeof said - 1, 0);
	assert_true(size >= 0);
	said[size] = '\0';
	close(before);
	close(into);
	return is_read;
}

/* The example with the first `from` replaced. */
static void change_in(const char *base, const char *from, const char *to)
{
	char *text = read_text(base), *changed = calloc(1, 1 << 18);
	char *at = strstr(text, from);
	assert_non_null(changed);
	assert_non_null(at);
	snprintf(changed, 1 << 18, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	write_text(changed, strlen(changed));
	free(text);
	free(changed);
}

static void change(const char *from, const char *to)
{
	change_in(example, from, to);
}

static unsigned line_of(const char *what)
{
	char *text = read_text(file);
	const char *found = strstr(text, what);
	unsigned line = 1;
	assert_non_null(found);
	for (const char *at = text; at < found; at++)
		line += *at == '\n';
	free(text);
	return line;
}

/* Refused in exactly one line "FILE:LINE: ...reason...", and nothing was filled in. */
static void refused(const char *reason)
{
	char where[128];
	struct configuration untouched;
	memset(&untouched, 0x5a, sizeof untouched);
	assert_false(read_it());
	if (strstr(said, reason) == NULL)
		print_error("said: %s", said);
	assert_non_null(strstr(said, reason));
	snprintf(where, sizeof where, "%s:", file);
	assert_memory_equal(said, where, strlen(where));
	assert_true(atoi(said + strlen(where)) >= 1);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_memory_equal(&got, &untouched, sizeof got);
}

static void changed_is_refused(const char *from, const char *to, const char *reason)
{
	change(from, to);
	refused(reason);
}

/* ... and the line is that of `culprit` in the changed file. */
static void changed_is_refused_at(const char *from, const char *to, const char *reason, const char *culprit)
{
	char where[128];
	changed_is_refused(from, to, reason);
	snprintf(where, sizeof where, "%s:%u: ", file, line_of(culprit));
	if (strncmp(said, where, strlen(where)) != 0)
		print_error("said: %sexpected at: %s\n", said, where);
	assert_memory_equal(said, where, strlen(where));
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/keyward-configuration.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(file, sizeof file, "%s/keyward.conf", folder);
	return 0;
}

static int tear_down(void **state)
{
	char caught[96];
	(void)state;
	snprintf(caught, sizeof caught, "%s/said", folder);
	unlink(caught);
	unlink(file);
	return rmdir(folder);
}

#endif
