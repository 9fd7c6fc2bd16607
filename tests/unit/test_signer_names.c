/* SPDX-License-Identifier: Apache-2.0
 * Certificates with DNS names and addresses, and a registrar that brings name vouchers which are not for them: each is
 * refused by name, and nothing is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/identifier.h"
#include "tests/signer/stage.h"

#define ORDER (&stage.order)

/* A server with a name and an address. */
static void order_server(void)
{
	counter_server(ORDER, "order-1", stage.key);
	counter_name(ORDER, "dns", "www.example.test", "http-01");
	counter_name(ORDER, "ip", "192.0.2.7", "tls-alpn-01");
}

static void expect(enum refusal wanted)
{
	counter_seal(&stage.counter, ORDER);
	stage_expect_nothing(wanted);
	order_server();
}

static X509 *issued_certificate(void)
{
	struct message_issued issued;
	counter_seal(&stage.counter, ORDER);
	stage_must(counter_issue(&stage.counter, ORDER, &issued));
	const unsigned char *at = issued.chain.at[0].data;
	X509 *certificate = d2i_X509(NULL, &at, (long)issued.chain.at[0].size);
	assert_non_null(certificate);
	return certificate;
}

/* The alternative names as OpenSSL prints them, and the purposes. */
static void assert_says(X509 *certificate, int nid, const char *wanted)
{
	char text[1024] = "";
	BIO *out = BIO_new(BIO_s_mem());
	const int at = X509_get_ext_by_NID(certificate, nid, -1);
	assert_true(at >= 0 && X509V3_EXT_print(out, X509_get_ext(certificate, at), 0, 0) == 1);
	const int size = BIO_read(out, text, sizeof text - 1);
	text[size < 0 ? 0 : size] = 0;
	BIO_free(out);
	assert_string_equal(text, wanted);
}

static void a_server_is_certified_for_its_names(void **state)
{
	(void)state;
	order_server();
	X509 *certificate = issued_certificate();
	assert_says(certificate, NID_subject_alt_name, "DNS:www.example.test, IP Address:192.0.2.7");
	assert_says(certificate, NID_ext_key_usage, "TLS Web Server Authentication");
	char name[80] = "";
	assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name) > 0);
	assert_string_equal(name, "www.example.test");
	X509_free(certificate);
}

static void a_device_may_have_names_beside_its_own(void **state)
{
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	struct message_identifier more;
	(void)state;
	counter_name(ORDER, "dns", "*.example.test", "dns-01");
	counter_name(ORDER, "ip", "2001:db8::7", "http-01");
	X509 *certificate = issued_certificate();
	assert_says(certificate, NID_subject_alt_name,
		    "othername: Permanent Identifier::<unsupported>, DNS:*.example.test, IP Address:2001:DB8:0:0:0:0:0:7");
	X509_free(certificate);
	stage_must(counter_read(&stage.counter, 1, &given));
	stage_must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	assert_true(bytes_equal_text(leaf.identifier_type, "permanent-identifier"));
	assert_true(bytes_equal_text(leaf.identifier, "ek-00ff"));
	assert_int_equal(leaf.more_identifiers.count, 2);
	stage_must(wire_decode(message_identifier, leaf.more_identifiers.at[0], &more));
	assert_true(bytes_equal_text(more.type, "dns") && bytes_equal_text(more.value, "*.example.test"));
	stage_must(wire_decode(message_identifier, leaf.more_identifiers.at[1], &more));
	assert_true(bytes_equal_text(more.type, "ip") && bytes_equal_text(more.value, "2001:db8::7"));
	assert_int_equal(leaf.evidence_hash[0], 0x22); /* the device's */
}

