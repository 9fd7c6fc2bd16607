/* SPDX-License-Identifier: Apache-2.0
 * Certificate requests, good and with each defect that is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "attest/verifier/csr.h"
#include "tests/device/request.h"
#include "tests/device/rsa.h"

#define IDENTIFIER "device-7"

static EVP_PKEY *account, *p256, *rsa;
static struct device_octets built;

static enum refusal judge_octets_for(const char *identifier, struct bytes der)
{
	struct csr csr = {.spki_size = 4711};
	struct detail detail;
	struct csr_names names = {.at = {{bytes_from_text("permanent-identifier"), bytes_from_text(identifier)}}, .count = 1};
	status s = csr_judge(der, &names, account, &csr, &detail);
	if (is_refused(s))
		assert_int_equal(csr.spki_size, 4711);
	return s.refusal;
}

static enum refusal judge_octets(struct bytes der)
{
	return judge_octets_for(IDENTIFIER, der);
}

static enum refusal judge_for(const char *identifier, struct device_csr csr)
{
	if (csr.key == NULL)
		csr.key = p256;
	device_csr_build(&csr, &built);
	return judge_octets_for(identifier, device_view(&built));
}

static enum refusal judge(struct device_csr csr)
{
	return judge_for(IDENTIFIER, csr);
}

#define assert_refused(given, wanted) assert_string_equal(status_entry(given)->name, #wanted)
#define assert_taken(given) assert_int_equal(given, refusal_none)

static void a_request_that_names_the_identifier_or_nothing_is_taken(void **state)
{
	(void)state;
	assert_taken(judge((struct device_csr){.subject = IDENTIFIER}));
	assert_taken(judge((struct device_csr){.permanent_identifier = IDENTIFIER}));
	assert_taken(judge((struct device_csr){.subject = IDENTIFIER, .permanent_identifier = IDENTIFIER}));
	assert_taken(judge((struct device_csr){.key = NULL}));
}

static void the_usual_wishes_and_digests_are_taken(void **state)
{
	(void)state;
	assert_taken(judge((struct device_csr){.key_usage = "critical,digitalSignature", .extended_usage = "clientAuth"}));
	assert_taken(judge((struct device_csr){.key_usage = "digitalSignature,keyEncipherment", .constraints = "CA:FALSE"}));
	assert_taken(judge((struct device_csr){.extended_usage = "serverAuth"}));
	assert_taken(judge((struct device_csr){.extended_usage = "serverAuth,clientAuth"}));
	assert_taken(judge((struct device_csr){.digest = "SHA384"}));
	assert_taken(judge((struct device_csr){.key = rsa, .digest = "SHA512"}));
	assert_taken(judge((struct device_csr){.key = rsa, .subject = IDENTIFIER}));
}

static void the_key_of_the_request_is_given_as_it_stands(void **state)
{
	(void)state;
	struct csr csr;
	uint8_t *spki = NULL;
	const struct device_csr options = {.key = rsa};
	device_csr_build(&options, &built);
	struct csr_names names = {.at = {{bytes_from_text("permanent-identifier"), bytes_from_text(IDENTIFIER)}}, .count = 1};
	assert_false(is_refused(csr_judge(device_view(&built), &names, account, &csr, NULL)));
	const int size = i2d_PUBKEY(rsa, &spki);
	assert_int_equal(size, csr.spki_size);
	assert_memory_equal(spki, csr.spki, csr.spki_size);
	OPENSSL_free(spki);
}

static void keys_on_each_named_curve_are_taken(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
		assert_taken(judge((struct device_csr){.key = key}));
		EVP_PKEY_free(key);
	}
}

/* Signed with RSA-PSS and this salt. */
static enum refusal judge_pss(const EVP_MD *hash, const EVP_MD *mask, int salt)
{
	X509_REQ *request = X509_REQ_new();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding;
	uint8_t *der = NULL;
	assert_true(X509_REQ_set_pubkey(request, rsa) == 1 && EVP_DigestSignInit(context, &padding, hash, NULL, rsa) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(padding, mask) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt) == 1 && X509_REQ_sign_ctx(request, context) > 0);
	const int size = i2d_X509_REQ(request, &der);
	assert_true(size > 0);
	enum refusal refusal = judge_octets(bytes_from(der, (size_t)size));
	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	X509_REQ_free(request);
	return refusal;
}

