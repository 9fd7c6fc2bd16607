/* SPDX-License-Identifier: Apache-2.0
 * The name of a certificate in RFC 9773: one text for each certificate. And the window that is suggested for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ca/registrar/renewal.h"
#include "ca/registrar/renewal_id.h"

/* RFC 9773 4.1 */
static const char vector[] = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

static status parse(const char *text, struct renewal_id *out)
{
	return renewal_id_parse(bytes_from_text(text), out);
}

static void is_malformed(const char *text)
{
	struct renewal_id id = {.key_id_size = 99};
	const status parsed = parse(text, &id);
	if (parsed.refusal != refusal_renewal_id_malformed)
		fail_msg("\"%s\" is taken", text);
	assert_int_equal(id.key_id_size, 99);
}

static void the_vector_of_the_standard_is_read(void **state)
{
	static const uint8_t key_id[] = {0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3,
					 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4};
	static const uint8_t serial[] = {0x00, 0x87, 0x65, 0x43, 0x21};
	struct renewal_id id;
	(void)state;
	assert_false(is_refused(parse(vector, &id)));
	assert_int_equal(id.key_id_size, sizeof key_id);
	assert_memory_equal(id.key_id, key_id, sizeof key_id);
	assert_int_equal(id.serial_size, sizeof serial);
	assert_memory_equal(id.serial, serial, sizeof serial);
}

static void a_text_without_exactly_one_dot_between_two_values_is_refused(void **state)
{
	(void)state;
	is_malformed("");
	is_malformed(".");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.");
	is_malformed(".AIdlQyE");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ..AIdlQyE");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE.");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdl.QyE");
}

static void a_second_spelling_of_a_value_is_refused(void **state)
{
	(void)state;
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE"); /* padding */
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE=");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNR.AIdlQyE"); /* stray bits */
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyF");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByN+.AIdlQyE"); /* base64 */
	is_malformed(" aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\n");
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AABlQyE"); /* an octet too many: 00 00 65 .. */
}

static void a_serial_number_that_no_certificate_has_is_refused(void **state)
{
	(void)state;
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AA"); /* zero */
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AAE"); /* 00 01 */
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ"); /* negative */
	is_malformed("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQEBAQEBAQEBAQEBAQEBAQEBAQEB"); /* 21 octets */
}

/* Some of these are names, of other certificates; none is out of bounds, and none is the whole one's twin. */
static void a_name_cut_anywhere_is_another_or_none(void **state)
{
	struct renewal_id whole, cut;
	(void)state;
	assert_false(is_refused(parse(vector, &whole)));
	for (size_t size = 0; size < sizeof vector - 1; size++) {
		const status parsed = renewal_id_parse(bytes_from(vector, size), &cut);
		if (size <= 28 && !is_refused(parsed))
			fail_msg("%zu characters are taken", size);
		if (!is_refused(parsed))
			assert_true(cut.serial_size < whole.serial_size);
	}
}

static void a_key_identifier_longer_than_any_is_refused(void **state)
{
	char text[100];
	struct renewal_id id;
	(void)state;
	memset(text, 'A', sizeof text);
	snprintf(text + 43, sizeof text - 43, ".AQ"); /* 32 octets */
	assert_false(is_refused(parse(text, &id)));
	memset(text, 'A', 44);
	snprintf(text + 44, sizeof text - 44, ".AQ");
	is_malformed(text);
}

static void the_window_is_within_the_last_third_and_never_empty(void **state)
{
	(void)state;
	const struct renewal_window day = renewal_suggest(1000000, 1000000 + 86400, 0);
	assert_int_equal(day.start_s, 1000000 + 57600);
	assert_int_equal(day.end_s, 1000000 + 72000);
	assert_int_equal(day.retry_after_s, 3600);
	const uint64_t lives[] = {0, 1, 2, 5, 6, 7, 300, 3600, 604800, 31536000};
	for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
		const struct renewal_window window = renewal_suggest(1000000, 1000000 + lives[i], 0);
		assert_true(window.start_s >= 1000000);
		assert_true(window.end_s > window.start_s);
		assert_true(lives[i] < 6 || window.end_s < 1000000 + lives[i]);
		assert_true(window.retry_after_s >= 60 && window.retry_after_s <= 21600);
	}
	/* a certificate that ends before it begins was never given, and does no harm */
	assert_true(renewal_suggest(1000, 10, 0).end_s > 1000);
}

static void a_revoked_certificates_window_is_before_its_revocation(void **state)
{
	(void)state;
	const struct renewal_window window = renewal_suggest(1000000, 1086400, 1000500);
	assert_true(window.end_s < 1000500);
	assert_true(window.end_s > window.start_s);
	assert_int_equal(renewal_suggest(0, 10, 5).start_s, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vector_of_the_standard_is_read),
	    cmocka_unit_test(a_text_without_exactly_one_dot_between_two_values_is_refused),
	    cmocka_unit_test(a_second_spelling_of_a_value_is_refused),
	    cmocka_unit_test(a_serial_number_that_no_certificate_has_is_refused),
	    cmocka_unit_test(a_name_cut_anywhere_is_another_or_none),
	    cmocka_unit_test(a_key_identifier_longer_than_any_is_refused),
	    cmocka_unit_test(the_window_is_within_the_last_third_and_never_empty),
	    cmocka_unit_test(a_revoked_certificates_window_is_before_its_revocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
