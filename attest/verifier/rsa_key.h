/* SPDX-License-Identifier: Apache-2.0
 * RSA keys that faulty generators made. */
#ifndef KEYWARD_VERIFIER_RSA_KEY_H
#define KEYWARD_VERIFIER_RSA_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>

/* An RSA key whose modulus is of Infineon's generator (CVE-2017-15361), or a product of two primes so close that a hundred rounds of
 * Fermat's method find them (CVE-2022-26320). About 40 us; false at once for a key of another kind. */
bool rsa_key_is_factorable(EVP_PKEY *key);

#endif
