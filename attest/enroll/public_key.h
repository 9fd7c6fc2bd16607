/* SPDX-License-Identifier: Apache-2.0
 * A TPM's public area as a key of OpenSSL. */
#ifndef KEYWARD_PUBLIC_KEY_H
#define KEYWARD_PUBLIC_KEY_H

#include <openssl/evp.h>

#include "ca/client/outcome.h"

/* From exactly one TPMT_PUBLIC of an RSA or ECC key (P-256, P-384). NULL: it is none. Owner: EVP_PKEY_free. */
EVP_PKEY *public_key_from(struct bytes area);

/* SHA-256 of the DER SubjectPublicKeyInfo. */
bool public_key_hash(EVP_PKEY *key, uint8_t hash[32]);

#endif
