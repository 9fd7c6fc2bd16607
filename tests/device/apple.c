/* SPDX-License-Identifier: Apache-2.0
 * What a Mac gets from Apple's attestation servers, made here under test roots. For tests only. */
#include "tests/device/apple.h"

#include <stdlib.h>

#include "tests/device/statement.h"

static void add(struct device_leaf *leaf, struct device_extension *room, const char *without, const char *oid, struct bytes value)
{
	if (value.data == NULL || (without != NULL && strcmp(without, oid) == 0))
		return;
	room[leaf->extension_count++] = (struct device_extension){.oid = oid, .value = value};
}

void device_apple_leaf(const struct device_apple *apple, struct device_octets *out)
{
	struct device_extension room[12];
	uint8_t hash[32];
	static const uint8_t zero[] = {2, 1, 0};
	struct device_leaf leaf = apple->leaf;
	const char *without = apple->without;
	leaf.authority = apple->authority;
	leaf.key = apple->key;
	leaf.extensions = room;
	DEVICE_NEED(EVP_Digest(apple->token.data, apple->token.size, hash, NULL, EVP_sha256(), NULL) == 1);
	add(&leaf, room, without, DEVICE_APPLE "10.2", bytes_from_text("15.5"));
	add(&leaf, room, without, DEVICE_APPLE "10.3", bytes_from_text("15.5.1"));
	add(&leaf, room, without, DEVICE_APPLE "10.1", bytes_from_text("15.6"));
	add(&leaf, room, without, DEVICE_APPLE "9.4", bytes_from_text("J514sAP"));
	add(&leaf, room, without, DEVICE_APPLE "13.2", bytes_from_text("Full Security"));
	add(&leaf, room, without, DEVICE_APPLE "13.1", bytes_from(zero, sizeof zero));
	add(&leaf, room, without, DEVICE_APPLE "13.3", bytes_from(zero, sizeof zero));
	add(&leaf, room, without, DEVICE_APPLE "9.1", bytes_from_text(apple->serial));
	add(&leaf, room, without, DEVICE_APPLE "9.2", bytes_from_text(apple->udid));
	add(&leaf, room, without, DEVICE_APPLE "11.1", apple->freshness != NULL ? *apple->freshness : bytes_from(hash, sizeof hash));
	if (apple->also.oid != NULL)
		room[leaf.extension_count++] = apple->also;
	device_leaf_build(&leaf, out);
}

static void put_chain(const struct device_apple *apple, struct device_octets *out)
{
	struct device_octets *leaf = calloc(1, sizeof *leaf);
	DEVICE_NEED(leaf != NULL);
	device_apple_leaf(apple, leaf);
	const struct bytes own[2] = {device_view(leaf), apple->above == NULL ? bytes_from(NULL, 0)
									    : bytes_from(apple->above->der, apple->above->size)};
	const struct bytes *chain = apple->chain != NULL ? apple->chain : own;
	const size_t count = apple->chain != NULL ? apple->chain_count : apple->above != NULL ? 2 : 1;
	device_cbor_text(out, "x5c");
	device_cbor_list(out, chain, count);
	free(leaf);
}

void device_apple_build(const struct device_apple *apple, struct device_octets *out)
{
	out->size = 0;
	device_cbor_head(out, 5, apple->has_auth_data ? 3 : 2);
	device_cbor_text(out, "fmt");
	device_cbor_text(out, apple->format != NULL ? apple->format : "apple");
	if (apple->has_auth_data) {
		device_cbor_text(out, "authData");
		device_cbor_octets(out, bytes_from("\0\1\2\3", 4));
	}
	device_cbor_text(out, "attStmt");
	device_cbor_head(out, 5, apple->has_no_chain ? 0 : 1);
	if (!apple->has_no_chain)
		put_chain(apple, out);
}
