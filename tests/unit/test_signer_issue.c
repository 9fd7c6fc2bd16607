/* SPDX-License-Identifier: Apache-2.0
 * Issuing end to end in one process: vouchers in, certificates out, with a real token and a real ledger. OpenSSL and
 * GnuTLS judge the certificates; the proofs are checked here from the text of RFC 9162. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "tests/signer/counter.h"

static struct fixture fixture;
static struct counter counter;
static EVP_PKEY *key, *other;

static int make(void **state)
{
	(void)state;
	fixture_open(&fixture);
	key = fixture_device_key();
	other = fixture_device_key();
	return 0;
}

static int give_up(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	fixture_close(&fixture);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	counter_open(&counter, &fixture, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	counter_close(&counter);
	return 0;
}

static void must(status s)
{
	if (is_refused(s))
		fail_msg("refused: %s", status_entry(s.refusal)->name);
}

static void expect(status s, enum refusal wanted)
{
	assert_string_equal(status_entry(s.refusal)->name, status_entry(wanted)->name);
}

static X509 *decoded(struct bytes der)
{
	const unsigned char *at = der.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
	assert_non_null(certificate);
	return certificate;
}

static void write_pem(const char *name, const struct bytes *certificates, size_t count)
{
	char path[160];
	snprintf(path, sizeof path, "%s/%s", fixture.folder, name);
	FILE *file = fopen(path, "w");
	for (size_t i = 0; i < count; i++) {
		X509 *certificate = decoded(certificates[i]);
		assert_int_equal(PEM_write_X509(file, certificate), 1);
		X509_free(certificate);
	}
	fclose(file);
}

static void run(const char *command)
{
	char line[512];
	snprintf(line, sizeof line, "cd '%s' && %s >out 2>&1 || { cat out >&2; false; }", fixture.folder, command);
	if (system(line) != 0)
		fail_msg("%s", command);
}

/* Both libraries, with the root alone trusted. */
static void verify_chain(const struct bytes *chain, size_t count, const char *purpose)
{
	char line[256];
	const struct bytes root =
		bytes_from(fixture.certificates[fixture_root], fixture.certificate_sizes[fixture_root]);
	assert_true(count >= 2);
	write_pem("leaf.pem", chain, 1);
	write_pem("chain.pem", chain, count);
	write_pem("above.pem", chain + 1, count - 1);
	write_pem("root.pem", &root, 1);
	snprintf(line, sizeof line, "openssl verify -x509_strict %s%s -CAfile root.pem -untrusted above.pem leaf.pem",
		 purpose[0] == 0 ? "" : "-purpose ", purpose);
	run(line);
	run("certtool --verify --load-ca-certificate root.pem --infile chain.pem");
}

static void case_90_a_certificate_is_issued_and_strict_verifiers_take_it(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	(void)state;
	counter_order(&order, "order-1", key);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	assert_int_equal(issued.entry, 1); /* 0 is this start */
	assert_int_equal(issued.chain.count, 2);
	assert_int_equal(issued.not_before_s, counter.now.wall_s);
	assert_int_equal(issued.not_after_s, counter.now.wall_s + 86399);
	assert_int_equal(issued.serial[0] & 0x80, 0);
	verify_chain(issued.chain.at, issued.chain.count, "sslclient");
	X509 *certificate = decoded(issued.chain.at[0]);
	EVP_PKEY *certified = X509_get_pubkey(certificate);
	assert_int_equal(EVP_PKEY_eq(certified, key), 1);
	char name[65];
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
	assert_string_equal(name, "ek-00ff");
	EVP_PKEY_free(certified);
	X509_free(certificate);
}

static void an_rsa_issuer_and_an_empty_subject_are_taken_too(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	(void)state;
	counter_order(&order, "order-1", rsa);
	order.issue.envelope = bytes_from_text("device-rsa");
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	verify_chain(issued.chain.at, issued.chain.count, "sslclient");
	X509 *certificate = decoded(issued.chain.at[0]);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(certificate)), 0);
	X509_free(certificate);
	EVP_PKEY_free(rsa);
}

static void an_ak_certificate_is_issued_once_an_activation(void **state)
{
	struct counter_ak ak;
	struct message_issued issued, again;
	(void)state;
	counter_ak(&counter, &ak, 0x77, key);
	must(counter_certify_ak(&counter, &ak, &issued));
	verify_chain(issued.chain.at, issued.chain.count, "");
	must(counter_certify_ak(&counter, &ak, &again));
	assert_int_equal(again.entry, issued.entry);
	assert_memory_equal(again.serial, issued.serial, 20);
	counter_ak(&counter, &ak, 0x77, other);
	expect(counter_certify_ak(&counter, &ak, &again), refusal_order_used);
	counter_ak(&counter, &ak, 0x78, other);
	must(counter_certify_ak(&counter, &ak, &again));
	assert_int_not_equal(again.entry, issued.entry);
}

