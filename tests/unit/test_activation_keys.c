/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment: which public areas of EKs and AKs are taken. */
#include "tests/device/rsa.h"
#include "tests/unit/activation_stage.h"

static void case_47_an_ek_that_is_not_the_certificates_is_ek_public_wrong(void **state)
{
	(void)state;
	static struct device_key other;
	static const enum device_kind kinds[] = {device_p256, device_rsa2048, device_p384};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		device_key_new(device_role_ek, kinds[i], &other);
		assert_int_equal(begin_with((struct device_certificate){.key = &other}), refusal_ek_public_wrong);
		device_key_free(&other);
	}
}

static void expect_ek_wrong(uint32_t flipped)
{
	bench.ek.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	assert_true(bench.detail.text[0] != '\0');
	bench.ek.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_none);
}

static void an_ek_that_is_no_restricted_decryption_key_is_ek_public_wrong(void **state)
{
	(void)state;
	expect_ek_wrong(TPMA_OBJECT_RESTRICTED);
	expect_ek_wrong(TPMA_OBJECT_DECRYPT);
	expect_ek_wrong(TPMA_OBJECT_SIGN_ENCRYPT);
	expect_ek_wrong(TPMA_OBJECT_FIXEDTPM);
	expect_ek_wrong(TPMA_OBJECT_FIXEDPARENT);
	expect_ek_wrong(TPMA_OBJECT_SENSITIVEDATAORIGIN);
}

static void an_ek_without_aes_in_cfb_mode_is_ek_public_wrong(void **state)
{
	(void)state;
	TPMT_SYM_DEF_OBJECT *const symmetric = &bench.ek.public.parameters.eccDetail.symmetric;
	const TPMT_SYM_DEF_OBJECT good = *symmetric;
	*symmetric = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_NULL};
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	symmetric->mode.aes = TPM2_ALG_CBC;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	symmetric->keyBits.aes = 64;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	bench.ek.public.nameAlg = TPM2_ALG_SHA1;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void a_weak_ek_or_one_on_p521_is_ek_public_wrong(void **state)
{
	(void)state;
	/* The area alone is weak: a weak certificate would not get past the chain. */
	device_key_free(&bench.ek);
	device_key_new(device_role_ek, device_rsa1024, &bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	assert_non_null(strstr(bench.detail.text, "too weak"));
	tear_down(NULL);
	set_up_with(device_p521, device_p256);
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void an_ek_area_that_is_cut_or_longer_is_ek_public_wrong(void **state)
{
	(void)state;
	const size_t size = bench.ek.area_size;
	bench.ek.area_size = 0; /* then the evidence of the AK's creation would have to be there */
	assert_int_equal(begin(), refusal_ak_creation_malformed);
	for (bench.ek.area_size = 1; bench.ek.area_size < size; bench.ek.area_size++)
		assert_int_equal(begin(), refusal_ek_public_wrong);
	bench.ek.area_size = size + 1;
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void expect_ak_wrong(uint32_t flipped)
{
	bench.ak.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	assert_true(bench.detail.text[0] != '\0');
	bench.ak.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_none);
}

static void case_41_an_ak_that_is_not_restricted_or_not_made_in_the_tpm_is_ak_public_wrong(void **state)
{
	(void)state;
	expect_ak_wrong(TPMA_OBJECT_RESTRICTED);
	expect_ak_wrong(TPMA_OBJECT_FIXEDTPM);
	expect_ak_wrong(TPMA_OBJECT_FIXEDPARENT);
	expect_ak_wrong(TPMA_OBJECT_SENSITIVEDATAORIGIN);
	expect_ak_wrong(TPMA_OBJECT_SIGN_ENCRYPT);
	expect_ak_wrong(TPMA_OBJECT_DECRYPT);
}

static void expect_ak_scheme_wrong(TPMT_ECC_SCHEME scheme)
{
	bench.ak.public.parameters.eccDetail.scheme = scheme;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void an_ak_of_another_scheme_or_a_weak_hash_is_ak_public_wrong(void **state)
{
	(void)state;
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_NULL});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA1});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECSCHNORR, .details.ecdsa.hashAlg = TPM2_ALG_SHA256});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECDAA,
						 .details.ecdaa = {.hashAlg = TPM2_ALG_SHA256, .count = 1}});
}

