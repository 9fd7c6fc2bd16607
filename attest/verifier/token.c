/* SPDX-License-Identifier: Apache-2.0
 * random (16 octets; 24 in a token), boot time (8), HMAC-SHA256 (cut to 16 for an order) over a word for the purpose and what it is
 * bound to, each with its length in front. */
#include "attest/verifier/token.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "ca/jose/base64url.h"
#include "firmware/boundary/clock.h"

enum { order_random = 16, token_random = 24, time_size = 8, order_mac = 16, token_mac = 32, longest_random = 24 };

/* What a MAC is over: the purpose, then random and time, then up to three values. */
struct bound {
	const char *purpose;
	size_t random_size, mac_size;
	struct bytes values[3];
};

static bool add_value(struct buffer *out, struct bytes value)
{
	const uint8_t size[4] = {(uint8_t)(value.size >> 24), (uint8_t)(value.size >> 16), (uint8_t)(value.size >> 8),
				 (uint8_t)value.size};
	return buffer_add(out, size, sizeof size) && buffer_add(out, value.data, value.size);
}

static bool authenticate(const struct verifier *verifier, const struct bound *bound, struct bytes head, uint8_t tag[32])
{
	uint8_t room[1024];
	struct buffer text = BUFFER(room);
	unsigned size = 0;
	if (!add_value(&text, bytes_from_text(bound->purpose)) || !add_value(&text, head))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!add_value(&text, bound->values[i]))
			return false;
	return HMAC(EVP_sha256(), verifier->settings.token_key, sizeof verifier->settings.token_key, text.data, text.size,
		    tag, &size) != NULL;
}

static status make(const struct verifier *verifier, const struct bound *bound, struct buffer *out)
{
	uint8_t octets[longest_random + time_size + token_mac], tag[32];
	const size_t head_size = bound->random_size + time_size;
	const uint64_t now = clock_boot_s();
	if (RAND_bytes(octets, (int)bound->random_size) != 1)
		return REFUSE(internal);
	for (size_t i = 0; i < time_size; i++)
		octets[bound->random_size + i] = (uint8_t)(now >> (8 * (time_size - 1 - i)));
	if (!authenticate(verifier, bound, bytes_from(octets, head_size), tag))
		return REFUSE(internal);
	memcpy(octets + head_size, tag, bound->mac_size);
	return base64url_encode(bytes_from(octets, head_size + bound->mac_size), out) ? OK : REFUSE(internal);
}

static status open_bound(const struct verifier *verifier, const struct bound *bound, struct bytes text, status forged)
{
	uint8_t octets[longest_random + time_size + token_mac], tag[32];
	struct buffer decoded = BUFFER(octets);
	const size_t head_size = bound->random_size + time_size;
	if (is_refused(base64url_decode(text, &decoded)) || decoded.size != head_size + bound->mac_size)
		return forged;
	if (!authenticate(verifier, bound, bytes_from(octets, head_size), tag) ||
	    CRYPTO_memcmp(tag, octets + head_size, bound->mac_size) != 0)
		return forged;
	uint64_t made = 0;
	for (size_t i = 0; i < time_size; i++)
		made = made << 8 | octets[bound->random_size + i];
	const uint64_t now = clock_boot_s();
	return now >= made && now - made < verifier_order_life_s ? OK : REFUSE(token_expired);
}

static struct bound order_bound(struct bytes directory, struct bytes identifier_type, struct bytes identifier)
{
	return (struct bound){"keyward order 1", order_random, order_mac, {directory, identifier_type, identifier}};
}

static struct bound token_bound(struct bytes order)
{
	return (struct bound){"keyward token 1", token_random, token_mac, {order, bytes_from_text("device-attest-01"), {0}}};
}

status token_make_order(const struct verifier *verifier, struct bytes directory, struct bytes identifier_type,
			struct bytes identifier, struct buffer *out)
{
	const struct bound bound = order_bound(directory, identifier_type, identifier);
	return make(verifier, &bound, out);
}

status token_make(const struct verifier *verifier, struct bytes order, struct buffer *out)
{
	const struct bound bound = token_bound(order);
	return make(verifier, &bound, out);
}

status token_open_order(const struct verifier *verifier, struct bytes directory, struct bytes order,
			struct bytes identifier_type, struct bytes identifier)
{
	const struct bound bound = order_bound(directory, identifier_type, identifier);
	return open_bound(verifier, &bound, order, REFUSE(order_forged));
}

status token_open(const struct verifier *verifier, struct bytes order, struct bytes token)
{
	const struct bound bound = token_bound(order);
	return open_bound(verifier, &bound, token, REFUSE(token_forged));
}
