/* SPDX-License-Identifier: Apache-2.0
 * What the builder builds, read back by OpenSSL; what its two small parsers, of keys and of identifiers, refuse.
 * Acceptance by `openssl verify -x509_strict` and GnuTLS is in test_signer_issue.c, with signatures of the token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "pkcs11/signer/certificate.h"
#include "pkcs11/signer/der.h"
#include "pkcs11/signer/spki.h"
#include "tests/signer/fixture.h"

static const uint8_t issuer_name[] = {0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 'R'};
static const uint8_t issuer_key_id[20] = {1, 2, 3};
static const uint8_t issuer_algorithm[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const struct certificate_issuer issuer = {.name = {issuer_name, sizeof issuer_name},
						 .key_id = {issuer_key_id, sizeof issuer_key_id},
						 .signature_algorithm = {issuer_algorithm, sizeof issuer_algorithm},
						 .not_before_s = 1700000000,
						 .not_after_s = 1900000000};

enum { now_s = 1800000000 };

static uint8_t spki_room[100];
static struct bytes spki;

static int make(void **state)
{
	(void)state;
	EVP_PKEY *key = fixture_device_key();
	spki = fixture_spki(key, spki_room, sizeof spki_room);
	EVP_PKEY_free(key);
	return 0;
}

static struct certificate_terms terms(void)
{
	struct certificate_terms made;
	assert_false(is_refused(certificate_draw_terms(&issuer, spki, now_s, 86400, 5, &made)));
	return made;
}

static status build(const char *name, const char *identifier, struct buffer *tbs)
{
	const struct certificate_terms made = terms();
	const struct message_identifier one = {bytes_from_text("permanent-identifier"), bytes_from_text(identifier)};
	const struct certificate_device facts = {.common_name = bytes_from_text(name),
						 .identifiers = &one,
						 .count = 1,
						 .usage = certificate_usage(bytes_from_text("clientAuth"))};
	return certificate_build(&made, &facts, tbs);
}

static X509 *decoded(struct bytes tbs)
{
	uint8_t room[certificate_longest];
	static const uint8_t no_signature[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
	struct buffer out = BUFFER(room);
	assert_false(is_refused(certificate_assemble(tbs, BYTES_OF(issuer_algorithm), BYTES_OF(no_signature), &out)));
	const unsigned char *at = room;
	X509 *certificate = d2i_X509(NULL, &at, (long)out.size);
	assert_non_null(certificate);
	assert_ptr_equal(at, room + out.size);
	return certificate;
}

static void a_device_certificate_says_what_it_must_and_no_more(void **state)
{
	uint8_t room[certificate_longest_tbs];
	struct buffer tbs = BUFFER(room);
	int critical = 0;
	(void)state;
	assert_false(is_refused(build("unit 7", "SN-7", &tbs)));
	X509 *certificate = decoded(buffer_view(&tbs));
	assert_int_equal(X509_get_version(certificate), 2);
	assert_int_equal(X509_check_ca(certificate), 0);
	BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_basic_constraints, &critical, NULL);
	assert_non_null(constraints);
	assert_int_equal(constraints->ca, 0);
	assert_int_equal(critical, 1);
	BASIC_CONSTRAINTS_free(constraints);
	assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_CLIENT);
	assert_int_equal(X509_get_ext_count(certificate), 6);
	assert_int_equal(ASN1_STRING_length(X509_get0_subject_key_id(certificate)), 20);
	assert_memory_equal(ASN1_STRING_get0_data(X509_get0_authority_key_id(certificate)), issuer_key_id, 20);
	struct tm before, after;
	assert_int_equal(ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &before), 1);
	assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &after), 1);
	assert_int_equal(timegm(&before), now_s);
	assert_int_equal(timegm(&after), now_s + 86399);
	X509_free(certificate);
}

/* The SAN: whether critical, and its only name as hex. */
static void expect_san(const char *name, const char *identifier, bool wanted_critical, const uint8_t *wanted, size_t size)
{
	uint8_t room[certificate_longest_tbs];
	struct buffer tbs = BUFFER(room);
	assert_false(is_refused(build(name, identifier, &tbs)));
	X509 *certificate = decoded(buffer_view(&tbs));
	const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	assert_int_equal(X509_EXTENSION_get_critical(extension), wanted_critical);
	assert_int_equal(ASN1_STRING_length(value), size);
	assert_memory_equal(ASN1_STRING_get0_data(value), wanted, size);
	X509_free(certificate);
}

