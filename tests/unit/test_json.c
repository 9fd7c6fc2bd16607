/* SPDX-License-Identifier: Apache-2.0
 * The strict reader of one JSON object, and the writer of strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ca/jose/json.h"

static uint8_t octets[65536];

static status parse(const char *text, struct json_read *out)
{
	struct buffer room = BUFFER(octets);
	return json_parse(bytes_from_text(text), &room, out);
}

static enum refusal refusal_of(const char *text)
{
	struct json_read read;
	return parse(text, &read).refusal;
}

static void each_kind_of_member_is_read(void **state)
{
	(void)state;
	struct json_read read;
	struct bytes text;
	uint64_t whole;
	assert_false(is_refused(parse(
		" {\"a\" : \"x\\u00e9\\ud83d\\ude00\\n\" ,\"n\":42,\"o\":{\"b\":[1,{}]},\"l\":[ ],\"t\":true}\r\n",
		&read)));
	assert_int_equal(read.count, 5);
	assert_false(is_refused(json_text(&read, "a", &text)));
	assert_true(bytes_equal_text(text, "x\xc3\xa9\xf0\x9f\x98\x80\n"));
	assert_false(is_refused(json_whole(&read, "n", &whole)));
	assert_int_equal(whole, 42);
	assert_true(bytes_equal_text(json_find(&read, "o")->value, "{\"b\":[1,{}]}"));
	assert_int_equal(json_find(&read, "o")->kind, json_object);
	assert_true(bytes_equal_text(json_find(&read, "l")->value, "[ ]"));
	assert_int_equal(json_find(&read, "l")->kind, json_array);
	assert_int_equal(json_find(&read, "t")->kind, json_literal);
	assert_null(json_find(&read, "absent"));
	assert_false(is_refused(parse("{}", &read)));
	assert_int_equal(read.count, 0);
}

static void what_is_not_one_strict_object_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		" ",
		"[]",
		"\"a\"",
		"1",
		"null",
		"{",
		"}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,\"a\":1}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":.5}",
		"{\"a\":1.}",
		"{\"a\":1e}",
		"{\"a\":-}",
		"{\"a\":NaN}",
		"{\"a\":Infinity}",
		"{\"a\":tru}",
		"{\"a\":True}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"b}",
		"{\"a\":[1,]}",
		"{\"a\":[1}}",
		"{\"a\":{\"b\"}}",
		"{\"a\":{1:2}}",
		"{\"a\":[,]}",
		"{\"a\":1}/**/",
		"\xef\xbb\xbf{}",
		"{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xff\"}",
		"{\"\\u0061\":1}",
		"{\"a\":0x10}",
		"{\"a\":{\"b\":1,}}",
		"{\"a\":1}{\"b\":2}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(refusal_of(bad[i]), refusal_json_malformed);
}

static void case_8_a_member_that_occurs_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refusal_of("{\"status\":\"valid\",\"status\":\"deactivated\"}"), refusal_json_duplicate);
	assert_int_equal(refusal_of("{\"a\":1,\"b\":2,\"a\":1}"), refusal_json_duplicate);
	assert_int_equal(refusal_of("{\"a\":1,\"\\u0061\":1}"), refusal_json_malformed);
}

static void case_8_nul_and_lone_surrogates_are_refused(void **state)
{
	(void)state;
	assert_int_equal(refusal_of("{\"a\":\"\\u0000\"}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":\"\\ud800\"}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":\"\\ud800x\"}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":\"\\udc00\\ud800\"}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":\"\\ud800\\u0041\"}"), refusal_json_malformed);
	struct buffer room = BUFFER(octets);
	struct json_read read;
	assert_true(is_refused(json_parse(bytes_from("{\"a\":\"\0\"}", 9), &room, &read)));
	assert_true(is_refused(json_parse(bytes_from("{}\0", 3), &room, &read)));
}

static void case_8_depth_of_ten_thousand_is_refused_without_recursion(void **state)
{
	(void)state;
	static const char *const openings[] = {"[", "{\"a\":"}, *const closings[] = {"]", "}"};
	static char text[70000];
	for (size_t kind = 0; kind < 2; kind++) {
		size_t at = (size_t)snprintf(text, sizeof text, "{\"a\":");
		for (int i = 0; i < 10000; i++)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s", openings[kind]);
		at += (size_t)snprintf(text + at, sizeof text - at, "1");
		for (int i = 0; i < 10000; i++)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s", closings[kind]);
		(void)snprintf(text + at, sizeof text - at, "}");
		assert_int_equal(refusal_of(text), refusal_json_malformed);
	}
	assert_int_equal(refusal_of("{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"), refusal_none);
	assert_int_equal(refusal_of("{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}"), refusal_json_malformed);
}

static void case_8_a_number_beyond_a_double_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refusal_of("{\"a\":1e999}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":[-1e999]}"), refusal_json_malformed);
	assert_int_equal(refusal_of("{\"a\":1e308}"), refusal_none);
}

static void case_8_bytes_behind_the_object_are_refused(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char text[] = {'{', '"', 'a', '"', ':', '1', '}', (char)byte, 0};
		const bool is_space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
		assert_int_equal(refusal_of(text), is_space ? refusal_none : refusal_json_malformed);
	}
}