/* Of the code that it ordered by, the certificate says nothing. */
static void a_device_that_ordered_by_a_code_is_certified_by_its_own_name(void **state)
{
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	char name[80] = "";
	(void)state;
	ORDER->device.certified = bytes_from_text("SERIAL7");
	X509 *certificate = issued_certificate();
	assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name) > 0);
	assert_string_equal(name, "SERIAL7");
	uint8_t *der = NULL;
	const int size = i2d_X509(certificate, &der);
	assert_null(memmem(der, (size_t)size, "ek-00ff", 7));
	OPENSSL_free(der);
	X509_free(certificate);
	stage_must(counter_read(&stage.counter, 1, &given));
	stage_must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	assert_true(bytes_equal_text(leaf.identifier, "SERIAL7"));
}

static void what_is_certified_in_a_codes_place_is_of_the_grammar(void **state)
{
	(void)state;
	ORDER->device.certified = bytes_from_text("a/b");
	counter_seal(&stage.counter, ORDER);
	stage_expect_nothing(refusal_identifier_malformed);
	ORDER->device.certified = bytes_from_text("SERIAL7");
	ORDER->device.identifier = bytes_from_text("SERIAL7"); /* and the code is still the order's */
	counter_seal(&stage.counter, ORDER);
	stage_expect_nothing(refusal_voucher_mismatch);
}

static void the_ledger_names_all_of_a_server_and_hashes_its_vouchers(void **state)
{
	static const uint8_t none[32];
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	(void)state;
	order_server();
	X509_free(issued_certificate());
	stage_must(counter_read(&stage.counter, 1, &given));
	stage_must(wire_decode(message_ledger_entry, given.leaf, &leaf));
	assert_true(bytes_equal_text(leaf.identifier_type, "dns"));
	assert_true(bytes_equal_text(leaf.identifier, "www.example.test"));
	assert_int_equal(leaf.more_identifiers.count, 1);
	assert_memory_not_equal(leaf.evidence_hash, none, 32);
	assert_memory_equal(leaf.claims_hash, none, 32);
	assert_int_equal(leaf.configuration_hash[0], 0x77);
}

static void a_hardware_module_gets_its_name(void **state)
{
	static const uint8_t wanted[] = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x04, 0xa0, 0x0b, 0x30,
					 0x09, 0x06, 0x03, 0x2a, 0x03, 0x04, 0x04, 0x02, 'A',  'B'};
	struct message_issued issued;
	(void)state;
	ORDER->device.identifier_type = bytes_from_text("hardware-module");
	ORDER->device.identifier = bytes_from_text("AB/1.2.3.4");
	ORDER->asked.identifiers.at[0] = device_identifier("hardware-module", "AB/1.2.3.4");
	counter_seal(&stage.counter, ORDER);
	stage_must(counter_issue(&stage.counter, ORDER, &issued));
	assert_non_null(memmem(issued.chain.at[0].data, issued.chain.at[0].size, wanted, sizeof wanted));
}

static void a_name_voucher_of_another_order_is_refused(void **state)
{
	(void)state;
	order_server();
	ORDER->names[0].order = bytes_from_text("order-2");
	expect(refusal_voucher_mismatch);
	ORDER->names[1].directory = bytes_from_text("others");
	expect(refusal_voucher_mismatch);
}

static void a_name_voucher_of_another_account_is_refused(void **state)
{
	(void)state;
	order_server();
	ORDER->names[0].account_thumbprint[0] ^= 1;
	expect(refusal_voucher_mismatch);
	/* and a device's name that another account proved */
	counter_order(ORDER, "order-1", stage.key);
	counter_name(ORDER, "dns", "www.example.test", "http-01");
	ORDER->names[0].account_thumbprint[31] ^= 1;
	expect(refusal_voucher_mismatch);
}

static void a_name_voucher_of_another_identifier_is_refused(void **state)
{
	(void)state;
	order_server();
	ORDER->names[0].identifier = bytes_from_text("mail.example.test");
	expect(refusal_voucher_mismatch);
	ORDER->names[0].identifier = bytes_from_text("example.test");
	expect(refusal_voucher_mismatch);
	ORDER->names[1].identifier_type = bytes_from_text("dns");
	expect(refusal_voucher_mismatch);
	/* one name twice does not stand for two */
	ORDER->names[1] = ORDER->names[0];
	expect(refusal_voucher_mismatch);
	/* a name that was proven, but that the request does not hold */
	ORDER->asked.identifiers.count = 1;
	expect(refusal_voucher_mismatch);
}

