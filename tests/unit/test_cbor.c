/* SPDX-License-Identifier: Apache-2.0
 * The reader of CBOR: what it takes is one item of definite lengths within its limits, and nothing is reserved for a claim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "attest/verifier/cbor.h"
#include "tests/device/statement.h"

static enum refusal parse(struct bytes in)
{
	struct cbor cbor;
	return cbor_parse(in, &cbor).refusal;
}

#define PARSE(...) parse(BYTES_OF(((const uint8_t[]){__VA_ARGS__})))

static void each_kind_that_is_taken_is_read(void **state)
{
	(void)state;
	struct cbor cbor;
	const uint8_t text[] = {0x87, 0x18, 0x64, 0x39, 0x01, 0x00, 0x42, 1,    2,    0x63,
				'a',  'b',  'c',  0xf5, 0xf6, 0xa1, 0x61, 'k', 0x80};
	assert_int_equal(cbor_parse(BYTES_OF(text), &cbor).refusal, refusal_none);
	assert_int_equal(cbor.count, 10);
	assert_int_equal(cbor.items[0].kind, cbor_array);
	assert_int_equal(cbor.items[0].count, 7);
	assert_int_equal(cbor.items[0].next, 10);
	assert_int_equal(cbor.items[1].kind, cbor_unsigned);
	assert_int_equal(cbor.items[1].number, 100);
	assert_int_equal(cbor.items[2].kind, cbor_negative);
	assert_int_equal(cbor.items[2].number, 256);
	assert_int_equal(cbor.items[3].octets.size, 2);
	assert_true(bytes_equal_text(cbor.items[4].octets, "abc"));
	assert_int_equal(cbor.items[5].kind, cbor_simple);
	assert_int_equal(cbor.items[7].kind, cbor_map);
	assert_int_equal(cbor.items[7].next, 10);
}

static void members_are_found_by_their_whole_key(void **state)
{
	(void)state;
	struct cbor cbor;
	const uint8_t text[] = {0xa3, 0x62, 'a', 'b', 0xa1, 0x61, 'x', 1, 0x61, 'a', 2, 0x63, 'f', 'm', 't', 3};
	assert_int_equal(cbor_parse(BYTES_OF(text), &cbor).refusal, refusal_none);
	assert_int_equal(cbor.items[cbor_member(&cbor, 0, "a")].number, 2);
	assert_int_equal(cbor.items[cbor_member(&cbor, 0, "fmt")].number, 3);
	const size_t inner = cbor_member(&cbor, 0, "ab");
	assert_int_equal(cbor.items[cbor_member(&cbor, inner, "x")].number, 1);
	assert_int_equal(cbor_member(&cbor, 0, "x"), 0);
	assert_int_equal(cbor_member(&cbor, 0, "FMT"), 0);
	assert_int_equal(cbor_member(&cbor, 1, "a"), 0);
	assert_int_equal(cbor_member(&cbor, 99, "a"), 0);
}

static void case_26_what_is_not_definite_is_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0x5f, 0x41, 1, 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x7f, 0x61, 'a', 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x9f, 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xbf, 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x81, 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xff), refusal_cbor_malformed);
}

static void case_26_tags_floats_and_undefined_are_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0xd9, 0xd9, 0xf7, 0xa0), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xf9, 0x3c, 0x00), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xfa, 0, 0, 0, 0), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xfb, 0, 0, 0, 0, 0, 0, 0, 0), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xf7), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xf8, 0xff), refusal_cbor_malformed);
	assert_int_equal(PARSE(0xe0), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x1c), refusal_cbor_malformed);
}

static void case_26_lengths_beyond_the_input_are_refused(void **state)
{
	(void)state;
	static const uint8_t majors[] = {2, 3, 4, 5};
	static const uint64_t claims[] = {1, 23, 255, 65535, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};
	for (size_t i = 0; i < sizeof majors; i++)
		for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
			struct device_octets octets = {0};
			device_cbor_head(&octets, majors[i], claims[k]);
			assert_int_equal(parse(device_view(&octets)), refusal_cbor_malformed);
		}
}

static void case_26_nesting_is_bounded(void **state)
{
	(void)state;
	uint8_t nested[10001];
	for (size_t depth = 1; depth < sizeof nested; depth = depth < 8 ? depth + 1 : depth * 3) {
		memset(nested, 0x81, depth);
		nested[depth] = 0;
		assert_int_equal(parse(bytes_from(nested, depth + 1)),
				 depth <= cbor_deepest ? refusal_none : refusal_cbor_malformed);
	}
}

static void the_number_of_items_is_bounded(void **state)
{
	(void)state;
	for (size_t count = cbor_most_items - 2; count < cbor_most_items + 3; count++) {
		struct device_octets octets = {0};
		device_cbor_head(&octets, 4, count);
		for (size_t i = 0; i < count; i++)
			device_cbor_integer(&octets, (int64_t)i);
		assert_int_equal(parse(device_view(&octets)),
				 count + 1 <= cbor_most_items ? refusal_none : refusal_cbor_malformed);
	}
}

static void case_26_a_key_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0xa2, 0x61, 'a', 1, 0x61, 'a', 2), refusal_cbor_duplicate);
	assert_int_equal(PARSE(0xa2, 0x61, 'a', 1, 0x78, 1, 'a', 2), refusal_cbor_duplicate);
	assert_int_equal(PARSE(0xa2, 1, 1, 1, 2), refusal_cbor_duplicate);
	assert_int_equal(PARSE(0xa3, 0x61, 'a', 0x82, 1, 2, 0x61, 'b', 0, 0x61, 'a', 0), refusal_cbor_duplicate);
	assert_int_equal(PARSE(0x81, 0xa2, 0x60, 0, 0x60, 0), refusal_cbor_duplicate);
	assert_int_equal(PARSE(0xa2, 0x61, 'a', 1, 0x41, 'a', 2), refusal_none);
	assert_int_equal(PARSE(0xa1, 0x80, 1), refusal_cbor_malformed); /* a list as a key */
}

