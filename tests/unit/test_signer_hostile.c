/* SPDX-License-Identifier: Apache-2.0
 * Hostile neighbours against a whole signer: each request is refused by name, nothing is signed, and the ledger is as
 * it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "firmware/boundary/voucher.h"
#include "tests/device/identifier.h"
#include "tests/signer/stage.h"

static void case_83_a_request_without_vouchers_is_refused(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	stage.order.issue.device_voucher.size = 0;
	stage_expect_nothing(refusal_voucher_missing);
	counter_seal(&stage.counter, &stage.order);
	stage.order.issue.request_voucher.size = 0;
	stage_expect_nothing(refusal_voucher_forged);
	counter_seal(&stage.counter, &stage.order);
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
}

static void case_83_a_voucher_with_any_changed_bit_or_cut_is_refused(void **state)
{
	struct message_issued issued;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	for (size_t at = 0; at < stage.order.issue.device_voucher.size; at++) {
		stage.order.device_room[at] ^= (uint8_t)(1 << at % 8);
		stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_voucher_forged);
		stage.order.device_room[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t at = 0; at < stage.order.issue.request_voucher.size; at++) {
		stage.order.asked_room[at] ^= (uint8_t)(1 << at % 8);
		stage_expect(counter_issue(&stage.counter, &stage.order, &issued), refusal_voucher_forged);
		stage.order.asked_room[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t size = 1; size < stage.order.issue.device_voucher.size; size++) {
		struct counter_order cut = stage.order;
		cut.issue.device_voucher = bytes_from(stage.order.device_room, size);
		stage_expect(counter_issue(&stage.counter, &cut, &issued), refusal_voucher_forged);
	}
	assert_int_equal(ledger_size(stage.counter.signer->ledger), 1);
	stage_must(counter_issue(&stage.counter, &stage.order, &issued));
}

static void case_83_a_voucher_of_another_kind_or_key_is_refused(void **state)
{
	struct buffer sealed = BUFFER(stage.order.device_room);
	struct counter_ak ak;
	(void)state;
	counter_seal(&stage.counter, &stage.order);
	const struct bytes swapped = stage.order.issue.device_voucher;
	stage.order.issue.device_voucher = stage.order.issue.request_voucher;
	stage.order.issue.request_voucher = swapped;
	stage_expect_nothing(refusal_voucher_forged);
	/* the key of requests under a device voucher: the prober or a request cannot vouch for a device */
	counter_seal(&stage.counter, &stage.order);
	sealed.size = 0;
	stage_must(
	    voucher_seal(message_device_voucher, &stage.order.device, stage.fixture.settings.request_key, &sealed));
	stage.order.issue.device_voucher = buffer_view(&sealed);
	stage_expect_nothing(refusal_voucher_forged);
	counter_seal(&stage.counter, &stage.order);
	counter_ak(&stage.counter, &ak, 1, stage.key);
	stage.order.issue.device_voucher = ak.request.voucher;
	stage_expect_nothing(refusal_voucher_forged);
	struct message_issued issued;
	counter_seal(&stage.counter, &stage.order);
	ak.request.voucher = stage.order.issue.device_voucher;
	stage_expect(counter_certify_ak(&stage.counter, &ak, &issued), refusal_voucher_forged);
}

static void case_83_an_expired_or_far_dated_voucher_is_refused(void **state)
{
	struct counter_ak ak;
	struct message_issued issued;
	struct buffer sealed = BUFFER(ak.room);
	(void)state;
	stage.order.device.expires_boot_s = clock_boot_s();
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_expired);
	stage.order.asked.expires_boot_s = 1;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_expired);
	stage.order.device.expires_boot_s = clock_boot_s() + 3700;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_expired);
	counter_ak(&stage.counter, &ak, 1, stage.key);
	ak.voucher.expires_boot_s = 1;
	stage_must(voucher_seal(message_ak_voucher, &ak.voucher, stage.fixture.settings.ak_key, &sealed));
	ak.request.voucher = buffer_view(&sealed);
	stage_expect(counter_certify_ak(&stage.counter, &ak, &issued), refusal_voucher_expired);
}