static void the_permanent_identifier_is_as_rfc_4043_has_it(void **state)
{
	static const uint8_t plain[] = {0x30, 0x16, 0xa0, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
					0x08, 0x03, 0xa0, 0x08, 0x30, 0x06, 0x0c, 0x04, 'S',  'N',  '-',  '7'};
	static const uint8_t assigned[] = {0x30, 0x1b, 0xa0, 0x19, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
					   0x05, 0x07, 0x08, 0x03, 0xa0, 0x0d, 0x30, 0x0b, 0x0c, 0x04,
					   'S',  'N',  '-',  '7',  0x06, 0x03, 0x2a, 0x03, 0x04};
	(void)state;
	expect_san("unit 7", "SN-7", false, plain, sizeof plain);
	expect_san("", "SN-7", true, plain, sizeof plain);
	expect_san("unit 7", "SN-7/1.2.3.4", false, assigned, sizeof assigned);
}

static void case_15_a_malformed_identifier_is_refused(void **state)
{
	static const char *const bad[] = {"",          "/",         "/1.2.3",     "SN/",        "SN/1",      "SN/1.",
					  "SN/1.40",   "SN/3.1",    "SN/01.2",    "SN/1.02",    "SN/1.2.",   "SN/1..2",
					  "SN/1.2/3",  "SN/1.2.3 ", "SN/ 1.2.3",  "SN/1.2.-3",  "SN/1.2.x",  "SN//1.2",
					  "SN/1.2.99999999999999999999"};
	static const char *const good[] = {"a", " a ", "a/0.0", "a/1.39", "a/2.999.1", "a/2.40", "\xc3\xa4"};
	uint8_t room[certificate_longest_tbs];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct buffer tbs = BUFFER(room);
		assert_int_equal(build("", bad[i], &tbs).refusal, refusal_identifier_malformed);
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct buffer tbs = BUFFER(room);
		assert_false(is_refused(build("", good[i], &tbs)));
	}
}

static void an_ak_certificate_names_the_tpm_and_the_ek(void **state)
{
	uint8_t room[certificate_longest_tbs], ek[32];
	struct buffer tbs = BUFFER(room);
	const struct certificate_terms made = terms();
	struct certificate_ak facts = {.manufacturer = bytes_from_text("id:49424D00"),
				       .model = bytes_from_text("swtpm"),
				       .version = bytes_from_text("id:20191023"),
				       .directory = bytes_from_text("devices"),
				       .ek_hash = ek};
	int critical = 0;
	(void)state;
	memset(ek, 0xab, sizeof ek);
	assert_false(is_refused(certificate_build_ak(&made, &facts, &tbs)));
	X509 *certificate = decoded(buffer_view(&tbs));
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(certificate)), 0);
	assert_int_equal(X509_check_ca(certificate), 0);
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
	assert_int_equal(critical, 1);
	assert_int_equal(sk_GENERAL_NAME_num(names), 3);
	int kind;
	const X509_NAME *directory = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &kind);
	assert_int_equal(kind, GEN_DIRNAME);
	assert_int_equal(X509_NAME_entry_count(directory), 3);
	const ASN1_STRING *uri = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 1), &kind);
	assert_int_equal(kind, GEN_URI);
	assert_string_equal(ASN1_STRING_get0_data(uri), "urn:ek:sha256:q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=");
	GENERAL_NAMES_free(names);
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	char text[64];
	assert_int_equal(sk_ASN1_OBJECT_num(usage), 1);
	OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(usage, 0), 1);
	assert_string_equal(text, "2.23.133.8.3");
	EXTENDED_KEY_USAGE_free(usage);
	X509_free(certificate);
	facts.model = bytes_from(NULL, 0);
	assert_int_equal(certificate_build_ak(&made, &facts, &tbs).refusal, refusal_voucher_mismatch);
}

