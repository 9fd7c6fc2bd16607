/* SPDX-License-Identifier: Apache-2.0
 * The measurement: what changes it and what stops it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/sealer/measure.h"

static char folder[64];
static struct measure_problem problem;

static const char *in_folder(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *content)
{
	FILE *file = fopen(in_folder(name), "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static bool measure(uint8_t digest[measure_digest_size])
{
	char configuration[256];
	snprintf(configuration, sizeof configuration, "%s", in_folder("conf"));
	return measure_appliance(folder, configuration, digest, &problem);
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/keyward-measure-XXXXXX");
	assert_non_null(mkdtemp(folder));
	put("keyward-b", "second");
	put("keyward-a", "first");
	put("conf", "state = x");
	return 0;
}

static int teardown(void **state)
{
	char command[96];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void the_measurement_is_what_its_header_says(void **state)
{
	(void)state;
	uint8_t digest[32], text[3 * 48] = "", expected[32];
	size_t at = 0;
	const char *const names[] = {"keyward-a", "keyward-b", ""}, *const contents[] = {"first", "second",
											 "state = x"};
	for (size_t i = 0; i < 3; i++) {
		memcpy(text + at, names[i], strlen(names[i]) + 1);
		at += strlen(names[i]) + 1;
		SHA256((const uint8_t *)contents[i], strlen(contents[i]), text + at);
		at += 32;
	}
	SHA256(text, at, expected);
	assert_true(measure(digest));
	assert_memory_equal(digest, expected, 32);
}

static void every_change_changes_the_measurement(void **state)
{
	(void)state;
	uint8_t first[32], now[32];
	assert_true(measure(first));
	put("keyward-b", "Second");
	assert_true(measure(now));
	assert_memory_not_equal(first, now, 32);
	put("keyward-b", "second");
	put("conf", "state = y");
	assert_true(measure(now));
	assert_memory_not_equal(first, now, 32);
	put("conf", "state = x");
	put("keyward-c", "");
	assert_true(measure(now));
	assert_memory_not_equal(first, now, 32);
	unlink(in_folder("keyward-c"));
	put("other", "does not count");
	assert_true(measure(now));
	assert_memory_equal(first, now, 32);
	char from[256];
	snprintf(from, sizeof from, "%s", in_folder("keyward-b"));
	rename(from, in_folder("keyward-z"));
	assert_true(measure(now));
	assert_memory_not_equal(first, now, 32);
}

static void a_link_or_a_folder_in_the_place_of_a_program_is_refused(void **state)
{
	(void)state;
	uint8_t digest[32];
	assert_int_equal(symlink("/etc/passwd", in_folder("keyward-l")), 0);
	assert_false(measure(digest));
	assert_non_null(strstr(problem.sentence, "keyward-l"));
	unlink(in_folder("keyward-l"));
	assert_int_equal(mkdir(in_folder("keyward-d"), 0700), 0);
	assert_false(measure(digest));
	assert_int_equal(rmdir(in_folder("keyward-d")), 0);
	assert_int_equal(mkfifo(in_folder("keyward-f"), 0600), 0);
	assert_false(measure(digest));
}

static void nothing_to_measure_is_refused(void **state)
{
	(void)state;
	uint8_t digest[32];
	unlink(in_folder("conf"));
	assert_false(measure(digest));
	unlink(in_folder("keyward-a"));
	unlink(in_folder("keyward-b"));
	assert_false(measure(digest));
	assert_false(measure_appliance("/nowhere/at/all", "/etc/passwd", digest, &problem));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_FOLDER(the_measurement_is_what_its_header_says),
	    IN_FOLDER(every_change_changes_the_measurement),
	    IN_FOLDER(a_link_or_a_folder_in_the_place_of_a_program_is_refused),
	    IN_FOLDER(nothing_to_measure_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
