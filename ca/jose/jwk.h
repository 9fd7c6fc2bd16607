/* SPDX-License-Identifier: Apache-2.0
 * Public keys as JWK (RFC 7517, 7518 6, 8037) and their thumbprints (RFC 7638). Links libcrypto. Distrusts every byte.
 */
#ifndef KEYWARD_JWK_H
#define KEYWARD_JWK_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { jwk_thumbprint_size = 32, jwk_canonical_room = 1024 };

/* Each signature algorithm fits one kind of key. */
enum jwk_kind { jwk_none, jwk_p256, jwk_p384, jwk_p521, jwk_rsa, jwk_ed25519 };

/* A key from a JWK object (EC P-256, P-384, P-521; RSA 2048 to 4096 bits with an odd exponent of 65537 or more up to 32
 * bits; OKP Ed25519), its canonical form of RFC 7638 appended to `canonical`, whose SHA-256 goes to thumbprint. The key
 * belongs to the caller (EVP_PKEY_free). public_key_bad, public_key_weak. Members beyond the required are ignored,
 * private ones refused. */
status jwk_parse(struct bytes jwk, struct buffer *canonical, uint8_t thumbprint[jwk_thumbprint_size], EVP_PKEY **key);

/* The canonical form of RFC 7638 for a key of those kinds (the client's and ceremony's side). public_key_bad, public_key_weak. */
status jwk_build(EVP_PKEY *key, struct buffer *canonical);

/* What a key is; jwk_none for one of no kind above. */
enum jwk_kind jwk_kind(EVP_PKEY *key);

#endif
