/* SPDX-License-Identifier: Apache-2.0
 * Decides whether an RSA key is of a generator whose keys anyone can factor. Distrusts the number. Where OpenSSL has no memory
 * left for the arithmetic, the key counts as such a one. */
#include "attest/verifier/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

enum { fermat_rounds = 100 };

static void free_number(BIGNUM **number)
{
	BN_free(*number);
}
static void free_arithmetic(BN_CTX **arithmetic)
{
	BN_CTX_free(*arithmetic);
}
#define OWNED(free) __attribute__((cleanup(free)))

/* The primes of Infineon's faulty generator (CVE-2017-15361): modulo each of these a modulus of its making is a power of 65537. */
static bool is_roca(const BIGNUM *modulus)
{
	static const uint8_t primes[] = {3,  5,  7,  11, 13, 17, 19, 23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
					 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
	for (size_t i = 0; i < sizeof primes; i++) {
		const BN_ULONG prime = primes[i], rest = BN_mod_word(modulus, prime);
		BN_ULONG power = 1;
		bool is_power = false;
		for (size_t k = 0; k < prime && !is_power; k++) {
			is_power = power == rest;
			power = power * (65537 % prime) % prime;
		}
		if (!is_power)
			return false;
	}
	return true;
}

/* Newton's method from above; the number is not zero. */
static bool find_root(const BIGNUM *number, BIGNUM *root, BIGNUM *next, BN_CTX *arithmetic)
{
	BN_zero(root);
	if (BN_set_bit(root, (BN_num_bits(number) + 1) / 2) != 1)
		return false;
	for (;;) {
		if (BN_div(next, NULL, number, root, arithmetic) != 1 || BN_add(next, next, root) != 1 || BN_rshift1(next, next) != 1)
			return false;
		if (BN_cmp(next, root) >= 0)
			return true;
		if (BN_copy(root, next) == NULL)
			return false;
	}
}

/* Of other numbers hardly one in a thousand passes, and no root is taken of them. */
static bool may_be_square(const BIGNUM *number)
{
	static const uint8_t moduli[] = {64, 63, 65, 11, 17, 19, 23, 31};
	for (size_t i = 0; i < sizeof moduli; i++) {
		const BN_ULONG rest = BN_mod_word(number, moduli[i]);
		BN_ULONG root = 0;
		while (root < moduli[i] && root * root % moduli[i] != rest)
			root++;
		if (root == moduli[i])
			return false;
	}
	return true;
}

struct fermat {
	BIGNUM *middle, *square, *root, *scratch;
	BN_CTX *arithmetic;
};

/* 1: it is the square of a whole number, 0: it is not, -1: no memory. */
static int is_square(const struct fermat *on, const BIGNUM *number)
{
	if (BN_is_zero(number) || !may_be_square(number))
		return BN_is_zero(number);
	if (!find_root(number, on->root, on->scratch, on->arithmetic) || BN_sqr(on->root, on->root, on->arithmetic) != 1)
		return -1;
	return BN_cmp(on->root, number) == 0;
}

/* With modulus = middle^2 - distance^2 the primes are middle +- distance: tried for the first middles above the root. */
static bool are_apart(const struct fermat *on, const BIGNUM *modulus)
{
	if (on->scratch == NULL || !find_root(modulus, on->middle, on->scratch, on->arithmetic) ||
	    BN_sqr(on->square, on->middle, on->arithmetic) != 1 || BN_sub(on->square, on->square, modulus) != 1)
		return false;
	for (int round = 0; round <= fermat_rounds; round++) {
		/* only in the first round is the middle not above the root, and the difference not above zero */
		if ((round > 0 || BN_is_zero(on->square)) && is_square(on, on->square) != 0)
			return false;
		/* (middle + 1)^2 = middle^2 + 2 middle + 1 */
		if (BN_add(on->square, on->square, on->middle) != 1 || BN_add_word(on->middle, 1) != 1 ||
		    BN_add(on->square, on->square, on->middle) != 1)
			return false;
	}
	return true;
}

static bool has_primes_apart(const BIGNUM *modulus)
{
	OWNED(free_arithmetic) BN_CTX *arithmetic = BN_CTX_new();
	if (arithmetic == NULL)
		return false;
	BN_CTX_start(arithmetic);
	struct fermat on = {.arithmetic = arithmetic};
	on.middle = BN_CTX_get(arithmetic);
	on.square = BN_CTX_get(arithmetic);
	on.root = BN_CTX_get(arithmetic);
	on.scratch = BN_CTX_get(arithmetic); /* NULL when one before was */
	const bool is_apart = are_apart(&on, modulus);
	BN_CTX_end(arithmetic);
	return is_apart;
}

bool rsa_key_is_factorable(EVP_PKEY *key)
{
	OWNED(free_number) BIGNUM *modulus = NULL;
	if (!EVP_PKEY_is_a(key, "RSA"))
		return false;
	return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 || BN_num_bits(modulus) < 2 || is_roca(modulus) ||
	       !has_primes_apart(modulus);
}
