/* SPDX-License-Identifier: Apache-2.0
 * Decides what is base64url without padding: exactly one text for each string of octets. Distrusts every byte. */
#include "ca/jose/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The place of a character in the alphabet, from 1; 0 for one that is not in it. */
static const uint8_t places[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

bool base64url_is(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (places[text.data[i]] == 0)
			return false;
	return text.size % 4 != 1;
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
		const uint32_t place = places[text.data[i]];
		if (place == 0)
			return REFUSE(base64url_malformed);
		bits = (bits << 6 | (place - 1)) & 0xfff;
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