static void case_64_rsa_pss_with_odd_parameters_is_refused(void **state)
{
	(void)state;
	assert_taken(judge_pss(EVP_sha256(), EVP_sha256(), 32));
	assert_taken(judge_pss(EVP_sha384(), EVP_sha384(), 48));
	assert_taken(judge_pss(EVP_sha512(), EVP_sha512(), 64));
	assert_refused(judge_pss(EVP_sha256(), EVP_sha256(), 0), csr_signature_wrong);
	assert_refused(judge_pss(EVP_sha256(), EVP_sha256(), 33), csr_signature_wrong);
	assert_refused(judge_pss(EVP_sha256(), EVP_sha1(), 32), csr_signature_wrong);
	assert_refused(judge_pss(EVP_sha256(), EVP_sha512(), 32), csr_signature_wrong);
	assert_refused(judge_pss(EVP_sha1(), EVP_sha1(), 20), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.key = rsa, .is_pss = true}), csr_signature_wrong);
}

static void case_64_a_request_not_signed_by_its_own_key_is_refused(void **state)
{
	(void)state;
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_refused(judge((struct device_csr){.signer = other}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.signer = rsa}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.is_changed = true}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.key = rsa, .is_changed = true}), csr_signature_wrong);
	EVP_PKEY_free(other);
}

static void a_signature_with_an_old_digest_is_refused(void **state)
{
	(void)state;
	assert_refused(judge((struct device_csr){.digest = "SHA1"}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.key = rsa, .digest = "SHA1"}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.key = rsa, .digest = "MD5"}), csr_signature_wrong);
	assert_refused(judge((struct device_csr){.key = rsa, .digest = "SHA224"}), csr_signature_wrong);
}

static void case_64_attributes_beyond_one_extension_request_are_refused(void **state)
{
	(void)state;
	assert_refused(judge((struct device_csr){.has_challenge_password = true}), csr_attribute_refused);
	assert_refused(judge((struct device_csr){.has_unknown_attribute = true}), csr_attribute_refused);
	assert_refused(judge((struct device_csr){.has_two_extension_requests = true}), csr_attribute_refused);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER, .has_challenge_password = true}),
		       csr_attribute_refused);
}

static void case_64_an_extension_that_is_not_granted_is_refused(void **state)
{
	(void)state;
	static const char *const usages[] = {"keyCertSign", "cRLSign", "digitalSignature,keyCertSign", "nonRepudiation",
					     "keyAgreement", "digitalSignature,decipherOnly"};
	static const char *const extended[] = {"anyExtendedKeyUsage", "codeSigning", "clientAuth,codeSigning", "clientAuth,serverAuth,clientAuth",
					       "emailProtection", "1.3.6.1.4.1.311.20.2.2"};
	/* name constraints, AIA, CDP, SID, certificate policies, template, subject key identifier, TLS feature */
	static const char *const oids[] = {"2.5.29.30", "1.3.6.1.5.5.7.1.1", "2.5.29.31", "1.3.6.1.4.1.311.25.2", "2.5.29.32",
					   "1.3.6.1.4.1.311.21.7", "2.5.29.14", "1.3.6.1.5.5.7.1.24", "1.2.3.4"};
	for (size_t i = 0; i < sizeof usages / sizeof *usages; i++)
		assert_refused(judge((struct device_csr){.key_usage = usages[i]}), csr_extension_refused);
	for (size_t i = 0; i < sizeof extended / sizeof *extended; i++)
		assert_refused(judge((struct device_csr){.extended_usage = extended[i]}), csr_extension_refused);
	for (size_t i = 0; i < sizeof oids / sizeof *oids; i++)
		assert_refused(judge((struct device_csr){.subject = IDENTIFIER, .extension_oid = oids[i]}), csr_extension_refused);
	assert_refused(judge((struct device_csr){.constraints = "CA:TRUE"}), csr_extension_refused);
	assert_refused(judge((struct device_csr){.constraints = "critical,CA:FALSE,pathlen:0"}), csr_extension_refused);
}

static void an_extension_twice_or_of_the_wrong_kind_is_refused(void **state)
{
	(void)state;
	assert_refused(judge((struct device_csr){.key_usage = "digitalSignature", .extension_oid = "2.5.29.15"}),
		       csr_extension_refused);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER, .extension_oid = "2.5.29.17"}),
		       csr_extension_refused);
	assert_refused(judge((struct device_csr){.extension_oid = "2.5.29.37"}), csr_extension_refused);
	assert_refused(judge((struct device_csr){.extension_oid = "2.5.29.15"}), csr_extension_refused);
	assert_refused(judge((struct device_csr){.extension_oid = "2.5.29.19"}), csr_extension_refused);
	assert_refused(judge((struct device_csr){.extension_oid = "2.5.29.17"}), csr_name_wrong);
}

