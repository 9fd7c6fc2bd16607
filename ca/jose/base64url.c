/* SPDX-License-Identifier: Apache-2.0
 * Decides what is base64url without padding: exactly one text for each string of octets. Distrusts every byte. */
#include "ca/jose/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of a character; 64 for one that is none. */
static uint32_t sextet(uint8_t character)
{
	if (character >= 'A' && character <= 'Z')
		return (uint32_t)(character - 'A');
	if (character >= 'a' && character <= 'z')
		return (uint32_t)(character - 'a') + 26;
	if (character >= '0' && character <= '9')
		return (uint32_t)(character - '0') + 52;
	if (character == '-')
		return 62;
	return character == '_' ? 63 : 64;
}

status base64url_decode(struct bytes text, struct buffer *out)
{
	const size_t rest = text.size % 4;
	const size_t size = text.size / 4 * 3 + (rest == 0 ? 0 : rest - 1);
	if (rest == 1 || out->room - out->size < size)
		return REFUSE(base64url_malformed);
	uint8_t *to = size == 0 ? NULL : out->data + out->size;
	uint32_t bits = 0, held = 0;
	for (size_t i = 0; i < text.size; i++) {
		const uint32_t six = sextet(text.data[i]);
		if (six > 63)
			return REFUSE(base64url_malformed);
		bits = (bits << 6 | six) & 0xfff;
		held += 6;
		if (held >= 8 && to != NULL) {
			held -= 8;
			*to++ = (uint8_t)(bits >> held);
		}
	}
	if ((bits & ((1U << held) - 1)) != 0)
		return REFUSE(base64url_malformed); /* stray bits: a second text for the same octets */
	out->size += size;
	return OK;
}

bool base64url_encode(struct bytes octets, struct buffer *out)
{
	const size_t rest = octets.size % 3;
	const size_t size = octets.size / 3 * 4 + (rest == 0 ? 0 : rest + 1);
	if (out->room - out->size < size)
		return false;
	uint8_t *to = size == 0 ? NULL : out->data + out->size;
	uint32_t bits = 0, held = 0;
	for (size_t i = 0; i < octets.size; i++) {
		bits = (bits << 8 | octets.data[i]) & 0xffff;
		held += 8;
		while (held >= 6 && to != NULL) {
			held -= 6;
			*to++ = (uint8_t)alphabet[bits >> held & 63];
		}
	}
	if (held != 0 && to != NULL)
		*to = (uint8_t)alphabet[bits << (6 - held) & 63];
	out->size += size;
	return true;
}