static void case_26_text_that_is_not_utf8_or_holds_a_nul_is_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0x61, 0x80), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x62, 0xc0, 0xaf), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x63, 0xed, 0xa0, 0x80), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x64, 't', 'p', 'm', 0), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x62, 0xc3, 0xa9), refusal_none);
}

static void case_26_trailing_octets_are_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(0xa0, 0x00), refusal_cbor_malformed);
	assert_int_equal(PARSE(0x00, 0x00), refusal_cbor_malformed);
	assert_int_equal(parse(bytes_from("", 0)), refusal_cbor_malformed);
	assert_int_equal(parse(bytes_from(NULL, 0)), refusal_cbor_malformed);
}

static void an_item_cut_anywhere_is_refused(void **state)
{
	(void)state;
	const uint8_t text[] = {0xa2, 0x63, 'f', 'm', 't', 0x63, 't', 'p', 'm', 0x61, 'x', 0x82, 0x42, 1, 2, 0x39, 1, 0};
	assert_int_equal(parse(BYTES_OF(text)), refusal_none);
	for (size_t size = 0; size < sizeof text; size++)
		assert_int_equal(parse(bytes_from(text, size)), refusal_cbor_malformed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_that_is_taken_is_read),
		cmocka_unit_test(members_are_found_by_their_whole_key),
		cmocka_unit_test(case_26_what_is_not_definite_is_refused),
		cmocka_unit_test(case_26_tags_floats_and_undefined_are_refused),
		cmocka_unit_test(case_26_lengths_beyond_the_input_are_refused),
		cmocka_unit_test(case_26_nesting_is_bounded),
		cmocka_unit_test(the_number_of_items_is_bounded),
		cmocka_unit_test(case_26_a_key_twice_is_refused),
		cmocka_unit_test(case_26_text_that_is_not_utf8_or_holds_a_nul_is_refused),
		cmocka_unit_test(case_26_trailing_octets_are_refused),
		cmocka_unit_test(an_item_cut_anywhere_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