static void an_object_cut_anywhere_is_refused(void **state)
{
	(void)state;
	const char good[] = "{\"a\":\"x\\u00e9\",\"n\":12,\"o\":{\"b\":[1,true,\"s\"]},\"z\":null}";
	assert_int_equal(refusal_of(good), refusal_none);
	for (size_t size = 0; size < sizeof good - 1; size++) {
		struct buffer room = BUFFER(octets);
		struct json_read read = {.count = 77};
		assert_true(is_refused(json_parse(bytes_from(good, size), &room, &read)));
		assert_int_equal(room.size, 0);
		assert_int_equal(read.count, 77);
	}
}

static void too_many_members_and_too_little_room_are_refused(void **state)
{
	(void)state;
	char text[1024] = "{";
	for (int i = 0; i < json_most_members; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"m%d\":%d", i == 0 ? "" : ",", i,
			       i);
	const size_t size = strlen(text);
	memcpy(text + size, "}", 2);
	assert_int_equal(refusal_of(text), refusal_none);
	memcpy(text + size, ",\"x\":1}", 8);
	assert_int_equal(refusal_of(text), refusal_json_malformed);
	uint8_t little[2];
	struct buffer room = BUFFER(little);
	struct json_read read;
	assert_true(is_refused(json_parse(bytes_from_text("{\"a\":\"\\n\\n\\n\"}"), &room, &read)));
	assert_int_equal(room.size, 0);
}

static void a_whole_number_is_exact_and_at_most_2_to_the_53(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_whole;
	} numbers[] = {{"{\"n\":0}", true},
		       {"{\"n\":9007199254740992}", true},
		       {"{\"n\":9007199254740993}", false},
		       {"{\"n\":-1}", false},
		       {"{\"n\":1.0}", false},
		       {"{\"n\":1e3}", false},
		       {"{\"n\":-0}", false},
		       {"{\"n\":\"1\"}", false},
		       {"{\"n\":99999999999999999999}", false},
		       {"{\"m\":1}", false},
		       {"{\"n\":true}", false}};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct json_read read;
		uint64_t whole;
		assert_false(is_refused(parse(numbers[i].text, &read)));
		assert_int_equal(!is_refused(json_whole(&read, "n", &whole)), numbers[i].is_whole);
	}
}

static void a_quoted_string_reads_back_as_it_was(void **state)
{
	(void)state;
	const char text[] = "a\"b\\c\n\t\x01\x1b\x7f/\xc3\xa9\xf0\x9f\x98\x80";
	uint8_t written[256];
	struct buffer out = BUFFER(written);
	struct json_read read;
	struct bytes back;
	assert_true(buffer_add(&out, "{\"t\":", 5) && json_quote(bytes_from_text(text), &out) &&
		    buffer_add(&out, "}", 1));
	struct buffer room = BUFFER(octets);
	assert_false(is_refused(json_parse(buffer_view(&out), &room, &read)));
	assert_false(is_refused(json_text(&read, "t", &back)));
	assert_true(bytes_equal_text(back, text));
	out.size = 0;
	out.room = 5;
	assert_false(json_quote(bytes_from_text("abcd"), &out));
	assert_false(json_quote(bytes_from_text("\xff"), &out));
	assert_int_equal(out.size, 0);
}

static void an_object_of_any_length_is_read_member_by_member(void **state)
{
	(void)state;
	char text[4096] = "{\"list\":{";
	uint8_t room_octets[4096];
	struct buffer room = BUFFER(room_octets);
	struct json_read read;
	struct json_member member;
	for (unsigned i = 0; i < 100; i++)
		sprintf(text + strlen(text), "%s\"m%u\" : {\"a\":[%u, \"]}\"]}", i == 0 ? " " : " , ", i, i);
	strcat(text, " } }");
	assert_false(is_refused(json_parse(bytes_from_text(text), &room, &read)));
	struct bytes rest = json_find(&read, "list")->value;
	for (unsigned i = 0; i < 100; i++) {
		char name[8], value[32];
		sprintf(name, "m%u", i);
		sprintf(value, "{\"a\":[%u, \"]}\"]}", i);
		assert_false(is_refused(json_next(&rest, &member)));
		assert_true(bytes_equal_text(member.name, name) && bytes_equal_text(member.value, value));
		assert_int_equal(member.kind, json_object);
	}
	assert_false(is_refused(json_next(&rest, &member)));
	assert_int_equal(member.kind, json_absent);
	rest = bytes_from_text("{}");
	assert_false(is_refused(json_next(&rest, &member)));
	assert_int_equal(member.kind, json_absent);
	rest = bytes_from_text("{\"a\":\"\\n\"}");
	assert_int_equal(json_next(&rest, &member).refusal, refusal_json_malformed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_member_is_read),
		cmocka_unit_test(what_is_not_one_strict_object_is_refused),
		cmocka_unit_test(case_8_a_member_that_occurs_twice_is_refused),
		cmocka_unit_test(case_8_nul_and_lone_surrogates_are_refused),
		cmocka_unit_test(case_8_depth_of_ten_thousand_is_refused_without_recursion),
		cmocka_unit_test(case_8_a_number_beyond_a_double_is_refused),
		cmocka_unit_test(case_8_bytes_behind_the_object_are_refused),
		cmocka_unit_test(an_object_cut_anywhere_is_refused),
		cmocka_unit_test(too_many_members_and_too_little_room_are_refused),
		cmocka_unit_test(a_whole_number_is_exact_and_at_most_2_to_the_53),
		cmocka_unit_test(a_quoted_string_reads_back_as_it_was),
		cmocka_unit_test(an_object_of_any_length_is_read_member_by_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
