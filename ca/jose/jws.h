/* SPDX-License-Identifier: Apache-2.0
 * Flattened JWS (RFC 7515, RFC 8555 6.2): syntax, protected header, verification. The payload is looked at by nobody
 * before the signature was verified. Links libcrypto. Distrusts every byte. */
#ifndef KEYWARD_JWS_H
#define KEYWARD_JWS_H

#include <openssl/evp.h>

#include "ca/jose/json.h"
#include "ca/jose/jwk.h"

enum { jws_thumbprint_size = jwk_thumbprint_size };

struct jws {
	struct bytes protected_text; /* base64url as sent */
	struct bytes payload_text;
	struct bytes algorithm; /* ES256 and so on */
	struct bytes nonce;	/* empty: absent, which only a stored request may be; the caller refuses it elsewhere */
	struct bytes url;
	struct bytes kid;	/* empty: absent */
	struct bytes jwk;	/* the object as written; empty: absent. Exactly one of kid and jwk is there */
	struct bytes payload;	/* decoded; empty for POST-as-GET */
	struct bytes signature; /* decoded */
};

/* Syntax only. Views point into `room` (2 * body.size suffices) or into body. jws_malformed, jws_header_malformed,
 * base64url_malformed, json_malformed, json_duplicate. alg is not judged here. */
status jws_parse(struct bytes body, struct buffer *room, struct jws *out);

/* algorithm_unsupported unless alg is ES256, ES384, ES512, RS256, PS256 or EdDSA and fits the key; signature_wrong. ECDSA signatures
 * are r||s of exact size. */
status jws_verify(const struct jws *jws, EVP_PKEY *key);

/* The same for a JWS whose key is a secret: eab_algorithm_wrong unless alg is HS256, HS384 or HS512; eab_mac_wrong. */
status jws_verify_mac(const struct jws *jws, struct bytes key);

/* The protected header of a request that is to be signed. */
struct jws_header {
	struct bytes nonce; /* empty: none, as in the inner JWS of a key change */
	struct bytes url;
	struct bytes kid; /* empty: the key's jwk instead */
};

/* Appends a flattened JWS signed with the private key, alg by its kind (the clients' side). algorithm_unsupported: no
 * such kind of key; internal: no room, no memory. */
status jws_build(EVP_PKEY *key, const struct jws_header *header, struct bytes payload, struct buffer *out);
/* The same with a MAC by HS256, as an external account binding has it (RFC 8555 7.3.4). jws_jwk_not_allowed without a kid. */
status jws_build_mac(struct bytes secret, const struct jws_header *header, struct bytes payload, struct buffer *out);

#endif
