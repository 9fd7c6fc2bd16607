/* SPDX-License-Identifier: Apache-2.0
 * The reader of TPM structures: exact to the octet, whatever the library beneath it lets pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <tss2/tss2_mu.h>

#include "attest/verifier/tpm_structures.h"
#include "tests/device/statement.h"

static const enum device_kind kinds[] = {device_p256, device_p384, device_p521, device_rsa2048, device_rsa3072};
static const uint8_t thumbprint[32];

static void build(const struct device_key *ak, const struct device_key *key, uint16_t type, struct device_evidence *out)
{
	const struct device_statement statement = {
		.ak = ak, .key = key, .token = bytes_from_text("token"), .thumbprint = thumbprint, .type = type};
	device_evidence_build(&statement, out);
}

static enum refusal parse_attest(struct bytes in)
{
	struct tpm_attest attest;
	return tpm_attest_parse(in, &attest).refusal;
}
static enum refusal parse_public(struct bytes in)
{
	struct tpm_public public;
	return tpm_public_parse(in, &public).refusal;
}
static enum refusal parse_signature(struct bytes in)
{
	struct tpm_signature signature;
	return tpm_signature_parse(in, &signature).refusal;
}

/* Cut anywhere, and one octet more of each value, it is refused. */
static void expect_exact(enum refusal (*parse_one)(struct bytes), struct device_octets *octets, enum refusal refusal)
{
	const size_t size = octets->size;
	assert_int_equal(parse_one(bytes_from(octets->data, size)), refusal_none);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(parse_one(bytes_from(octets->data, cut)), refusal);
	for (unsigned added = 0; added < 256; added++) {
		octets->data[size] = (uint8_t)added;
		assert_int_equal(parse_one(bytes_from(octets->data, size + 1)), refusal);
	}
}

static void attestations_of_every_type_are_exact(void **state)
{
	(void)state;
	static const uint16_t types[] = {TPM2_ST_ATTEST_CERTIFY, TPM2_ST_ATTEST_QUOTE,		TPM2_ST_ATTEST_CREATION,
					 TPM2_ST_ATTEST_NV,	 TPM2_ST_ATTEST_SESSION_AUDIT, TPM2_ST_ATTEST_COMMAND_AUDIT,
					 TPM2_ST_ATTEST_TIME};
	struct device_key ak, key;
	struct device_evidence evidence;
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		build(&ak, &key, types[i], &evidence);
		expect_exact(parse_attest, &evidence.certinfo, refusal_tpm_certinfo_malformed);
	}
	device_key_free(&ak);
	device_key_free(&key);
}

static void an_attestation_is_read_as_it_stands(void **state)
{
	(void)state;
	struct device_key ak, key;
	struct device_evidence evidence;
	struct tpm_attest attest;
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	build(&ak, &key, 0, &evidence);
	assert_int_equal(tpm_attest_parse(device_view(&evidence.certinfo), &attest).refusal, refusal_none);
	assert_int_equal(attest.magic, TPM_GENERATED);
	assert_int_equal(attest.type, tpm_st_attest_certify);
	assert_int_equal(attest.extra_data.size, 32);
	assert_int_equal(attest.reset_count, 7);
	assert_int_equal(attest.restart_count, 1);
	assert_true(attest.is_clock_safe);
	assert_int_equal(attest.firmware_version, 0x2019102300163636);
	assert_int_equal(attest.name.size, key.name_size);
	assert_memory_equal(attest.name.data, key.name, key.name_size);
	device_key_free(&ak);
	device_key_free(&key);
}

static void a_truth_value_that_is_neither_yes_nor_no_is_refused(void **state)
{
	(void)state;
	struct device_key ak, key;
	struct device_evidence evidence;
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	build(&ak, &key, 0, &evidence);
	/* magic, type, qualifiedSigner, extraData, clock, resetCount, restartCount: then safe */
	const size_t safe = 4 + 2 + 2 + 34 + 2 + 32 + 8 + 4 + 4;
	assert_int_equal(evidence.certinfo.data[safe], 1);
	evidence.certinfo.data[safe] = 2;
	assert_int_equal(parse_attest(device_view(&evidence.certinfo)), refusal_tpm_certinfo_malformed);
	device_key_free(&ak);
	device_key_free(&key);
}