static void the_listener_gets_its_configured_names_for_a_day(void **state)
{
	struct message_tls_certified certified;
	(void)state;
	issue_listener_came(counter.signer);
	must(counter_certify_tls(&counter, key, &certified));
	assert_int_equal(certified.not_after_s, counter.now.wall_s + 86399);
	verify_chain(certified.chain.at, certified.chain.count, "sslserver");
	X509 *certificate = decoded(certified.chain.at[0]);
	assert_int_equal(X509_check_host(certificate, "keyward.test", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
	X509_free(certificate);
}

static void the_listener_may_not_ask_again_and_again(void **state)
{
	struct message_tls_certified certified;
	(void)state;
	issue_listener_came(counter.signer);
	must(counter_certify_tls(&counter, key, &certified));
	expect(counter_certify_tls(&counter, key, &certified), refusal_tls_too_soon);
	counter.now.boot_s += 6 * 3600 - 1;
	counter.now.wall_s += 6 * 3600 - 1;
	expect(counter_certify_tls(&counter, key, &certified), refusal_tls_too_soon);
	counter.now.boot_s++;
	counter.now.wall_s++;
	must(counter_certify_tls(&counter, key, &certified));
	/* a new channel each time helps for a while only */
	unsigned granted = 0;
	for (unsigned i = 0; i < 200; i++) {
		issue_listener_came(counter.signer);
		granted += !is_refused(counter_certify_tls(&counter, key, &certified));
	}
	assert_in_range(granted, 60, 64);
	expect(counter_certify_tls(&counter, key, &certified), refusal_tls_too_soon);
	counter.now.boot_s += 60;
	counter.now.wall_s += 60;
	must(counter_certify_tls(&counter, key, &certified));
}

static void the_same_request_again_gets_the_identical_tbs(void **state)
{
	struct counter_order order;
	struct message_issued first, again;
	(void)state;
	counter_order(&order, "order-1", key);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &first));
	for (int round = 0; round < 2; round++) {
		must(counter_issue(&counter, &order, &again));
		assert_int_equal(again.entry, first.entry);
		X509 *a = decoded(first.chain.at[0]), *b = decoded(again.chain.at[0]);
		uint8_t *a_tbs = NULL, *b_tbs = NULL;
		const int size = i2d_re_X509_tbs(a, &a_tbs);
		assert_int_equal(i2d_re_X509_tbs(b, &b_tbs), size);
		assert_memory_equal(a_tbs, b_tbs, (size_t)size);
		OPENSSL_free(a_tbs);
		OPENSSL_free(b_tbs);
		X509_free(a);
		X509_free(b);
		verify_chain(again.chain.at, again.chain.count, "sslclient");
		/* also from a signer that started anew */
		must(counter_reopen(&counter, NULL));
	}
}

static void case_66_one_order_has_one_certificate_in_one_round_too(void **state)
{
	struct counter_order one, two;
	struct message_issued issued;
	(void)state;
	counter_order(&one, "order-1", key);
	counter_order(&two, "order-1", other);
	counter_seal(&counter, &one);
	counter_seal(&counter, &two);
	must(issue_device(counter.signer, counter_caller(&counter), &one.issue, &counter.now));
	expect(issue_device(counter.signer, counter_caller(&counter), &two.issue, &counter.now), refusal_order_used);
	issue_settle(counter.signer);
	must(counter_answer(&counter, message_issued, &issued));
	expect(counter_answer(&counter, message_issued, &issued), refusal_neighbour_away); /* nothing more came */
	assert_int_equal(ledger_size(counter.signer->ledger), 2);
	must(counter_reopen(&counter, NULL));
	expect(counter_issue(&counter, &two, &issued), refusal_order_used);
}

static void a_round_of_many_shares_one_sync_and_each_gets_its_own(void **state)
{
	enum { many = 200 };
	static struct counter_order orders[many];
	static char names[many][48];
	struct message_issued issued;
	(void)state;
	for (size_t i = 0; i < many; i++) {
		snprintf(names[i], sizeof names[i], "order-%zu", i);
		counter_order(&orders[i], names[i], key);
		counter_seal(&counter, &orders[i]);
	}
	size_t asked = 0, answered = 0;
	while (asked < many) {
		for (size_t i = 0; i < 20 && asked < many; i++, asked++)
			must(issue_device(counter.signer, counter_caller(&counter), &orders[asked].issue, &counter.now));
		assert_int_equal(ledger_size(counter.signer->ledger), answered + 1);
		issue_settle(counter.signer);
		for (; answered < asked; answered++) {
			must(counter_answer(&counter, message_issued, &issued));
			assert_int_equal(issued.entry, answered + 1);
		}
	}
}