static void an_ak_with_a_symmetric_algorithm_or_a_weak_name_is_ak_public_wrong(void **state)
{
	(void)state;
	TPMT_SYM_DEF_OBJECT *const symmetric = &bench.ak.public.parameters.eccDetail.symmetric;
	*symmetric = bench.ek.public.parameters.eccDetail.symmetric;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	*symmetric = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_NULL};
	bench.ak.public.nameAlg = TPM2_ALG_SHA1;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void a_weak_ak_or_a_point_off_the_curve_is_ak_public_wrong(void **state)
{
	(void)state;
	bench.ak.public.unique.ecc.y.buffer[31] ^= 1;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	tear_down(NULL);
	set_up_with(device_p256, device_rsa1024);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void an_ak_area_that_is_cut_or_longer_is_ak_public_wrong(void **state)
{
	(void)state;
	const size_t size = bench.ak.area_size;
	for (bench.ak.area_size = 0; bench.ak.area_size < size; bench.ak.area_size++)
		assert_int_equal(begin(), refusal_ak_public_wrong);
	bench.ak.area_size = size + 1;
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

/* Once a key of Infineon's generator, once one of two close primes. */
static EVP_PKEY *faulty_key(bool is_roca)
{
	BIGNUM *modulus = BN_new();
	assert_non_null(modulus);
	if (is_roca)
		device_rsa_roca(modulus);
	else
		device_rsa_close(500, modulus);
	EVP_PKEY *key = device_rsa_public(modulus, 65537);
	BN_free(modulus);
	return key;
}

static void case_50_an_ek_or_ak_of_a_faulty_generator_is_refused(void **state)
{
	(void)state;
	for (int is_roca = 0; is_roca < 2; is_roca++) {
		tear_down(NULL);
		set_up_with(device_rsa2048, device_rsa2048);
		assert_int_equal(begin(), refusal_none);
		device_rsa_replace(&bench.ak, faulty_key(is_roca == 1));
		assert_int_equal(begin(), refusal_ak_public_wrong);
		assert_non_null(strstr(bench.detail.text, "faulty generator"));
		device_key_free(&bench.ak);
		device_key_new(device_role_ak, device_rsa2048, &bench.ak);
		device_rsa_replace(&bench.ek, faulty_key(is_roca == 1));
		assert_int_equal(begin_with((struct device_certificate){0}), refusal_ek_public_wrong);
		assert_non_null(strstr(bench.detail.text, "faulty generator"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(case_47_an_ek_that_is_not_the_certificates_is_ek_public_wrong),
		ON_BENCH(an_ek_that_is_no_restricted_decryption_key_is_ek_public_wrong),
		ON_BENCH(an_ek_without_aes_in_cfb_mode_is_ek_public_wrong),
		ON_BENCH(a_weak_ek_or_one_on_p521_is_ek_public_wrong),
		ON_BENCH(an_ek_area_that_is_cut_or_longer_is_ek_public_wrong),
		ON_BENCH(case_41_an_ak_that_is_not_restricted_or_not_made_in_the_tpm_is_ak_public_wrong),
		ON_BENCH(an_ak_of_another_scheme_or_a_weak_hash_is_ak_public_wrong),
		ON_BENCH(an_ak_with_a_symmetric_algorithm_or_a_weak_name_is_ak_public_wrong),
		ON_BENCH(a_weak_ak_or_a_point_off_the_curve_is_ak_public_wrong),
		ON_BENCH(an_ak_area_that_is_cut_or_longer_is_ak_public_wrong),
		ON_BENCH(case_50_an_ek_or_ak_of_a_faulty_generator_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