static void public_areas_of_every_kind_are_exact(void **state)
{
	(void)state;
	static const enum device_role roles[] = {device_role_ek, device_role_ak, device_role_key};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (size_t k = 0; k < sizeof roles / sizeof *roles; k++) {
			struct device_key key;
			struct device_octets area = {0};
			device_key_new(roles[k], kinds[i], &key);
			device_append(&area, key.area, key.area_size);
			expect_exact(parse_public, &area, refusal_tpm_public_malformed);
			device_key_free(&key);
		}
}

static void signatures_of_every_kind_are_exact(void **state)
{
	(void)state;
	struct device_key key;
	device_key_new(device_role_key, device_p256, &key);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct device_key ak;
		struct device_evidence evidence;
		device_key_new(device_role_ak, kinds[i], &ak);
		build(&ak, &key, 0, &evidence);
		expect_exact(parse_signature, &evidence.signature, refusal_tpm_signature_malformed);
		device_key_free(&ak);
	}
	device_key_free(&key);
}

static void case_52_what_is_no_asymmetric_key_is_refused(void **state)
{
	(void)state;
	TPMT_PUBLIC symmetric = {.type = TPM2_ALG_SYMCIPHER, .nameAlg = TPM2_ALG_SHA256}, keyed = {.type = TPM2_ALG_KEYEDHASH,
												    .nameAlg = TPM2_ALG_SHA256};
	uint8_t area[1024];
	size_t size = 0;
	symmetric.parameters.symDetail.sym =
		(TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
	symmetric.unique.sym.size = 32;
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&symmetric, area, sizeof area, &size), 0);
	assert_int_equal(parse_public(bytes_from(area, size)), refusal_tpm_public_malformed);
	keyed.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
	keyed.unique.keyedHash.size = 32;
	size = 0;
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&keyed, area, sizeof area, &size), 0);
	assert_int_equal(parse_public(bytes_from(area, size)), refusal_tpm_public_malformed);
}

static void a_modulus_of_another_length_than_its_area_says_is_refused(void **state)
{
	(void)state;
	struct device_key key;
	device_key_new(device_role_key, device_rsa2048, &key);
	key.public.parameters.rsaDetail.keyBits = 3072;
	device_key_refresh(&key);
	assert_int_equal(parse_public(bytes_from(key.area, key.area_size)), refusal_tpm_public_malformed);
	device_key_free(&key);
}

static void an_exponent_of_0_reads_as_65537(void **state)
{
	(void)state;
	struct device_key key;
	struct tpm_public public;
	device_key_new(device_role_key, device_rsa2048, &key);
	assert_int_equal(key.public.parameters.rsaDetail.exponent, 0);
	assert_int_equal(tpm_public_parse(bytes_from(key.area, key.area_size), &public).refusal, refusal_none);
	assert_int_equal(public.exponent, 65537);
	device_key_free(&key);
}

static void signatures_of_other_schemes_are_refused(void **state)
{
	(void)state;
	static const uint16_t schemes[] = {TPM2_ALG_ECDAA, TPM2_ALG_SM2, TPM2_ALG_ECSCHNORR, TPM2_ALG_HMAC, TPM2_ALG_NULL, 0};
	struct device_key ak, key;
	struct device_evidence evidence;
	device_key_new(device_role_ak, device_p256, &ak);
	device_key_new(device_role_key, device_p256, &key);
	build(&ak, &key, 0, &evidence);
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		evidence.signature.data[0] = (uint8_t)(schemes[i] >> 8);
		evidence.signature.data[1] = (uint8_t)schemes[i];
		assert_int_equal(parse_signature(device_view(&evidence.signature)), refusal_tpm_signature_malformed);
	}
	device_key_free(&ak);
	device_key_free(&key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attestations_of_every_type_are_exact),
		cmocka_unit_test(an_attestation_is_read_as_it_stands),
		cmocka_unit_test(a_truth_value_that_is_neither_yes_nor_no_is_refused),
		cmocka_unit_test(public_areas_of_every_kind_are_exact),
		cmocka_unit_test(signatures_of_every_kind_are_exact),
		cmocka_unit_test(case_52_what_is_no_asymmetric_key_is_refused),
		cmocka_unit_test(a_modulus_of_another_length_than_its_area_says_is_refused),
		cmocka_unit_test(an_exponent_of_0_reads_as_65537),
		cmocka_unit_test(signatures_of_other_schemes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
