/* SPDX-License-Identifier: Apache-2.0
 * Signing for the bench, apart from it: the names of ca/jose/json.h and of jansson exclude each other. */
#ifndef KEYWARD_TESTS_REGISTRAR_SIGN_H
#define KEYWARD_TESTS_REGISTRAR_SIGN_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"

/* kid "": with the key's jwk. */
void sign_request(EVP_PKEY *key, const char *kid, const char *nonce, const char *url, const char *payload,
		  struct buffer *out);
/* A body of a protected header as text, with no good signature. */
void sign_raw(const char *protected_header, const char *payload, const char *signature, struct buffer *out);
/* An encoded administrator record. */
void sign_record(EVP_PKEY *key, const char *name, const char *role, struct buffer *out);
/* The canonical JWK, with a NUL. */
void sign_jwk(EVP_PKEY *key, char out[1025]);

#endif