/* RFC 9162 2.1.3.2 over an answer. */
static void verify_proof(const struct message_entry_given *given)
{
	unsigned long long size = 0;
	char text[1100], root_text[64];
	uint8_t root[48];
	assert_true(given->checkpoint.size < sizeof text);
	memcpy(text, given->checkpoint.data, given->checkpoint.size);
	text[given->checkpoint.size] = 0;
	assert_int_equal(sscanf(text, "ledger.keyward.test/1\n%llu\n%44s\n\n", &size, root_text), 2);
	assert_int_equal(EVP_DecodeBlock(root, (const uint8_t *)root_text, 44), 33);
	static uint8_t leaf[9000];
	memcpy(leaf + 1, given->leaf.data, given->leaf.size);
	leaf[0] = 0;
	uint8_t hash[32], pair[65];
	SHA256(leaf, given->leaf.size + 1, hash);
	uint64_t fn = given->entry, sn = size - 1;
	for (size_t i = 0; i < given->path.count; i++) {
		const bool is_right = (fn & 1) != 0 || fn == sn;
		pair[0] = 1;
		memcpy(pair + 1, is_right ? given->path.at[i].data : hash, 32);
		memcpy(pair + 33, is_right ? hash : given->path.at[i].data, 32);
		SHA256(pair, sizeof pair, hash);
		while (is_right && (fn & 1) == 0 && fn != 0) {
			fn >>= 1;
			sn >>= 1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	assert_int_equal(sn, 0);
	assert_memory_equal(hash, root, 32);
}

static void every_entry_is_given_with_a_proof_and_says_what_was_decided(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	struct message_entry_given given;
	struct message_ledger_entry entry;
	struct message_ledger_given ledger;
	uint8_t digest[32];
	char names[6][24];
	(void)state;
	for (int i = 0; i < 6; i++) {
		snprintf(names[i], sizeof names[i], "order-%d", i);
		counter_order(&order, names[i], key);
		counter_seal(&counter, &order);
		must(counter_issue(&counter, &order, &issued));
		must(counter_read(&counter, issued.entry, &given));
		verify_proof(&given);
	}
	for (uint64_t i = 0; i < 7; i++) {
		must(counter_read(&counter, i, &given));
		verify_proof(&given);
		must(wire_decode(message_ledger_entry, given.leaf, &entry));
		assert_int_equal(given.state, i == 0 ? '-' : 'i');
		assert_int_equal(entry.kind, i == 0 ? 's' : 'c');
		if (i == 0) {
			assert_memory_equal(entry.configuration_hash, counter.signer->configuration_hash, 32);
			continue;
		}
		SHA256(given.tbs.data, given.tbs.size, digest);
		assert_memory_equal(entry.tbs_hash, digest, 32);
		assert_true(bytes_equal_text(entry.order, names[i - 1]));
		assert_true(bytes_equal_text(entry.identifier, "ek-00ff"));
		assert_true(bytes_equal_text(entry.envelope, "device"));
		assert_int_equal(entry.evidence_hash[0], 0x22);
		assert_int_equal(entry.claims_hash[0], 0x33);
		assert_int_equal(entry.record_hash[31], 0x66);
		assert_int_equal(entry.record_sequence, 17);
		assert_int_equal(entry.configuration_hash[0], 0x44);
		assert_int_equal(entry.policy_hash[0], 0x55);
	}
	assert_memory_equal(entry.serial.data, issued.serial, 20);
	must(issue_ledger(counter.signer, counter_caller(&counter)));
	must(counter_answer(&counter, message_ledger_given, &ledger));
	assert_int_equal(ledger.size, 7);
	expect(counter_read(&counter, 7, &given), refusal_entry_unknown);
	expect(counter_read(&counter, UINT64_MAX, &given), refusal_entry_unknown);
}

static void a_void_closes_an_order_for_ever(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	struct message_entry_voided voided;
	struct message_entry_given given;
	struct message_tls_certified certified;
	(void)state;
	counter_order(&order, "order-1", key);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	must(counter_void(&counter, issued.entry, &voided));
	assert_int_equal(voided.entry, issued.entry + 1);
	expect(counter_issue(&counter, &order, &issued), refusal_order_void);
	expect(counter_void(&counter, 1, &voided), refusal_entry_final);
	expect(counter_void(&counter, 0, &voided), refusal_entry_final);
	expect(counter_void(&counter, 2, &voided), refusal_entry_final);
	expect(counter_void(&counter, 3, &voided), refusal_entry_unknown);
	must(counter_read(&counter, 1, &given));
	assert_int_equal(given.state, 'v');
	must(counter_reopen(&counter, NULL));
	expect(counter_issue(&counter, &order, &issued), refusal_order_void);
	issue_listener_came(counter.signer);
	must(counter_certify_tls(&counter, key, &certified));
	expect(counter_void(&counter, ledger_size(counter.signer->ledger) - 1, &voided), refusal_entry_final);
}

static void two_voids_of_one_entry_in_one_round_close_it_once(void **state)
{
	struct counter_order order;
	struct message_issued issued;
	struct message_entry_voided voided;
	const struct message_entry_void request = {.entry = 1};
	(void)state;
	counter_order(&order, "order-1", key);
	counter_seal(&counter, &order);
	must(counter_issue(&counter, &order, &issued));
	must(issue_void(counter.signer, counter_caller(&counter), &request, &counter.now));
	expect(issue_void(counter.signer, counter_caller(&counter), &request, &counter.now), refusal_entry_final);
	/* and the order is closed for a request in the same round */
	expect(issue_device(counter.signer, counter_caller(&counter), &order.issue, &counter.now), refusal_order_void);
	issue_settle(counter.signer);
	must(counter_answer(&counter, message_entry_voided, &voided));
	assert_int_equal(ledger_size(counter.signer->ledger), 3);
}

static void a_quote_is_kept_with_the_checkpoint_that_it_binds(void **state)
{
	static uint8_t room[4096];
	const struct message_quote_given quote = {.attest = bytes_from_text("attest"),
						  .signature = bytes_from_text("signature"),
						  .ak_public = bytes_from_text("public")};
	struct message_quote_given read;
	uint8_t data[32], wanted[32], text[1100] = "keyward quote v1";
	struct bytes note;
	(void)state;
	must(ledger_checkpoint(counter.signer->ledger, &note));
	must(signer_quote_data(note, data));
	memcpy(text + 16, note.data, note.size);
	SHA256(text, 16 + note.size, wanted);
	assert_memory_equal(data, wanted, 32);
	must(signer_keep_quote(counter.signer, note, &quote));
	const size_t size = fixture_read(fixture.ledger, "quote", room, sizeof room);
	assert_int_equal((size_t)room[2] << 8 | room[3], note.size);
	assert_memory_equal(room + 4, note.data, note.size);
	must(wire_decode(message_quote_given, bytes_from(room + 4 + note.size, size - 4 - note.size), &read));
	assert_true(bytes_equal(read.signature, quote.signature));
}

static void each_start_is_an_entry(void **state)
{
	struct message_entry_given given;
	(void)state;
	for (uint64_t i = 1; i < 4; i++) {
		must(counter_reopen(&counter, NULL));
		assert_int_equal(ledger_size(counter.signer->ledger), i + 1);
		must(counter_read(&counter, i, &given));
		verify_proof(&given);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(case_90_a_certificate_is_issued_and_strict_verifiers_take_it, begin, end),
		cmocka_unit_test_setup_teardown(an_rsa_issuer_and_an_empty_subject_are_taken_too, begin, end),
		cmocka_unit_test_setup_teardown(an_ak_certificate_is_issued_once_an_activation, begin, end),
		cmocka_unit_test_setup_teardown(the_listener_gets_its_configured_names_for_a_day, begin, end),
		cmocka_unit_test_setup_teardown(the_listener_may_not_ask_again_and_again, begin, end),
		cmocka_unit_test_setup_teardown(the_same_request_again_gets_the_identical_tbs, begin, end),
		cmocka_unit_test_setup_teardown(case_66_one_order_has_one_certificate_in_one_round_too, begin, end),
		cmocka_unit_test_setup_teardown(a_round_of_many_shares_one_sync_and_each_gets_its_own, begin, end),
		cmocka_unit_test_setup_teardown(every_entry_is_given_with_a_proof_and_says_what_was_decided, begin, end),
		cmocka_unit_test_setup_teardown(a_void_closes_an_order_for_ever, begin, end),
		cmocka_unit_test_setup_teardown(two_voids_of_one_entry_in_one_round_close_it_once, begin, end),
		cmocka_unit_test_setup_teardown(a_quote_is_kept_with_the_checkpoint_that_it_binds, begin, end),
		cmocka_unit_test_setup_teardown(each_start_is_an_entry, begin, end),
	};
	return cmocka_run_group_tests_name("signer_issue", tests, make, give_up);
}
