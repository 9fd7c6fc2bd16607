/* SPDX-License-Identifier: Apache-2.0
 * Flattened JWS (RFC 7515, RFC 8555 6.2): syntax, protected header, verification. The payload is looked at by nobody
 * before the signature was verified. Links libcrypto. Distrusts every byte. */
#ifndef KEYWARD_JWS_H
#define KEYWARD_JWS_H

#include <openssl/evp.h>

#include "ca/jose/json.h"

enum { jws_thumbprint_size = 32 };

struct jws {
	struct bytes protected_text; /* base64url as sent */
	struct bytes payload_text;
	struct bytes algorithm;      /* ES256 and so on */
	struct bytes nonce;          /* empty: absent */
	struct bytes url;
	struct bytes kid;            /* empty: absent */
	struct bytes jwk;            /* the object as written; empty: absent. Exactly one of kid and jwk is there */
	struct bytes payload;        /* decoded; empty for POST-as-GET */
	struct bytes signature;      /* decoded */
};

/* Syntax only. Views point into `room` (2 * body.size suffices) or into body. jws_malformed, jws_header_malformed, base64url_malformed,
 * json_malformed, json_duplicate. alg is not judged here. */
status jws_parse(struct bytes body, struct buffer *room, struct jws *out);

/* algorithm_unsupported unless alg is ES256, ES384, RS256 or EdDSA and fits the key; signature_wrong. ECDSA signatures are r||s of exact
 * size. */
status jws_verify(const struct jws *jws, EVP_PKEY *key);

/* A key from a JWK object (EC P-256, P-384; RSA 2048 to 4096 bits with an odd exponent of 65537 or more up to 32 bits; OKP Ed25519), its canonical
 * form of RFC 7638 appended to `canonical`, whose SHA-256 goes to thumbprint. The key belongs to the caller (EVP_PKEY_free).
 * public_key_bad. Members beyond the required are ignored, private ones refused. */
status jwk_parse(struct bytes jwk, struct buffer *canonical, uint8_t thumbprint[jws_thumbprint_size], EVP_PKEY **key);

/* The canonical form of RFC 7638 for a key of those kinds (the client's and ceremony's side). */
status jwk_build(EVP_PKEY *key, struct buffer *canonical);

#endif
