/* SPDX-License-Identifier: Apache-2.0
 * Which keys OpenSSL still reads once the verifier has limited it. Keys are made in a library context of their own, which
 * knows all kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "attest/verifier/key_kinds.h"

static OSSL_LIB_CTX *everything;

/* The caller frees. */
static EVP_PKEY *make(const char *kind)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(everything, kind, NULL);
	assert_non_null(context);
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	if (strcmp(kind, "EC") == 0)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(context, "P-384"), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *read_again(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	const int size = i2d_PUBKEY(key, &der);
	assert_true(size > 0);
	const unsigned char *at = der;
	EVP_PKEY *read = d2i_PUBKEY(NULL, &at, size);
	OPENSSL_free(der);
	return read;
}

/* Signed where all kinds are known, verified here. */
static bool verifies(EVP_PKEY *signer, EVP_PKEY *verifier, const char *digest)
{
	static const uint8_t text[] = "a statement";
	uint8_t signature[512];
	size_t size = sizeof signature;
	EVP_MD_CTX *signing = EVP_MD_CTX_new(), *verifying = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(signing, NULL, digest, everything, NULL, signer, NULL), 1);
	assert_int_equal(EVP_DigestSign(signing, signature, &size, text, sizeof text), 1);
	const bool is_good = EVP_DigestVerifyInit_ex(verifying, NULL, digest, NULL, NULL, verifier, NULL) == 1 &&
			     EVP_DigestVerify(verifying, signature, size, text, sizeof text) == 1;
	EVP_MD_CTX_free(signing);
	EVP_MD_CTX_free(verifying);
	return is_good;
}

static void the_kinds_that_are_judged_are_read_and_verify(void **state)
{
	static const struct {
		const char *kind, *digest;
	} kinds[] = {{"RSA", "SHA256"}, {"RSA-PSS", "SHA256"}, {"EC", "SHA384"}, {"ED25519", NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		EVP_PKEY *key = make(kinds[i].kind), *read = read_again(key);
		assert_non_null(read);
		assert_true(EVP_PKEY_is_a(read, kinds[i].kind));
		assert_true(verifies(key, read, kinds[i].digest));
		EVP_PKEY_free(key);
		EVP_PKEY_free(read);
	}
}

static void other_kinds_are_not_read(void **state)
{
	static const char *const kinds[] = {"X25519", "X448", "ED448", "SM2"};
	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		EVP_PKEY *key = make(kinds[i]), *read = read_again(key);
		assert_null(read);
		EVP_PKEY_free(key);
	}
}

static void a_certificate_with_another_kind_of_key_has_none(void **state)
{
	unsigned char *der = NULL;
	(void)state;
	EVP_PKEY *subject = make("X25519"), *issuer = make("EC");
	X509 *certificate = X509_new_ex(everything, NULL);
	assert_int_equal(X509_set_pubkey(certificate, subject), 1);
	assert_true(X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL);
	assert_true(X509_gmtime_adj(X509_getm_notAfter(certificate), 60) != NULL);
	assert_true(X509_sign(certificate, issuer, EVP_sha256()) > 0);
	const int size = i2d_X509(certificate, &der);
	assert_true(size > 0);
	const unsigned char *at = der;
	X509 *read = d2i_X509(NULL, &at, size);
	assert_non_null(read);
	assert_null(X509_get0_pubkey(read));
	EVP_PKEY *here = read_again(issuer);
	assert_int_equal(X509_verify(read, here), 1);
	EVP_PKEY_free(here);
	X509_free(read);
	OPENSSL_free(der);
	X509_free(certificate);
	EVP_PKEY_free(subject);
	EVP_PKEY_free(issuer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kinds_that_are_judged_are_read_and_verify),
		cmocka_unit_test(other_kinds_are_not_read),
		cmocka_unit_test(a_certificate_with_another_kind_of_key_has_none),
	};
	everything = OSSL_LIB_CTX_new();
	if (everything == NULL || !key_kinds_limit())
		return 1;
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	OSSL_LIB_CTX_free(everything);
	return failed;
}
