/* SPDX-License-Identifier: Apache-2.0
 * base64url without padding: the vectors of RFC 4648, and one text for each string of octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ca/jose/base64url.h"

static bool is_decoded(const char *text, struct buffer *out)
{
	status s = base64url_decode(bytes_from_text(text), out);
	assert_true(s.refusal == refusal_none || s.refusal == refusal_base64url_malformed);
	return !is_refused(s);
}

static void the_vectors_of_rfc_4648_decode_and_encode(void **state)
{
	(void)state;
	static const struct {
		const char *plain, *text;
	} vectors[] = {{"", ""},	   {"f", "Zg"},		 {"fo", "Zm8"},		{"foo", "Zm9v"},
		       {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		uint8_t octets[16], characters[16];
		struct buffer plain = BUFFER(octets), text = BUFFER(characters);
		assert_true(is_decoded(vectors[i].text, &plain));
		assert_true(bytes_equal_text(buffer_view(&plain), vectors[i].plain));
		assert_true(base64url_encode(bytes_from_text(vectors[i].plain), &text));
		assert_true(bytes_equal_text(buffer_view(&text), vectors[i].text));
	}
}

static void the_two_characters_of_the_url_alphabet_are_used(void **state)
{
	(void)state;
	uint8_t octets[4], characters[8];
	struct buffer plain = BUFFER(octets), text = BUFFER(characters);
	assert_true(base64url_encode(bytes_from("\xfb\xff\xfe", 3), &text));
	assert_true(bytes_equal_text(buffer_view(&text), "-__-"));
	assert_true(is_decoded("-__-", &plain));
	assert_true(bytes_equal(buffer_view(&plain), bytes_from("\xfb\xff\xfe", 3)));
}

static void anything_but_base64url_is_refused_and_nothing_written(void **state)
{
	(void)state;
	static const char *const bad[] = {"Z",	"Zg==", "Zg=",	 "Zm8=", "Zm9v\n", " Zm9v",    "Zm 9v", "Zm+v", "Zm/v",
					  "Zh", "Zm9",	"Zm9vZ", "Zm.v", "Zm9vYh", "\xc3\xa9", "Zm9v=", "Z===", "@@@@"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint8_t octets[16] = {0};
		struct buffer out = BUFFER(octets);
		out.size = 2;
		assert_false(is_decoded(bad[i], &out));
		assert_int_equal(out.size, 2);
	}
}

static void whatever_two_characters_decode_encodes_to_them_again(void **state)
{
	(void)state;
	for (unsigned code = 0; code < 1U << 16; code++) {
		const char text[3] = {(char)(code >> 8), (char)code, 0};
		uint8_t octets[4], again[4];
		struct buffer out = BUFFER(octets), back = BUFFER(again);
		if (is_refused(base64url_decode(bytes_from(text, 2), &out)))
			continue;
		assert_true(base64url_encode(buffer_view(&out), &back));
		assert_true(bytes_equal(buffer_view(&back), bytes_from(text, 2)));
	}
}

static void too_little_room_is_refused_either_way(void **state)
{
	(void)state;
	uint8_t octets[2], characters[3];
	struct buffer out = BUFFER(octets), text = BUFFER(characters);
	assert_false(is_decoded("Zm9v", &out));
	assert_false(base64url_encode(bytes_from_text("foo"), &text));
	assert_int_equal(text.size, 0);
}

static void what_can_be_base64url_is_known_by_its_characters_and_length(void **state)
{
	(void)state;
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (int one = 1; one < 256; one++) {
		const uint8_t text[3] = {'A', 'A', (uint8_t)one};
		assert_int_equal(base64url_is(BYTES_OF(text)), strchr(letters, one) != NULL);
	}
	for (size_t size = 0; size < 10; size++)
		assert_int_equal(base64url_is(bytes_from(letters, size)), size % 4 != 1);
	assert_false(base64url_is(bytes_from("\0\0", 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4648_decode_and_encode),
		cmocka_unit_test(the_two_characters_of_the_url_alphabet_are_used),
		cmocka_unit_test(anything_but_base64url_is_refused_and_nothing_written),
		cmocka_unit_test(whatever_two_characters_decode_encodes_to_them_again),
		cmocka_unit_test(what_can_be_base64url_is_known_by_its_characters_and_length),
		cmocka_unit_test(too_little_room_is_refused_either_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
