/* SPDX-License-Identifier: Apache-2.0
 * random (16 octets; 24 in a token), boot time (8), HMAC-SHA256 (cut to 16 for an order, to 30 for a token: Android takes
 * challenges of 128 characters, so a key authorization has 127) over a word for the purpose and what it is bound to, each
 * with its length in front. */
#include "attest/token/token.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "ca/jose/base64url.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/identifier.h"

enum { order_random = 16, token_random = 24, time_size = 8, order_mac = 16, token_mac = 30, longest_random = 24 };
enum { identifier_longest = 300 }; /* encoded */

/* What a MAC is over: the purpose, then random and time, then up to five values. */
struct bound {
	const uint8_t *key;
	const char *purpose;
	size_t random_size, mac_size;
	struct bytes values[5];
};

static bool add_value(struct buffer *out, struct bytes value)
{
	const uint8_t size[4] = {(uint8_t)(value.size >> 24), (uint8_t)(value.size >> 16), (uint8_t)(value.size >> 8),
				 (uint8_t)value.size};
	return buffer_add(out, size, sizeof size) && buffer_add(out, value.data, value.size);
}

static bool authenticate(const struct bound *bound, struct bytes head, uint8_t tag[32])
{
	uint8_t room[1024];
	struct buffer text = BUFFER(room);
	unsigned size = 0;
	if (!add_value(&text, bytes_from_text(bound->purpose)) || !add_value(&text, head))
		return false;
	for (size_t i = 0; i < sizeof bound->values / sizeof bound->values[0]; i++)
		if (!add_value(&text, bound->values[i]))
			return false;
	return HMAC(EVP_sha256(), bound->key, token_key_size, text.data, text.size, tag, &size) != NULL;
}

static status make(const struct bound *bound, struct buffer *out)
{
	uint8_t octets[longest_random + time_size + token_mac], tag[32];
	const size_t head_size = bound->random_size + time_size;
	const uint64_t now = clock_boot_s();
	if (RAND_bytes(octets, (int)bound->random_size) != 1)
		return REFUSE(internal);
	for (size_t i = 0; i < time_size; i++)
		octets[bound->random_size + i] = (uint8_t)(now >> (8 * (time_size - 1 - i)));
	if (!authenticate(bound, bytes_from(octets, head_size), tag))
		return REFUSE(internal);
	memcpy(octets + head_size, tag, bound->mac_size);
	return base64url_encode(bytes_from(octets, head_size + bound->mac_size), out) ? OK : REFUSE(internal);
}

static status open_bound(const struct bound *bound, struct bytes text, status forged)
{
	uint8_t octets[longest_random + time_size + token_mac], tag[32];
	struct buffer decoded = BUFFER(octets);
	const size_t head_size = bound->random_size + time_size;
	if (is_refused(base64url_decode(text, &decoded)) || decoded.size != head_size + bound->mac_size)
		return forged;
	if (!authenticate(bound, bytes_from(octets, head_size), tag) ||
	    CRYPTO_memcmp(tag, octets + head_size, bound->mac_size) != 0)
		return forged;
	uint64_t made = 0;
	for (size_t i = 0; i < time_size; i++)
		made = made << 8 | octets[bound->random_size + i];
	const uint64_t now = clock_boot_s();
	return now >= made && now - made < token_life_s ? OK : REFUSE(token_expired);
}

/* An order's MAC is over SHA-256 of its identifiers, each with its length in front. */
static bool hash_identifiers(const struct bytes *identifiers, size_t count, uint8_t out[32])
{
	uint8_t room[identifiers_most * (4 + identifier_longest)];
	struct buffer text = BUFFER(room);
	for (size_t i = 0; i < count; i++)
		if (!add_value(&text, identifiers[i]))
			return false;
	return EVP_Digest(text.data, text.size, out, NULL, EVP_sha256(), NULL) == 1;
}

static struct bound order_bound(const uint8_t *key, struct bytes directory, struct bytes identifiers_hash)
{
	return (struct bound){key, "keyward order 2", order_random, order_mac, {directory, identifiers_hash}};
}

static struct bound token_bound(const uint8_t *key, const struct token_purpose *purpose)
{
	return (struct bound){key,
			      "keyward token 2",
			      token_random,
			      token_mac,
			      {purpose->directory, purpose->order, purpose->identifier_type, purpose->identifier,
			       purpose->challenge}};
}

status token_make_order(const uint8_t key[token_key_size], struct bytes directory, const struct bytes *identifiers,
			size_t count, struct buffer *out)
{
	uint8_t hash[32];
	if (!hash_identifiers(identifiers, count, hash))
		return REFUSE(internal);
	const struct bound bound = order_bound(key, directory, BYTES_OF(hash));
	return make(&bound, out);
}

status token_open_order(const uint8_t key[token_key_size], struct bytes directory, const struct bytes *identifiers,
			size_t count, struct bytes order)
{
	uint8_t hash[32];
	if (!hash_identifiers(identifiers, count, hash))
		return REFUSE(order_forged);
	const struct bound bound = order_bound(key, directory, BYTES_OF(hash));
	return open_bound(&bound, order, REFUSE(order_forged));
}

status token_make(const uint8_t key[token_key_size], const struct token_purpose *purpose, struct buffer *out)
{
	const struct bound bound = token_bound(key, purpose);
	return make(&bound, out);
}

status token_open(const uint8_t key[token_key_size], const struct token_purpose *purpose, struct bytes token)
{
	const struct bound bound = token_bound(key, purpose);
	return open_bound(&bound, token, REFUSE(token_forged));
}

bool token_authorize_key(struct bytes token, const uint8_t account_thumbprint[32], struct buffer *out)
{
	return buffer_add(out, token.data, token.size) && buffer_add(out, ".", 1) &&
	       base64url_encode(bytes_from(account_thumbprint, 32), out);
}