static void an_identifier_without_a_voucher_is_refused(void **state)
{
	(void)state;
	order_server();
	ORDER->issue.name_vouchers.count = 1;
	expect(refusal_voucher_missing);
	ORDER->issue.name_vouchers.count = 0;
	expect(refusal_voucher_missing);
	/* a device's voucher does not stand for its name, nor the name's for the device */
	counter_order(ORDER, "order-1", stage.key);
	ORDER->asked.identifiers.at[ORDER->asked.identifiers.count++] = device_identifier("dns", "www.example.test");
	expect(refusal_voucher_missing);
	counter_order(ORDER, "order-1", stage.key);
	counter_name(ORDER, "dns", "www.example.test", "http-01");
	ORDER->device.order.size = 0;
	expect(refusal_voucher_missing);
	/* nothing asked for, nothing proven */
	counter_server(ORDER, "order-1", stage.key);
	expect(refusal_voucher_missing);
}

static void a_name_outside_the_envelope_is_refused(void **state)
{
	static const struct {
		const char *type, *value, *challenge;
	} outside[] = {{"dns", "example.org", "http-01"},	{"dns", "badexample.test", "http-01"},
		       {"dns", "test", "http-01"},		{"dns", "example.test.evil", "http-01"},
		       {"dns", "*.test", "dns-01"},		{"ip", "192.0.2.128", "http-01"},
		       {"ip", "192.0.3.1", "http-01"},		{"ip", "2001:db8:8000::1", "http-01"},
		       {"ip", "::192.0.2.1", "http-01"}};
	(void)state;
	for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
		counter_server(ORDER, "order-1", stage.key);
		counter_name(ORDER, outside[i].type, outside[i].value, outside[i].challenge);
		expect(refusal_envelope_name_outside);
	}
	/* an envelope that has none takes none, beside a device either */
	counter_order(ORDER, "order-1", stage.key);
	counter_name(ORDER, "dns", "www.example.test", "http-01");
	ORDER->issue.envelope = bytes_from_text("device-rsa");
	expect(refusal_envelope_name_outside);
}

static void names_alone_do_not_satisfy_the_envelope_of_devices(void **state)
{
	(void)state;
	order_server();
	ORDER->issue.envelope = bytes_from_text("device");
	expect(refusal_envelope_unsatisfied);
}

static void a_validated_name_with_a_swapped_key_is_refused_beside_a_device(void **state)
{
	uint8_t room[600];
	(void)state;
	counter_name(ORDER, "dns", "www.example.test", "http-01");
	ORDER->asked.spki = fixture_spki(stage.other, room, sizeof room);
	expect(refusal_voucher_mismatch);
	/* without one the key is the request's alone, which the verifier saw signed by the account */
	ORDER->asked.account_thumbprint[5] ^= 1;
	expect(refusal_voucher_mismatch);
}

static void the_same_order_gets_no_certificate_for_another_key(void **state)
{
	struct message_issued issued;
	uint8_t room[600];
	(void)state;
	order_server();
	X509_free(issued_certificate());
	ORDER->asked.spki = fixture_spki(stage.other, room, sizeof room);
	counter_seal(&stage.counter, ORDER);
	stage_expect(counter_issue(&stage.counter, ORDER, &issued), refusal_order_used);
}