static void case_64_an_alternative_name_of_another_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" IDENTIFIER, "DNS:" IDENTIFIER,
					    "URI:urn:" IDENTIFIER, "email:a@b.example", "IP:10.0.0.1", "RID:1.2.3.4",
					    "otherName:1.3.6.1.5.5.7.8.3;UTF8:" IDENTIFIER};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_refused(judge((struct device_csr){.alternative_name = names[i]}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = "device-8"}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = "DEVICE-7"}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER " "}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = ""}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER, .assigner = "1.2.3"}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER, .second_permanent_identifier = IDENTIFIER}),
		       csr_name_wrong);
	assert_refused(judge((struct device_csr){.permanent_identifier = IDENTIFIER, .second_permanent_identifier = "device-8"}),
		       csr_name_wrong);
	assert_refused(judge((struct device_csr){.subject = IDENTIFIER, .permanent_identifier = "device-8"}), csr_name_wrong);
}

static void an_assigner_is_part_of_the_identifier_and_no_slash_stands_in_for_it(void **state)
{
	(void)state;
	assert_taken(judge_for("SN-7/1.2.3", (struct device_csr){.permanent_identifier = "SN-7", .assigner = "1.2.3"}));
	assert_refused(judge_for("SN-7/1.2.3", (struct device_csr){.permanent_identifier = "SN-7", .assigner = "1.2.4"}),
		       csr_name_wrong);
	assert_refused(judge_for("SN-7/1.2.3", (struct device_csr){.permanent_identifier = "SN-7"}), csr_name_wrong);
	assert_refused(judge_for("SN-7/1.2.3", (struct device_csr){.permanent_identifier = "SN-7/1.2.3"}), csr_name_wrong);
}

static void case_64_a_subject_of_another_is_refused(void **state)
{
	(void)state;
	static const char *const subjects[] = {"device-8", "Device-7", IDENTIFIER " ", " " IDENTIFIER, "device-77", "device-"};
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
		assert_refused(judge((struct device_csr){.subject = subjects[i]}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.subject = IDENTIFIER, .organization = "Example"}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.organization = IDENTIFIER}), csr_name_wrong);
	assert_refused(judge((struct device_csr){.subject = "device-8", .permanent_identifier = IDENTIFIER}), csr_name_wrong);
}

static void case_63_the_account_key_as_key_of_the_request_is_refused(void **state)
{
	(void)state;
	assert_refused(judge((struct device_csr){.key = account, .subject = IDENTIFIER}), csr_key_is_account_key);
}

static EVP_PKEY *rsa_new(unsigned bits, unsigned exponent)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	BIGNUM *e = BN_new();
	assert_true(BN_set_word(e, exponent) == 1 && EVP_PKEY_keygen_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) == 1 &&
		    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) == 1 && EVP_PKEY_generate(context, &key) == 1);
	BN_free(e);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* A request for a public key of these numbers, signed by another: the key is judged first. */
static enum refusal judge_modulus(const BIGNUM *modulus, BN_ULONG exponent)
{
	EVP_PKEY *key = device_rsa_public(modulus, exponent);
	enum refusal refusal = judge((struct device_csr){.key = key, .signer = rsa});
	EVP_PKEY_free(key);
	return refusal;
}

static void case_67_a_small_key_or_exponent_is_refused(void **state)
{
	(void)state;
	static const unsigned shapes[][2] = {{1024, 65537}, {2047, 65537}, {2048, 3}, {2048, 17}};
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		EVP_PKEY *key = rsa_new(shapes[i][0], shapes[i][1]);
		assert_refused(judge((struct device_csr){.key = key, .subject = IDENTIFIER}), csr_key_weak);
		EVP_PKEY_free(key);
	}
}

static void case_67_a_modulus_that_no_honest_generator_makes_is_refused(void **state)
{
	(void)state;
	BIGNUM *modulus = NULL, *changed = BN_new();
	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
	assert_taken(judge_modulus(modulus, 65537));
	assert_refused(judge_modulus(modulus, 1), csr_key_weak);
	assert_refused(judge_modulus(modulus, 65538), csr_key_weak);
	assert_refused(judge_modulus(modulus, ((BN_ULONG)1 << 32) + 1), csr_key_weak);
	assert_true(BN_copy(changed, modulus) != NULL && BN_sub_word(changed, 1) == 1);
	assert_refused(judge_modulus(changed, 65537), csr_key_weak);
	assert_true(BN_copy(changed, modulus) != NULL && BN_rshift(changed, changed, 9) == 1 && BN_set_bit(changed, 0) == 1 &&
		    BN_mul_word(changed, 743) == 1);
	while (BN_num_bits(changed) < 2048)
		assert_true(BN_mul_word(changed, 3) == 1);
	assert_refused(judge_modulus(changed, 65537), csr_key_weak);
	assert_true(BN_lshift(changed, modulus, 2049) == 1 && BN_set_bit(changed, 0) == 1); /* longer than 4096 bits */
	assert_refused(judge_modulus(changed, 65537), csr_key_weak);
	device_rsa_roca(changed);
	assert_refused(judge_modulus(changed, 65537), csr_key_weak);
	BN_free(modulus);
	BN_free(changed);
}

