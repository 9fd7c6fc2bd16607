/* SPDX-License-Identifier: Apache-2.0
 * Revocation at the signer, with a real token and a real ledger: what it takes, what it writes, and that nothing takes
 * it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "tests/signer/counter.h"

static struct fixture fixture;
static struct counter counter;
static struct counter_order order;
static struct message_issued issued;
static EVP_PKEY *key;

static void must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s", status_entry(s.refusal)->name);
}

static void expect(status s, enum refusal wanted)
{
	assert_string_equal(status_entry(s.refusal)->name, status_entry(wanted)->name);
}

static int make(void **state)
{
	(void)state;
	fixture_open(&fixture);
	key = fixture_device_key();
	return 0;
}

static int give_up(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	fixture_close(&fixture);
	return 0;
}

/* With one certificate, entry 1. */
static int begin(void **state)
{
	(void)state;
	counter_open(&counter, &fixture, NULL);
	counter_order(&order, "order-1", key);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	return 0;
}

static int end(void **state)
{
	(void)state;
	counter_close(&counter);
	return 0;
}

static void state_is(uint64_t entry, char wanted)
{
	struct message_entry_given given;
	must(counter_read(&counter, entry, &given));
	assert_int_equal(given.state, wanted);
}

static void a_revocation_is_an_entry_that_says_who_asked_why_and_shows_the_request(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	const struct message_entry_revoke plea = counter_plea(&issued);
	uint8_t hash[32];
	(void)state;
	must(counter_revoke(&counter, &plea, &revoked));
	assert_int_equal(revoked.entry, 2);
	assert_int_equal(revoked.when_s, counter.now.wall_s);
	must(counter_read(&counter, revoked.entry, &given));
	assert_int_equal(given.state, '-');
	assert_true(bytes_equal(given.tbs, plea.request));
	must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	SHA256(plea.request.data, plea.request.size, hash);
	assert_memory_equal(leaf.tbs_hash, hash, sizeof hash);
	assert_memory_equal(leaf.thumbprint, plea.thumbprint, sizeof leaf.thumbprint);
	assert_int_equal(leaf.kind, 'r');
	assert_int_equal(leaf.refers_to, issued.entry);
	assert_int_equal(leaf.reason, 1);
	assert_int_equal(leaf.asked_by, 'a');
	assert_int_equal(leaf.not_after_s, issued.not_after_s);
	assert_true(bytes_equal(leaf.serial, BYTES_OF(issued.serial)));
	assert_true(bytes_equal_text(leaf.order, "order-1"));
	state_is(issued.entry, 'r');
}

static void the_longest_request_is_entered_and_given_back_whole(void **state)
{
	static uint8_t octets[16384];
	struct message_entry_revoke plea = counter_plea(&issued);
	struct message_entry_revoked revoked;
	struct message_entry_given given;
	(void)state;
	memset(octets, 'x', sizeof octets);
	plea.request = BYTES_OF(octets);
	must(counter_revoke(&counter, &plea, &revoked));
	must(counter_read(&counter, revoked.entry, &given));
	assert_true(bytes_equal(given.tbs, plea.request));
}

static void the_entry_of_a_certificate_names_the_account_that_its_vouchers_name(void **state)
{
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	struct message_issued certified;
	struct counter_ak ak;
	(void)state;
	must(counter_read(&counter, issued.entry, &given));
	must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	assert_memory_equal(leaf.thumbprint, order.device.account_thumbprint, sizeof leaf.thumbprint);
	counter_ak(&counter, &ak, 1, key);
	must(counter_certify_ak(&counter, &ak, &certified));
	must(counter_read(&counter, certified.entry, &given));
	must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	assert_memory_equal(leaf.thumbprint, ak.voucher.account_thumbprint, sizeof leaf.thumbprint);
}

static void nothing_takes_a_revocation_back(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_voided voided;
	struct message_issued again;
	struct message_entry_revoke plea = counter_plea(&issued);
	(void)state;
	must(counter_revoke(&counter, &plea, &revoked));
	for (int start = 0; start < 2; start++) {
		expect(counter_revoke(&counter, &plea, &revoked), refusal_already_revoked);
		plea.reason = 8; /* removeFromCRL */
		expect(counter_revoke(&counter, &plea, &revoked), refusal_revocation_reason_bad);
		plea.reason = 1;
		expect(counter_void(&counter, issued.entry, &voided), refusal_entry_final);
		expect(counter_issue(&counter, &order, &again), refusal_certificate_revoked);
		state_is(issued.entry, 'r');
		must(counter_reopen(&counter, NULL));
	}
	fixture_write(fixture.ledger, "status", "", 0);
	must(counter_reopen(&counter, NULL));
	state_is(issued.entry, 'r');
	expect(counter_issue(&counter, &order, &again), refusal_certificate_revoked);
}

static void two_in_one_round_revoke_once(void **state)
{
	struct message_entry_revoked revoked;
	const struct message_entry_revoke plea = counter_plea(&issued);
	const struct message_entry_void close_it = {.entry = issued.entry};
	(void)state;
	must(revoke_entry(counter.signer, counter_caller(&counter), &plea, &counter.now));
	expect(revoke_entry(counter.signer, counter_caller(&counter), &plea, &counter.now), refusal_already_revoked);
	expect(issue_void(counter.signer, counter_caller(&counter), &close_it, &counter.now), refusal_entry_final);
	issue_settle(counter.signer);
	must(counter_answer(&counter, message_entry_revoked, &revoked));
	assert_int_equal(ledger_size(counter.signer->ledger), 3);
}

