/* SPDX-License-Identifier: Apache-2.0
 * Lines of the log: whatever the text, one line comes out, and nothing in it moves a cursor or reorders what is
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "firmware/boundary/wire.h"
#include "firmware/logger/line.h"

static const struct timespec when = {.tv_sec = 1769860800, .tv_nsec = 123456789};
static uint8_t room[line_room + 1];

static const char *built(unsigned level, struct bytes text)
{
	struct buffer line = {.data = room, .room = line_room};
	line_build(when, level, "signer", text, &line);
	assert_true(line.size > 0 && line.size <= line_room);
	room[line.size] = 0;
	return (const char *)room;
}

static void a_line_is_time_level_process_and_text(void **state)
{
	(void)state;
	assert_string_equal(built(4, bytes_from_text("the disk is nearly full")),
			    "2026-01-31T12:00:00.123Z warning signer: the disk is nearly full\n");
	assert_string_equal(built(6, bytes_from("", 0)), "2026-01-31T12:00:00.123Z info signer: \n");
	assert_string_equal(built(200, bytes_from_text("x")), "2026-01-31T12:00:00.123Z unknown signer: x\n");
}

static void printable_text_of_any_script_stays(void **state)
{
	(void)state;
	assert_non_null(strstr(built(6, bytes_from_text("Gerät № 7, 設備 ~")), ": Gerät № 7, 設備 ~\n"));
}

static void nothing_that_moves_a_cursor_gets_through(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"\x1b[2J", "\\x1b[2J"},	   {"a\nb\r", "a\\x0ab\\x0d"},	     {"\t\b\a\x7f", "\\x09\\x08\\x07\\x7f"},
		{"\xc2\x9b""1m", "\\xc2\\x9b1m"}, {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},
		{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"}, {"\xff\xfe", "\\xff\\xfe"},	     {"\xc0\x9b", "\\xc0\\x9b"},
		{"\xe2\x80", "\\xe2\\x80"},	   {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char expected[128];
		snprintf(expected, sizeof expected, "2026-01-31T12:00:00.123Z info signer: %s\n", cases[i].shown);
		assert_string_equal(built(6, bytes_from_text(cases[i].text)), expected);
	}
	assert_non_null(strstr(built(6, bytes_from("a\0b", 3)), ": a\\x00b\n"));
}

static void an_escape_cannot_be_feigned(void **state)
{
	(void)state;
	assert_non_null(strstr(built(6, bytes_from_text("\\x1b")), ": \\x5cx1b\n"));
}

static void a_text_of_the_longest_kind_fits_escaped(void **state)
{
	(void)state;
	uint8_t text[1024];
	memset(text, 0x1b, sizeof text);
	const char *line = built(6, BYTES_OF(text));
	assert_int_equal(strlen(line), strlen("2026-01-31T12:00:00.123Z info signer: \n") + 4 * sizeof text);
}

static void any_octets_at_all_make_one_line_of_well_formed_text(void **state)
{
	(void)state;
	srand(7);
	for (int i = 0; i < 5000; i++) {
		uint8_t text[64];
		const size_t size = (size_t)rand() % sizeof text;
		for (size_t k = 0; k < size; k++)
			text[k] = (uint8_t)rand();
		const char *line = built(6, bytes_from(text, size));
		assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
		assert_true(wire_is_text(bytes_from_text(line)));
		for (const char *c = line; c[1] != 0; c++)
			assert_true((uint8_t)*c >= 0x20 && *c != 0x7f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_time_level_process_and_text),
		cmocka_unit_test(printable_text_of_any_script_stays),
		cmocka_unit_test(nothing_that_moves_a_cursor_gets_through),
		cmocka_unit_test(an_escape_cannot_be_feigned),
		cmocka_unit_test(a_text_of_the_longest_kind_fits_escaped),
		cmocka_unit_test(any_octets_at_all_make_one_line_of_well_formed_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