static void the_listener_is_named_by_host_and_address(void **state)
{
	const struct certificate_terms made = terms();
	const struct {
		const char *name, *address;
		enum refusal refusal;
		bool has_host, has_address;
	} rows[] = {{"ca.test", "127.0.0.1", refusal_none, true, true},
		    {"ca.test", "", refusal_none, true, false},
		    {"127.0.0.1", "127.0.0.1", refusal_none, false, true},
		    {"", "127.0.0.1", refusal_tls_name_unset, false, false},
		    {"ca.test", "localhost", refusal_tls_name_unset, false, false}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t room[certificate_longest_tbs];
		struct buffer tbs = BUFFER(room);
		const struct certificate_tls facts = {bytes_from_text(rows[i].name), bytes_from_text(rows[i].address)};
		assert_int_equal(certificate_build_tls(&made, &facts, &tbs).refusal, rows[i].refusal);
		if (rows[i].refusal != refusal_none)
			continue;
		X509 *certificate = decoded(buffer_view(&tbs));
		assert_int_equal(X509_check_host(certificate, "ca.test", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
				 rows[i].has_host);
		assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), rows[i].has_address);
		assert_int_equal(X509_get_extended_key_usage(certificate), XKU_SSL_SERVER);
		X509_free(certificate);
	}
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, certificate_serial_size);
}

static void case_90_serials_are_random_positive_and_never_repeat(void **state)
{
	enum { many = 20000 };
	static uint8_t serials[many][certificate_serial_size];
	unsigned ones[160] = {0};
	(void)state;
	for (size_t i = 0; i < many; i++) {
		const struct certificate_terms made = terms(); /* the same entry each time, as after a roll-back */
		memcpy(serials[i], made.serial, sizeof serials[i]);
		assert_int_equal(made.serial[0] & 0xc0, 0x40);
		for (unsigned bit = 0; bit < 160; bit++)
			ones[bit] += made.serial[bit / 8] >> (7 - bit % 8) & 1;
	}
	for (unsigned bit = 2; bit < 160; bit++)
		assert_in_range(ones[bit], many / 2 - 600, many / 2 + 600);
	qsort(serials, many, sizeof serials[0], by_octets);
	for (size_t i = 1; i < many; i++)
		assert_memory_not_equal(serials[i - 1], serials[i], sizeof serials[0]);
}

static void case_71_no_certificate_is_dated_back_or_outlives_its_issuer(void **state)
{
	struct certificate_terms made;
	(void)state;
	assert_false(is_refused(certificate_draw_terms(&issuer, spki, now_s, UINT32_MAX, 0, &made)));
	assert_int_equal(made.not_before_s, now_s);
	assert_int_equal(made.not_after_s, issuer.not_after_s);
	assert_int_equal(certificate_draw_terms(&issuer, spki, issuer.not_before_s - 1, 60, 0, &made).refusal,
			 refusal_clock_unsafe);
	assert_int_equal(certificate_draw_terms(&issuer, spki, issuer.not_after_s, 60, 0, &made).refusal,
			 refusal_clock_unsafe);
	assert_int_equal(certificate_draw_terms(&issuer, spki, now_s, 0, 0, &made).refusal, refusal_envelope_exceeded);
	assert_false(is_refused(certificate_draw_terms(&issuer, spki, now_s, 1, 0, &made)));
	assert_int_equal(made.not_after_s, made.not_before_s);
}