static void a_void_entry_counts_as_revoked(void **state)
{
	struct message_entry_voided voided;
	struct message_entry_revoked revoked;
	const struct message_entry_revoke plea = counter_plea(&issued);
	(void)state;
	must(counter_void(&counter, issued.entry, &voided));
	expect(counter_revoke(&counter, &plea, &revoked), refusal_already_revoked);
	state_is(issued.entry, 'v');
}

static void a_revocation_that_nobody_asked_for_is_refused(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_revoke plea = counter_plea(&issued);
	(void)state;
	plea.request.size = 0;
	expect(counter_revoke(&counter, &plea, &revoked), refusal_revocation_unasked);
	static const uint8_t nobodies[] = {0, 'r', 'A', 255};
	for (size_t i = 0; i < sizeof nobodies; i++) {
		plea = counter_plea(&issued);
		plea.asked_by = nobodies[i];
		expect(counter_revoke(&counter, &plea, &revoked), refusal_revocation_unasked);
	}
	assert_int_equal(ledger_size(counter.signer->ledger), 2);
}

static void only_reasons_that_make_sense_are_taken(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_revoke plea = counter_plea(&issued);
	(void)state;
	for (unsigned reason = 0; reason < 256; reason++) {
		plea.reason = (uint8_t)reason;
		if (reason <= 1 || (reason >= 3 && reason <= 5))
			continue;
		expect(counter_revoke(&counter, &plea, &revoked), refusal_revocation_reason_bad);
	}
	assert_int_equal(ledger_size(counter.signer->ledger), 2);
	static const uint8_t good[] = {0, 1, 3, 4, 5, 9};
	for (size_t i = 0; i < sizeof good; i++) {
		const char name[] = {'o', (char)('a' + (char)i), 0};
		counter_order(&order, name, key);
		counter_seal(&counter, &order);
		must(counter_issue(&counter, &order, &issued));
		plea = counter_plea(&issued);
		plea.reason = good[i];
		plea.asked_by = good[i] == 9 ? 'm' : 'k'; /* privilegeWithdrawn is not for the one who held it to say */
		must(counter_revoke(&counter, &plea, &revoked));
	}
}

static void only_certificates_of_devices_and_aks_in_the_ledger_are_revoked(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	struct message_tls_certified certified;
	struct message_issued ak_issued;
	struct counter_ak ak;
	struct message_entry_revoke plea = counter_plea(&issued);
	(void)state;
	plea.entry = 0; /* the start */
	expect(counter_revoke(&counter, &plea, &revoked), refusal_entry_unknown);
	plea.entry = 2;
	expect(counter_revoke(&counter, &plea, &revoked), refusal_entry_unknown);
	plea.entry = UINT64_MAX;
	expect(counter_revoke(&counter, &plea, &revoked), refusal_entry_unknown);
	plea = counter_plea(&issued);
	plea.serial[19] ^= 1;
	expect(counter_revoke(&counter, &plea, &revoked), refusal_entry_unknown);
	issue_listener_came(counter.signer);
	must(counter_certify_tls(&counter, key, &certified));
	must(counter_read(&counter, 2, &given));
	must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	plea.entry = 2;
	memcpy(plea.serial, leaf.serial.data, sizeof plea.serial);
	expect(counter_revoke(&counter, &plea, &revoked), refusal_entry_final);
	assert_int_equal(ledger_size(counter.signer->ledger), 3);
	counter_ak(&counter, &ak, 1, key);
	must(counter_certify_ak(&counter, &ak, &ak_issued));
	plea = counter_plea(&ak_issued);
	must(counter_revoke(&counter, &plea, &revoked));
	expect(counter_certify_ak(&counter, &ak, &ak_issued), refusal_certificate_revoked);
}

static void an_expired_certificate_is_not_revoked_and_an_unsafe_clock_is_no_hindrance(void **state)
{
	struct message_entry_revoked revoked;
	struct message_entry_revoke plea = counter_plea(&issued);
	const struct moment good = counter.now;
	(void)state;
	counter.now.wall_s = issued.not_after_s + 1;
	counter.now.boot_s += issued.not_after_s - issued.not_before_s + 1;
	expect(counter_revoke(&counter, &plea, &revoked), refusal_certificate_expired);
	counter.now = good;
	counter.now.wall_s += 100000000; /* it jumped, so it does not make the certificate expired */
	must(counter_revoke(&counter, &plea, &revoked));
	counter.now = good;
	counter.now.wall_s -= 50;
	counter_order(&order, "order-2", key);
	counter_seal(&counter, &order);
	expect(counter_issue(&counter, &order, &issued), refusal_clock_unsafe);
	state_is(1, 'r');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define AT_A_COUNTER(name) cmocka_unit_test_setup_teardown(name, begin, end)
		AT_A_COUNTER(a_revocation_is_an_entry_that_says_who_asked_why_and_shows_the_request),
		AT_A_COUNTER(the_longest_request_is_entered_and_given_back_whole),
		AT_A_COUNTER(the_entry_of_a_certificate_names_the_account_that_its_vouchers_name),
		AT_A_COUNTER(nothing_takes_a_revocation_back),
		AT_A_COUNTER(two_in_one_round_revoke_once),
		AT_A_COUNTER(a_void_entry_counts_as_revoked),
		AT_A_COUNTER(a_revocation_that_nobody_asked_for_is_refused),
		AT_A_COUNTER(only_reasons_that_make_sense_are_taken),
		AT_A_COUNTER(only_certificates_of_devices_and_aks_in_the_ledger_are_revoked),
		AT_A_COUNTER(an_expired_certificate_is_not_revoked_and_an_unsafe_clock_is_no_hindrance),
	};
	return cmocka_run_group_tests_name("signer_revoke", tests, make, give_up);
}
