/* SPDX-License-Identifier: Apache-2.0
 * RSA keys of faulty generators. For tests only. */
#ifndef KEYWARD_DEVICE_RSA_H
#define KEYWARD_DEVICE_RSA_H

#include <openssl/bn.h>

#include "tests/device/key.h"

/* A power of 65537 modulo the product of the small primes, plus a multiple of that product: what CVE-2017-15361 is known by. 2048 bits. */
void device_rsa_roca(BIGNUM *modulus);

/* The product of a prime of 1024 bits and the first one that is at least 2^distance_bits above it. 2048 bits. */
void device_rsa_close(unsigned distance_bits, BIGNUM *modulus);

/* The public key of these numbers; the caller owns it. */
EVP_PKEY *device_rsa_public(const BIGNUM *modulus, BN_ULONG exponent);

/* Puts it in the place of a key made with device_rsa2048. */
void device_rsa_replace(struct device_key *key, EVP_PKEY *public);

#endif