static void a_time_from_2050_on_is_a_generalized_time(void **state)
{
	const struct certificate_issuer old = {.name = issuer.name,
					       .key_id = issuer.key_id,
					       .signature_algorithm = issuer.signature_algorithm,
					       .not_after_s = 253402300799};
	struct certificate_terms made;
	uint8_t room[certificate_longest_tbs];
	struct buffer tbs = BUFFER(room);
	const struct message_identifier one = {bytes_from_text("permanent-identifier"), bytes_from_text("a")};
	const struct certificate_device facts = {.identifiers = &one,
						 .count = 1,
						 .usage = certificate_usage(bytes_from_text("clientAuth"))};
	(void)state;
	assert_false(is_refused(certificate_draw_terms(&old, spki, 2524607999, 2, 0, &made)));
	assert_false(is_refused(certificate_build(&made, &facts, &tbs)));
	X509 *certificate = decoded(buffer_view(&tbs));
	assert_int_equal(ASN1_STRING_type(X509_get0_notBefore(certificate)), V_ASN1_UTCTIME);
	assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(certificate)), V_ASN1_GENERALIZEDTIME);
	X509_free(certificate);
}

static void only_known_usages_are_usages(void **state)
{
	(void)state;
	assert_non_null(certificate_usage(bytes_from_text("clientAuth")));
	assert_null(certificate_usage(bytes_from_text("anyExtendedKeyUsage")));
	assert_null(certificate_usage(bytes_from_text("codeSigning")));
	assert_null(certificate_usage(bytes_from_text("")));
}

static void the_key_is_read_back_from_what_was_built(void **state)
{
	uint8_t room[certificate_longest_tbs];
	struct buffer tbs = BUFFER(room);
	struct bytes found;
	(void)state;
	assert_false(is_refused(build("unit 7", "SN-7", &tbs)));
	assert_false(is_refused(certificate_read_spki(buffer_view(&tbs), &found)));
	assert_true(bytes_equal(found, spki));
	for (size_t size = 0; size < tbs.size; size++)
		assert_true(is_refused(certificate_read_spki(bytes_from(room, size), &found)));
}

/* ---- keys ---- */

static enum refusal parse(const uint8_t *der, size_t size, struct spki *out)
{
	return spki_parse(bytes_from(der, size), out).refusal;
}

static void check_key(EVP_PKEY *key, bool is_taken, enum spki_kind kind, unsigned bits)
{
	uint8_t der[1200], changed[1200];
	struct spki got;
	assert_non_null(key);
	const struct bytes encoded = fixture_spki(key, der, sizeof der);
	assert_int_equal(parse(der, encoded.size, &got), is_taken ? refusal_none : refusal_public_key_bad);
	if (is_taken) {
		assert_int_equal(got.kind, kind);
		assert_int_equal(got.bits, bits);
		for (size_t size = 0; size < encoded.size; size++)
			assert_int_equal(parse(der, size, &got), refusal_public_key_bad);
		memcpy(changed, der, encoded.size);
		changed[encoded.size] = 0;
		assert_int_equal(parse(changed, encoded.size + 1, &got), refusal_public_key_bad);
	}
	EVP_PKEY_free(key);
}

static void case_67_keys_of_other_kinds_or_sizes_are_refused(void **state)
{
	(void)state;
	check_key(EVP_EC_gen("P-256"), true, spki_ec, 256);
	check_key(EVP_EC_gen("P-384"), true, spki_ec, 384);
	check_key(EVP_EC_gen("P-521"), true, spki_ec, 521);
	check_key(EVP_EC_gen("P-224"), false, spki_ec, 0);
	check_key(EVP_EC_gen("secp256k1"), false, spki_ec, 0);
	check_key(EVP_EC_gen("brainpoolP256r1"), false, spki_ec, 0);
	check_key(EVP_RSA_gen(2048), true, spki_rsa, 2048);
	check_key(EVP_RSA_gen(2047), false, spki_rsa, 0);
	check_key(EVP_RSA_gen(1024), false, spki_rsa, 0);
	check_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), false, spki_ec, 0);
}