static void a_prober_vouches_for_names_alone_and_by_what_proves_them(void **state)
{
	(void)state;
	counter_server(ORDER, "order-1", stage.key);
	counter_name(ORDER, "permanent-identifier", "ek-00ff", "device-attest-01");
	expect(refusal_voucher_mismatch);
	counter_server(ORDER, "order-1", stage.key);
	counter_name(ORDER, "permanent-identifier", "ek-00ff", "http-01");
	expect(refusal_voucher_mismatch);
	counter_server(ORDER, "order-1", stage.key);
	counter_name(ORDER, "dns", "*.example.test", "http-01");
	expect(refusal_voucher_mismatch);
	ORDER->names[1].challenge = bytes_from_text("dns-01");
	expect(refusal_voucher_mismatch);
	ORDER->names[0].challenge = bytes_from_text("http-02");
	expect(refusal_voucher_mismatch);
}

static void a_name_voucher_is_sealed_by_the_prober_and_lasts_an_hour_at_most(void **state)
{
	struct message_issued issued;
	(void)state;
	order_server();
	ORDER->names[0].expires_boot_s = clock_boot_s();
	expect(refusal_voucher_expired);
	ORDER->names[0].expires_boot_s = clock_boot_s() + 3700;
	expect(refusal_voucher_expired);
	counter_seal(&stage.counter, ORDER);
	struct buffer other = BUFFER(ORDER->name_rooms[0]);
	stage_must(voucher_seal(message_name_voucher, &ORDER->names[0], stage.fixture.settings.device_key, &other));
	stage_expect(counter_issue(&stage.counter, ORDER, &issued), refusal_voucher_forged);
	counter_seal(&stage.counter, ORDER);
	for (size_t at = 0; at < ORDER->issue.name_vouchers.at[0].size; at++) {
		ORDER->name_rooms[0][at] ^= (uint8_t)(1 << at % 8);
		stage_expect(counter_issue(&stage.counter, ORDER, &issued), refusal_voucher_forged);
		ORDER->name_rooms[0][at] ^= (uint8_t)(1 << at % 8);
	}
	stage_must(counter_issue(&stage.counter, ORDER, &issued));
}

static void a_name_in_another_spelling_is_refused(void **state)
{
	static const struct {
		const char *type, *value;
	} bad[] = {{"dns", "WWW.example.test"}, {"dns", "www.example.test."}, {"dns", "a_b.example.test"},
		   {"ip", "192.0.2.07"},	  {"ip", "2001:DB8::1"},	  {"ip", "2001:db8:0::1"}};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		counter_server(ORDER, "order-1", stage.key);
		counter_name(ORDER, bad[i].type, bad[i].value, "http-01");
		expect(refusal_identifier_malformed);
	}
}

int main(void)
{
#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)
	const struct CMUnitTest tests[] = {
	    ON_STAGE(a_server_is_certified_for_its_names),
	    ON_STAGE(a_device_may_have_names_beside_its_own),
	    ON_STAGE(a_device_that_ordered_by_a_code_is_certified_by_its_own_name),
	    ON_STAGE(what_is_certified_in_a_codes_place_is_of_the_grammar),
	    ON_STAGE(the_ledger_names_all_of_a_server_and_hashes_its_vouchers),
	    ON_STAGE(a_hardware_module_gets_its_name),
	    ON_STAGE(a_name_voucher_of_another_order_is_refused),
	    ON_STAGE(a_name_voucher_of_another_account_is_refused),
	    ON_STAGE(a_name_voucher_of_another_identifier_is_refused),
	    ON_STAGE(an_identifier_without_a_voucher_is_refused),
	    ON_STAGE(a_name_outside_the_envelope_is_refused),
	    ON_STAGE(names_alone_do_not_satisfy_the_envelope_of_devices),
	    ON_STAGE(a_validated_name_with_a_swapped_key_is_refused_beside_a_device),
	    ON_STAGE(the_same_order_gets_no_certificate_for_another_key),
	    ON_STAGE(a_prober_vouches_for_names_alone_and_by_what_proves_them),
	    ON_STAGE(a_name_voucher_is_sealed_by_the_prober_and_lasts_an_hour_at_most),
	    ON_STAGE(a_name_in_another_spelling_is_refused),
	};
	return cmocka_run_group_tests_name("signer_names", tests, stage_open, stage_close);
}
