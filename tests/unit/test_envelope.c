/* SPDX-License-Identifier: Apache-2.0
 * Envelopes: who satisfies them, what they allow, what they write into a subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pkcs11/signer/envelope.h"

static struct message_envelope envelope(void)
{
	return (struct message_envelope){.name = bytes_from_text("device"),
					 .directories = bytes_from_text("devices"),
					 .format = bytes_from_text("tpm"),
					 .assurance = 2,
					 .longest_validity_s = 86400,
					 .may_hold_ec = 1};
}

static struct message_device_voucher voucher(void)
{
	return (struct message_device_voucher){
		.directory = bytes_from_text("devices"), .format = bytes_from_text("tpm"), .assurance = 2};
}

static enum refusal judge(const struct message_envelope *e, const struct message_device_voucher *v, enum spki_kind kind,
			  uint32_t validity_s, uint32_t *granted_s)
{
	const struct spki key = {.kind = kind, .bits = 256};
	struct vouchers vouchers = {.request = {.directory = v->directory}, .device = *v, .has_device = true};
	return envelope_judge(e, &vouchers, &key, validity_s, granted_s).refusal;
}

static void an_envelope_is_found_by_its_exact_name(void **state)
{
	const struct message_envelope list[] = {envelope()};
	const struct message_envelope *found = NULL;
	(void)state;
	assert_false(is_refused(envelope_find(list, 1, bytes_from_text("device"), &found)));
	assert_ptr_equal(found, &list[0]);
	assert_int_equal(envelope_find(list, 1, bytes_from_text("Device"), &found).refusal, refusal_envelope_unknown);
	assert_int_equal(envelope_find(list, 1, bytes_from_text("devic"), &found).refusal, refusal_envelope_unknown);
	assert_int_equal(envelope_find(list, 0, bytes_from_text("device"), &found).refusal, refusal_envelope_unknown);
}

static void case_29_another_directory_format_or_less_assurance_does_not_satisfy(void **state)
{
	const struct message_envelope e = envelope();
	struct message_device_voucher v = voucher();
	uint32_t granted = 0;
	(void)state;
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_none);
	v.assurance = 3;
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_none);
	v.assurance = 1;
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_envelope_unsatisfied);
	v = voucher();
	v.format = bytes_from_text("apple");
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_envelope_unsatisfied);
	v = voucher();
	v.directory = bytes_from_text("devices2");
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_envelope_unsatisfied);
}

static void each_of_several_formats_satisfies_and_no_part_of_one(void **state)
{
	struct message_envelope e = envelope();
	struct message_device_voucher v = voucher();
	uint32_t granted = 0;
	static const char *const none[] = {"", " ", "tp", "app", "pple", "tpm apple", "packed", "apple "};
	(void)state;
	e.format = bytes_from_text("tpm apple");
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_none);
	v.format = bytes_from_text("apple");
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_none);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		v.format = bytes_from_text(none[i]);
		assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_envelope_unsatisfied);
	}
	e.format = bytes_from_text("");
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_envelope_unsatisfied);
}

static void a_validity_or_a_key_beyond_the_envelope_is_refused(void **state)
{
	struct message_envelope e = envelope();
	const struct message_device_voucher v = voucher();
	uint32_t granted = 7;
	(void)state;
	assert_int_equal(judge(&e, &v, spki_ec, 86401, &granted), refusal_envelope_exceeded);
	assert_int_equal(judge(&e, &v, spki_ec, UINT32_MAX, &granted), refusal_envelope_exceeded);
	assert_int_equal(judge(&e, &v, spki_rsa, 1, &granted), refusal_envelope_exceeded);
	assert_int_equal(granted, 7);
	assert_int_equal(judge(&e, &v, spki_ec, 0, &granted), refusal_none);
	assert_int_equal(granted, 86400);
	assert_int_equal(judge(&e, &v, spki_ec, 60, &granted), refusal_none);
	assert_int_equal(granted, 60);
	e.may_hold_ec = 0;
	e.may_hold_rsa = 1;
	assert_int_equal(judge(&e, &v, spki_ec, 60, &granted), refusal_envelope_exceeded);
	assert_int_equal(judge(&e, &v, spki_rsa, 60, &granted), refusal_none);
}

static void expect_name(const char *template, const char *identifier, const char *wanted)
{
	uint8_t room[512];
	struct buffer out = BUFFER(room);
	const struct vouchers vouchers = {.has_device = true,
					  .count = 1,
					  .identifiers = {{bytes_from_text("permanent-identifier"), bytes_from_text(identifier)}}};
	const status done = envelope_render(bytes_from_text(template), &vouchers, &out);
	if (wanted == NULL) {
		assert_int_equal(done.refusal, refusal_envelope_exceeded);
		assert_int_equal(out.size, 0);
		return;
	}
	assert_false(is_refused(done));
	assert_true(bytes_equal_text(buffer_view(&out), wanted));
}

static void a_subject_is_its_template_with_the_identifier(void **state)
{
	(void)state;
	expect_name("{identifier}", "abc", "abc");
	expect_name("unit {identifier}/{identifier}", "7", "unit 7/7");
	expect_name("", "abc", "");
	expect_name("fixed", "abc", "fixed");
	/* what stands in the identifier is no template */
	expect_name("{identifier}", "{identifier}", "{identifier}");
	expect_name("{identifier}", "ger\xc3\xa4t", "ger\xc3\xa4t");
}

static void a_subject_that_is_too_long_or_has_control_characters_is_refused(void **state)
{
	char long_one[80];
	(void)state;
	memset(long_one, 'a', sizeof long_one);
	long_one[64] = 0;
	expect_name("{identifier}", long_one, long_one);
	expect_name("x{identifier}", long_one, NULL);
	expect_name("{identifier}", "a\nb", NULL);
	expect_name("{identifier}", "a\x7f", NULL);
	expect_name("{identifier}", "a\xc2\x85", NULL);
}

static void a_template_with_an_unknown_field_is_none(void **state)
{
	(void)state;
	assert_true(envelope_is_template(bytes_from_text("a {identifier} b")));
	assert_true(envelope_is_template(bytes_from_text("")));
	assert_false(envelope_is_template(bytes_from_text("{serial}")));
	assert_false(envelope_is_template(bytes_from_text("{identifier")));
	assert_false(envelope_is_template(bytes_from_text("a}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_envelope_is_found_by_its_exact_name),
		cmocka_unit_test(case_29_another_directory_format_or_less_assurance_does_not_satisfy),
		cmocka_unit_test(each_of_several_formats_satisfies_and_no_part_of_one),
		cmocka_unit_test(a_validity_or_a_key_beyond_the_envelope_is_refused),
		cmocka_unit_test(a_subject_is_its_template_with_the_identifier),
		cmocka_unit_test(a_subject_that_is_too_long_or_has_control_characters_is_refused),
		cmocka_unit_test(a_template_with_an_unknown_field_is_none),
	};
	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