static void case_83_vouchers_that_do_not_belong_together_are_refused(void **state)
{
	(void)state;
	stage.order.device.order = bytes_from_text("order-2");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
	stage.order.asked.order = bytes_from_text("order-2");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
	stage.order.issue.order = bytes_from_text("order-2");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
	stage.order.asked.directory = bytes_from_text("others");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
	stage.order.asked.account_thumbprint[31] ^= 1;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
	stage.order.issue.order = stage.order.device.order = stage.order.asked.order = bytes_from_text("");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
}

static void case_63_a_key_other_than_the_attested_is_refused(void **state)
{
	struct counter_order theirs;
	(void)state;
	counter_order(&theirs, "order-1", stage.other);
	stage.order.asked.spki = theirs.asked.spki;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_voucher_mismatch);
}

static void a_key_that_is_none_is_refused(void **state)
{
	static const uint8_t junk[] = {0x30, 0x03, 0x02, 0x01, 0x05};
	struct message_tls_certified certified;
	(void)state;
	stage.order.asked.spki = BYTES_OF(junk);
	assert_int_equal(EVP_Digest(junk, sizeof junk, stage.order.device.spki_hash, NULL, EVP_sha256(), NULL), 1);
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_public_key_bad);
	EVP_PKEY *weak = EVP_RSA_gen(1024), *odd = EVP_EC_gen("secp256k1");
	counter_order(&stage.order, "order-1", weak);
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_public_key_bad);
	issue_listener_came(stage.counter.signer);
	stage_expect(counter_certify_tls(&stage.counter, odd, &certified), refusal_public_key_bad);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(odd);
}

static void case_83_an_envelope_is_not_left(void **state)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	(void)state;
	stage.order.issue.envelope = bytes_from_text("administrator");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_envelope_unknown);
	stage.order.device.assurance = 1;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_envelope_unsatisfied);
	stage.order.device.format = bytes_from_text("step");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_envelope_unsatisfied);
	stage.order.issue.validity_s = 86401;
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_envelope_exceeded);
	counter_order(&stage.order, "order-1", rsa);
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_envelope_exceeded);
	EVP_PKEY_free(rsa);
}

static void case_15_an_identifier_outside_its_grammar_is_refused(void **state)
{
	static const char *const bad[] = {"", "a/", "/1.2", "a/1.2/3"};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		stage.order.device.identifier = bytes_from_text(bad[i]);
		stage.order.asked.identifiers.at[0] = device_identifier("permanent-identifier", bad[i]);
		stage.order.issue.envelope = bytes_from_text("named");
		counter_seal(&stage.counter, &stage.order);
		stage_expect_nothing(refusal_identifier_malformed);
	}
	stage.order.device.identifier = bytes_from_text("a\nb");
	stage.order.asked.identifiers.at[0] = device_identifier("permanent-identifier", "a\nb");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_identifier_malformed);
	stage.order.device.identifier_type = bytes_from_text("dns");
	stage.order.device.identifier = bytes_from_text("a.example.test");
	stage.order.asked.identifiers.at[0] = device_identifier("dns", "a.example.test");
	counter_seal(&stage.counter, &stage.order);
	stage_expect_nothing(refusal_identifier_type_unsupported);
}

static void a_listener_without_a_configured_name_gets_nothing(void **state)
{
	struct message_tls_certified certified;
	(void)state;
	stage.counter.signer->settings.server_name = bytes_from_text("");
	issue_listener_came(stage.counter.signer);
	stage_expect(counter_certify_tls(&stage.counter, stage.key, &certified), refusal_tls_name_unset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(case_83_a_request_without_vouchers_is_refused, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_83_a_voucher_with_any_changed_bit_or_cut_is_refused, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_83_a_voucher_of_another_kind_or_key_is_refused, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_83_an_expired_or_far_dated_voucher_is_refused, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_83_vouchers_that_do_not_belong_together_are_refused, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(case_63_a_key_other_than_the_attested_is_refused, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(a_key_that_is_none_is_refused, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_83_an_envelope_is_not_left, stage_begin, stage_end),
	    cmocka_unit_test_setup_teardown(case_15_an_identifier_outside_its_grammar_is_refused, stage_begin,
					    stage_end),
	    cmocka_unit_test_setup_teardown(a_listener_without_a_configured_name_gets_nothing, stage_begin, stage_end),
	};
	return cmocka_run_group_tests_name("signer_hostile", tests, stage_open, stage_close);
}
