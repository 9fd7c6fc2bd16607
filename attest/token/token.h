/* SPDX-License-Identifier: Apache-2.0
 * Orders and challenge tokens: random, dated by the boot clock, and bound by a MAC under a key of those who make and
 * check them, so that nobody else can make one or use it elsewhere. Nothing is remembered. */
#ifndef KEYWARD_TOKEN_H
#define KEYWARD_TOKEN_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { token_life_s = 3600, token_key_size = 32 };

/* An order for the identifiers (encoded records of messages.def, in their sequence); characters appended. internal. */
status token_make_order(const uint8_t key[token_key_size], struct bytes directory, const struct bytes *identifiers,
			size_t count, struct buffer *out);
/* order_forged unless made for this directory and these identifiers in this sequence; token_expired after token_life_s. */
status token_open_order(const uint8_t key[token_key_size], struct bytes directory, const struct bytes *identifiers,
			size_t count, struct bytes order);

/* What one challenge's token is for. */
struct token_purpose {
	struct bytes directory, order, identifier_type, identifier, challenge;
};
/* The token of one challenge; characters appended. internal. */
status token_make(const uint8_t key[token_key_size], const struct token_purpose *purpose, struct buffer *out);
/* token_forged unless made for this purpose; token_expired. */
status token_open(const uint8_t key[token_key_size], const struct token_purpose *purpose, struct bytes token);

/* The key authorization of RFC 8555 8.1, appended; false: out is too small. */
bool token_authorize_key(struct bytes token, const uint8_t account_thumbprint[32], struct buffer *out);

#endif
