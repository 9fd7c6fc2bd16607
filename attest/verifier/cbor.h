/* SPDX-License-Identifier: Apache-2.0
 * CBOR (RFC 8949) of definite lengths within small limits, as a flat list of items in the order of the text. Distrusts
 * every byte; reserves nothing. */
#ifndef KEYWARD_CBOR_H
#define KEYWARD_CBOR_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum cbor_kind { cbor_unsigned, cbor_negative, cbor_octets, cbor_text, cbor_array, cbor_map, cbor_simple };
enum { cbor_most_items = 64, cbor_deepest = 4 };

struct cbor_item {
	enum cbor_kind kind;
	uint64_t number;     /* unsigned: the value; negative: -1 minus the value */
	struct bytes octets; /* of octets and text: a view into the input */
	size_t count;        /* of array and map: elements, pairs */
	size_t next;         /* index of what follows this item and all that it holds */
};

struct cbor {
	struct cbor_item items[cbor_most_items];
	size_t count;
};

/* Reads exactly one item. cbor_malformed: cut, trailing bytes, indefinite length, a tag, a float, undefined, text that is not UTF-8
 * or holds a NUL, too deep or too many; cbor_duplicate: a map holds a key twice. */
status cbor_parse(struct bytes in, struct cbor *out);

/* Index of the value of a text key in the map at index `map`; 0 when absent or when that is no map. */
size_t cbor_member(const struct cbor *cbor, size_t map, const char *key);

#endif
