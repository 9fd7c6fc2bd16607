/* SPDX-License-Identifier: Apache-2.0
 * The token: the only door to libp11 and to the PKCS#11 module. What leaves it is a signature that was verified with
 * the key's certificate. Distrusts the module's answers. */
#ifndef KEYWARD_TOKEN_H
#define KEYWARD_TOKEN_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { token_most_keys = 16, token_longest_label = 64, token_longest_signature = 512, token_why_room = 256 };

/* One private key that must be on the token, once, and belong to this public key. */
struct token_want {
	char label[token_longest_label + 1];
	EVP_PKEY *public_key; /* the caller's; lives as long as the token */
};

struct token_settings {
	const char *module;          /* path of the PKCS#11 library */
	const char *module_settings; /* path of its own configuration (SoftHSM2); NULL: it has none */
	const char *label;           /* of the token */
	const struct token_want *wants;
	size_t want_count;
};

struct token;

/* Loads the library while the host's files are in sight; token_open finds it loaded. token_failed with a sentence in
 * `why`. */
status token_load(const char *module, char why[token_why_room]);

/* Finds the token, looks at its PIN counters, logs in once and only once, and checks each wanted key: one object of
 * that label, of that id, sensitive, never extractable, made on the token, and signing for its public key. No two
 * share label, id or key. token_failed: `why` says in a sentence what a person has to put right; token_absent likewise,
 * before the PIN was used, and it may come back by itself. The PIN stays the caller's, who wipes it. */
status token_open(const struct token_settings *settings, struct bytes pin, struct token **out,
		  char why[token_why_room]);
void token_close(struct token *token);

/* Signs the message with the key at that place of the wants: ECDSA (DER, with the hash of the curve's strength) or
 * RSA PKCS#1 v1.5 with SHA-256. token_failed; token_absent; token_signature_wrong when it does not verify. Nothing is appended
 * then. A session that the module left unusable is replaced, and the signature tried once more. */
status token_sign(struct token *token, size_t key, struct bytes message, struct buffer *signature);

/* The hash that token_sign uses with a key. */
const EVP_MD *token_digest(EVP_PKEY *key);

/* True when a new session did not help: the process should start again and log in anew. */
bool token_is_dead(const struct token *token);

#endif