/* The distance d of primes near 2^1024 costs Fermat's method d^2 / 2^1027 rounds: 32 or a third more at 2^516, over 500 at 2^518. */
static void case_67_a_modulus_of_two_close_primes_is_refused(void **state)
{
	(void)state;
	static const unsigned close[] = {1, 64, 400, 513, 516};
	BIGNUM *modulus = BN_new();
	for (size_t i = 0; i < sizeof close / sizeof close[0]; i++) {
		device_rsa_close(close[i], modulus);
		assert_refused(judge_modulus(modulus, 65537), csr_key_weak);
	}
	device_rsa_close(518, modulus);
	assert_refused(judge_modulus(modulus, 65537), csr_signature_wrong); /* the key is taken; its private half is not at hand */
	BN_free(modulus);
}

static void case_67_a_prime_as_modulus_is_refused(void **state)
{
	(void)state;
	BIGNUM *prime = BN_get_rfc3526_prime_2048(NULL);
	assert_non_null(prime);
	assert_refused(judge_modulus(prime, 65537), csr_key_weak);
	BN_free(prime);
}

static void case_67_a_curve_or_kind_that_is_not_taken_is_refused(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-224", "secp256k1", "brainpoolP256r1"};
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
		assert_refused(judge((struct device_csr){.key = key}), csr_key_weak);
		EVP_PKEY_free(key);
	}
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_refused(judge((struct device_csr){.key = key}), csr_key_weak);
	EVP_PKEY_free(key);
}

/* A P-256 key whose SubjectPublicKeyInfo is written in this way. */
static EVP_PKEY *ec_new(const char *encoding, const char *form)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	assert_true(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding) == 1 &&
		    EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form) == 1);
	return key;
}

static void case_67_explicit_parameters_and_other_forms_of_points_are_refused(void **state)
{
	(void)state;
	static const struct shape {
		const char *encoding, *form;
		int size; /* of the SubjectPublicKeyInfo; 0: more than the usual 91 */
	} shapes[] = {{"explicit", "uncompressed", 0}, {"named_curve", "compressed", 59}, {"named_curve", "hybrid", 91}};
	EVP_PKEY *key = ec_new("named_curve", "uncompressed");
	assert_taken(judge((struct device_csr){.key = key}));
	EVP_PKEY_free(key);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		key = ec_new(shapes[i].encoding, shapes[i].form);
		const int size = i2d_PUBKEY(key, NULL);
		assert_true(shapes[i].size == 0 ? size > 91 : size == shapes[i].size);
		assert_refused(judge((struct device_csr){.key = key}), csr_key_weak);
		EVP_PKEY_free(key);
	}
}

static void case_67_a_point_off_the_curve_is_refused(void **state)
{
	(void)state;
	uint8_t *spki = NULL;
	assert_taken(judge((struct device_csr){.subject = IDENTIFIER}));
	const int size = i2d_PUBKEY(p256, &spki);
	assert_true(size > 64);
	uint8_t *at = memmem(built.data, built.size, spki, (size_t)size);
	assert_non_null(at);
	at[size - 1] ^= 1;
	assert_refused(judge_octets(device_view(&built)), csr_key_weak);
	OPENSSL_free(spki);
}

