/* SPDX-License-Identifier: Apache-2.0
 * RSA keys of faulty generators. For tests only. */
#include "tests/device/rsa.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

enum { modulus_bits = 2048 };

static bool is_small_prime(unsigned candidate)
{
	for (unsigned i = 2; i * i <= candidate; i++)
		if (candidate % i == 0)
			return false;
	return true;
}

void device_rsa_roca(BIGNUM *modulus)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *product = BN_new(), *power = BN_new(), *exponent = BN_new();
	DEVICE_NEED(BN_one(product) == 1 && BN_set_word(power, 65537) == 1 && BN_set_word(exponent, 4711) == 1);
	for (unsigned candidate = 2; candidate <= 701; candidate++)
		DEVICE_NEED(!is_small_prime(candidate) || BN_mul_word(product, candidate) == 1);
	DEVICE_NEED(BN_mod_exp(power, power, exponent, product, context) == 1 &&
		    BN_rand(modulus, modulus_bits - BN_num_bits(product), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY) == 1 &&
		    BN_mul(modulus, modulus, product, context) == 1 && BN_add(modulus, modulus, power) == 1);
	while (BN_num_bits(modulus) < modulus_bits)
		DEVICE_NEED(BN_lshift1(product, product) == 1 && BN_add(modulus, modulus, product) == 1);
	DEVICE_NEED(BN_num_bits(modulus) == modulus_bits);
	BN_free(product);
	BN_free(power);
	BN_free(exponent);
	BN_CTX_free(context);
}

void device_rsa_close(unsigned distance_bits, BIGNUM *modulus)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *p = BN_new(), *q = BN_new();
	DEVICE_NEED(BN_generate_prime_ex(p, modulus_bits / 2, 0, NULL, NULL, NULL) == 1 && BN_one(q) == 1 &&
		    BN_lshift(q, q, (int)distance_bits) == 1 && BN_add(q, q, p) == 1);
	if (!BN_is_odd(q))
		DEVICE_NEED(BN_add_word(q, 1) == 1);
	while (BN_check_prime(q, context, NULL) != 1)
		DEVICE_NEED(BN_add_word(q, 2) == 1);
	DEVICE_NEED(BN_mul(modulus, p, q, context) == 1 && BN_num_bits(modulus) == modulus_bits);
	BN_free(p);
	BN_free(q);
	BN_CTX_free(context);
}

EVP_PKEY *device_rsa_public(const BIGNUM *modulus, BN_ULONG exponent)
{
	EVP_PKEY *key = NULL;
	BIGNUM *e = BN_new();
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	DEVICE_NEED(BN_set_word(e, exponent) == 1 && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
		    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	DEVICE_NEED(EVP_PKEY_fromdata_init(context) == 1 &&
		    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(e);
	return key;
}

void device_rsa_replace(struct device_key *key, EVP_PKEY *public)
{
	BIGNUM *modulus = NULL;
	TPM2B_PUBLIC_KEY_RSA *shown = &key->public.unique.rsa;
	DEVICE_NEED(EVP_PKEY_get_bn_param(public, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
		    BN_bn2binpad(modulus, shown->buffer, shown->size) == shown->size);
	BN_free(modulus);
	EVP_PKEY_free(key->key);
	key->key = public;
	device_key_refresh(key);
}