static void case_67_a_changed_octet_of_a_point_is_refused(void **state)
{
	struct spki got;
	(void)state;
	for (size_t at = 0; at < spki.size; at++) {
		uint8_t changed[100];
		memcpy(changed, spki.data, spki.size);
		changed[at] ^= 0x04;
		assert_int_equal(parse(changed, spki.size, &got), refusal_public_key_bad);
	}
}

/* An RSA key with a modulus of `size` octets of 0xc1 and this exponent. */
static size_t rsa_key(uint8_t *room, size_t room_size, size_t size, const uint8_t *exponent, size_t exponent_size)
{
	static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
					    0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	uint8_t modulus[1024], zero = 0;
	struct buffer out = {.data = room, .room = room_size};
	struct der der = {.out = &out};
	memset(modulus, 0xc1, sizeof modulus);
	const size_t whole = der_open(&der, der_sequence);
	der_add(&der, BYTES_OF(algorithm));
	const size_t bits = der_open(&der, der_bit_string);
	der_add(&der, bytes_from(&zero, 1));
	const size_t pair = der_open(&der, der_sequence), number = der_open(&der, der_integer);
	der_add(&der, bytes_from(&zero, 1));
	der_add(&der, bytes_from(modulus, size));
	der_close(&der, number);
	der_put(&der, der_integer, bytes_from(exponent, exponent_size));
	der_close(&der, pair);
	der_close(&der, bits);
	der_close(&der, whole);
	assert_false(der.is_full);
	return out.size;
}

static void case_67_rsa_exponents_and_sizes_outside_bounds_are_refused(void **state)
{
	static const struct {
		uint8_t exponent[6];
		size_t exponent_size, size;
		bool is_taken;
	} rows[] = {
		{{1, 0, 1}, 3, 256, true},        {{1, 0, 1}, 3, 512, true},     {{1, 0, 1}, 3, 513, false},
		{{1, 0, 1}, 3, 255, false},       {{3}, 1, 256, false},          {{1}, 1, 256, false},
		{{0}, 1, 256, false},             {{1, 0, 2}, 3, 256, false},    {{0, 0xff, 0xff}, 3, 256, false},
		{{0, 1, 0, 1}, 4, 256, false},    {{0x81, 0, 1}, 3, 256, false}, {{0, 0x80, 0, 0, 1}, 5, 256, true},
		{{1, 0, 0, 0, 1}, 5, 256, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t der[1200];
		struct spki got;
		const size_t size = rsa_key(der, sizeof der, rows[i].size, rows[i].exponent, rows[i].exponent_size);
		assert_int_equal(parse(der, size, &got), rows[i].is_taken ? refusal_none : refusal_public_key_bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_certificate_says_what_it_must_and_no_more),
		cmocka_unit_test(the_permanent_identifier_is_as_rfc_4043_has_it),
		cmocka_unit_test(case_15_a_malformed_identifier_is_refused),
		cmocka_unit_test(an_ak_certificate_names_the_tpm_and_the_ek),
		cmocka_unit_test(the_listener_is_named_by_host_and_address),
		cmocka_unit_test(case_90_serials_are_random_positive_and_never_repeat),
		cmocka_unit_test(case_71_no_certificate_is_dated_back_or_outlives_its_issuer),
		cmocka_unit_test(a_time_from_2050_on_is_a_generalized_time),
		cmocka_unit_test(only_known_usages_are_usages),
		cmocka_unit_test(the_key_is_read_back_from_what_was_built),
		cmocka_unit_test(case_67_keys_of_other_kinds_or_sizes_are_refused),
		cmocka_unit_test(case_67_a_changed_octet_of_a_point_is_refused),
		cmocka_unit_test(case_67_rsa_exponents_and_sizes_outside_bounds_are_refused),
	};
	return cmocka_run_group_tests_name("certificate", tests, make, NULL);
}