static void anything_but_one_der_request_is_malformed(void **state)
{
	(void)state;
	uint8_t changed[8192];
	assert_taken(judge((struct device_csr){.subject = IDENTIFIER, .permanent_identifier = IDENTIFIER,
					       .key_usage = "digitalSignature", .extended_usage = "clientAuth"}));
	for (size_t size = 0; size < built.size; size++)
		assert_refused(judge_octets(bytes_from(built.data, size)), csr_malformed);
	memcpy(changed, built.data, built.size);
	changed[built.size] = 0;
	assert_refused(judge_octets(bytes_from(changed, built.size + 1)), csr_malformed);
	/* 30 82 xx xx ... in the indefinite form: 30 80 ... 00 00 */
	assert_int_equal(built.data[1], 0x82);
	changed[1] = 0x80;
	memcpy(changed + 2, built.data + 4, built.size - 4);
	memset(changed + built.size - 2, 0, 2);
	assert_refused(judge_octets(bytes_from(changed, built.size)), csr_malformed);
	/* the same length in three octets */
	memcpy(changed, (const uint8_t[]){0x30, 0x83, 0x00}, 3);
	memcpy(changed + 3, built.data + 2, built.size - 2);
	assert_refused(judge_octets(bytes_from(changed, built.size + 1)), csr_malformed);
	/* version 1 in place of 0, behind two heads */
	memcpy(changed, built.data, built.size);
	uint8_t *version = memmem(changed, 16, "\x02\x01\x00", 3);
	assert_non_null(version);
	version[2] = 1;
	assert_refused(judge_octets(bytes_from(changed, built.size)), csr_malformed);
}

static void elements_within_elements_without_end_are_malformed(void **state)
{
	(void)state;
	uint8_t nested[4096];
	for (size_t i = 0; i + 4 <= sizeof nested; i += 4)
		memcpy(nested + i, (const uint8_t[]){0x30, 0x82, (uint8_t)((sizeof nested - i - 4) >> 8),
						     (uint8_t)(sizeof nested - i - 4)}, 4);
	assert_refused(judge_octets(BYTES_OF(nested)), csr_malformed);
}

static void no_bit_of_a_good_request_can_be_flipped(void **state)
{
	(void)state;
	EVP_PKEY *const keys[] = {p256, rsa};
	for (size_t k = 0; k < 2; k++) {
		assert_taken(judge((struct device_csr){.key = keys[k], .subject = IDENTIFIER, .permanent_identifier = IDENTIFIER,
						       .extended_usage = "clientAuth"}));
		/* RSA: every octet, since each judgement of a modulus takes milliseconds */
		for (size_t i = 0; i < built.size * 8; i += k == 0 ? 1 : 7) {
			built.data[i / 8] ^= (uint8_t)(1 << i % 8);
			assert_int_not_equal(judge_octets(device_view(&built)), refusal_none);
			built.data[i / 8] ^= (uint8_t)(1 << i % 8);
		}
	}
}

static int set_up(void **state)
{
	(void)state;
	account = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	return account != NULL && p256 != NULL && rsa != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(account);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(rsa);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_that_names_the_identifier_or_nothing_is_taken),
		cmocka_unit_test(the_usual_wishes_and_digests_are_taken),
		cmocka_unit_test(the_key_of_the_request_is_given_as_it_stands),
		cmocka_unit_test(keys_on_each_named_curve_are_taken),
		cmocka_unit_test(case_64_rsa_pss_with_odd_parameters_is_refused),
		cmocka_unit_test(case_64_a_request_not_signed_by_its_own_key_is_refused),
		cmocka_unit_test(a_signature_with_an_old_digest_is_refused),
		cmocka_unit_test(case_64_attributes_beyond_one_extension_request_are_refused),
		cmocka_unit_test(case_64_an_extension_that_is_not_granted_is_refused),
		cmocka_unit_test(an_extension_twice_or_of_the_wrong_kind_is_refused),
		cmocka_unit_test(case_64_an_alternative_name_of_another_is_refused),
		cmocka_unit_test(an_assigner_is_part_of_the_identifier_and_no_slash_stands_in_for_it),
		cmocka_unit_test(case_64_a_subject_of_another_is_refused),
		cmocka_unit_test(case_63_the_account_key_as_key_of_the_request_is_refused),
		cmocka_unit_test(case_67_a_small_key_or_exponent_is_refused),
		cmocka_unit_test(case_67_a_modulus_that_no_honest_generator_makes_is_refused),
		cmocka_unit_test(case_67_a_modulus_of_two_close_primes_is_refused),
		cmocka_unit_test(case_67_a_prime_as_modulus_is_refused),
		cmocka_unit_test(case_67_a_curve_or_kind_that_is_not_taken_is_refused),
		cmocka_unit_test(case_67_explicit_parameters_and_other_forms_of_points_are_refused),
		cmocka_unit_test(case_67_a_point_off_the_curve_is_refused),
		cmocka_unit_test(anything_but_one_der_request_is_malformed),
		cmocka_unit_test(elements_within_elements_without_end_are_malformed),
		cmocka_unit_test(no_bit_of_a_good_request_can_be_flipped),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
