/* SPDX-License-Identifier: Apache-2.0
 * The device's side of RFC 9773: what a certificate is called, times as a CA writes them, and the moment in a window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "attest/enroll/renewal.h"

static EVP_PKEY *key;

static X509 *certificate(const uint8_t *serial, size_t size, bool has_authority)
{
	static const uint8_t key_id[] = {0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3,
					 0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4};
	X509 *out = X509_new();
	BIGNUM *number = BN_bin2bn(serial, (int)size, NULL);
	assert_non_null(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(out)));
	BN_free(number);
	assert_int_equal(X509_set_version(out, X509_VERSION_3), 1);
	if (has_authority) {
		AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
		authority->keyid = ASN1_OCTET_STRING_new();
		assert_int_equal(ASN1_OCTET_STRING_set(authority->keyid, key_id, sizeof key_id), 1);
		assert_int_equal(X509_add1_ext_i2d(out, NID_authority_key_identifier, authority, 0, X509V3_ADD_DEFAULT), 1);
		AUTHORITY_KEYID_free(authority);
	}
	assert_int_equal(X509_set_pubkey(out, key), 1);
	assert_true(X509_sign(out, key, EVP_sha256()) > 0);
	return out;
}

static void the_certificate_of_the_standard_gets_its_name(void **state)
{
	static const uint8_t serial[] = {0x87, 0x65, 0x43, 0x21};
	char name[renewal_name_room];
	(void)state;
	X509 *leaf = certificate(serial, sizeof serial, true);
	assert_true(renewal_name(leaf, name));
	assert_string_equal(name, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	X509_free(leaf);
	leaf = certificate(serial, sizeof serial, false);
	assert_false(renewal_name(leaf, name));
	assert_string_equal(name, "");
	X509_free(leaf);
}

static void is_read(const char *text, uint64_t expected)
{
	uint64_t at_s = 0;
	if (!renewal_read_time(text, &at_s))
		fail_msg("%s is not read", text);
	assert_int_equal(at_s, expected);
}

static void times_are_read_as_the_standard_writes_them_and_no_others(void **state)
{
	static const char *const bad[] = {"", "2025-01-03", "2025-01-03T00:00:00", "2025-01-03 00:00:00Z", "2025-01-03T00:00:00.Z",
					  "2025-01-03T00:00:00Zx", "2025-13-03T00:00:00Z", "2025-01-03T24:00:00Z",
					  "2025-01-03T00:00:00+1:00", "2025-01-03T00:00:00+0100", "2025-01-03T00:00:00+24:00",
					  " 2025-01-03T00:00:00Z", "2025-1-03T00:00:00Z", "+025-01-03T00:00:00Z",
					  "1969-12-31T23:59:59Z", "2025-01-03T00:00:00x01:00"};
	uint64_t at_s = 7;
	(void)state;
	is_read("2025-01-03T00:00:00Z", 1735862400);
	is_read("2025-01-03T00:00:00.123456Z", 1735862400);
	is_read("2025-01-03T01:30:00+01:30", 1735862400);
	is_read("2025-01-02T22:00:00-02:00", 1735862400);
	is_read("1970-01-01T00:00:00Z", 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (renewal_read_time(bad[i], &at_s) || at_s != 7)
			fail_msg("\"%s\" is read", bad[i]);
}

static void the_moment_is_within_the_window_and_always_the_same(void **state)
{
	enum { start = 1000, width = 4000 };
	unsigned early = 0;
	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		const uint8_t serial[] = {1, i};
		X509 *leaf = certificate(serial, sizeof serial, true);
		const uint64_t at_s = renewal_moment(leaf, start, start + width);
		assert_true(at_s >= start && at_s < start + width);
		assert_int_equal(renewal_moment(leaf, start, start + width), at_s);
		assert_true(renewal_moment(leaf, 0, UINT64_MAX) < UINT64_MAX);
		assert_int_equal(renewal_moment(leaf, start, start + 1), start);
		early += at_s < start + width / 2;
		X509_free(leaf);
	}
	assert_in_range(early, 60, 140); /* a fleet is spread */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_certificate_of_the_standard_gets_its_name),
	    cmocka_unit_test(times_are_read_as_the_standard_writes_them_and_no_others),
	    cmocka_unit_test(the_moment_is_within_the_window_and_always_the_same),
	};
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(key);
	return failed;
}
