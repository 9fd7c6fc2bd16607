/* SPDX-License-Identifier: Apache-2.0
 * What Android devices, YubiKeys and authenticators send, made here under test roots. For tests only. */
#include "tests/device/attested.h"

#include <stdlib.h>

#include "tests/device/statement.h"

/* ---- DER ---- */

static void put(struct device_octets *out, unsigned first, unsigned number, struct bytes content)
{
	uint8_t head[8];
	size_t size = 0;
	head[size++] = (uint8_t)(number < 31 ? first | number : first | 31U);
	if (number >= 128)
		head[size++] = (uint8_t)(0x80U | number >> 7);
	if (number >= 31)
		head[size++] = (uint8_t)(number & 0x7fU);
	if (content.size >= 256)
		head[size++] = 0x82;
	else if (content.size >= 128)
		head[size++] = 0x81;
	if (content.size >= 256)
		head[size++] = (uint8_t)(content.size >> 8);
	head[size++] = (uint8_t)content.size;
	device_append(out, head, size);
	device_append(out, content.data, content.size);
}

static struct device_octets *fresh(void)
{
	struct device_octets *octets = calloc(1, sizeof *octets);
	DEVICE_NEED(octets != NULL);
	return octets;
}

/* Puts `inner` around with a tag and frees it. */
static void wrap(struct device_octets *out, unsigned first, unsigned number, struct device_octets *inner)
{
	put(out, first, number, device_view(inner));
	free(inner);
}

static void put_small(struct device_octets *out, unsigned tag, unsigned value)
{
	uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
	size_t skip = 0;
	while (skip < 3 && octets[skip] == 0 && octets[skip + 1] < 0x80)
		skip++;
	put(out, 0, tag, bytes_from(octets + skip, sizeof octets - skip));
}

static void put_authorization(struct device_octets *out, unsigned number, unsigned tag, struct bytes content)
{
	struct device_octets *inner = fresh();
	put(inner, 0, tag, content);
	wrap(out, 0xa0, number, inner);
}

static void put_number(struct device_octets *out, unsigned number, unsigned value)
{
	struct device_octets *inner = fresh();
	put_small(inner, 2, value);
	wrap(out, 0xa0, number, inner);
}

static void put_root_of_trust(const struct device_attested *attested, struct device_octets *out)
{
	static const uint8_t hash[32] = {1};
	struct device_octets *sequence = fresh(), *inner = fresh();
	put(sequence, 0, 4, bytes_from(hash, sizeof hash));
	put(sequence, 0, 1, bytes_from(attested->is_unlocked ? "\x00" : "\xff", 1));
	put_small(sequence, 10, attested->boot_state);
	put(sequence, 0, 4, bytes_from(hash, sizeof hash));
	wrap(inner, 0x20, 16, sequence);
	wrap(out, 0xa0, 704, inner);
}

static void put_serial(const struct device_attested *attested, struct device_octets *out)
{
	if (attested->serial != NULL)
		put_authorization(out, 713, 4, bytes_from_text(attested->serial));
}

static void put_hardware(const struct device_attested *attested, struct device_octets *out)
{
	struct device_octets *purposes = fresh(), *set = fresh();
	put_small(purposes, 2, attested->cannot_sign ? 0 : 2);
	wrap(set, 0x20, 17, purposes);
	wrap(out, 0xa0, 1, set);
	put_number(out, 2, 3); /* algorithm EC */
	if (attested->is_for_all)
		put_authorization(out, 600, 5, bytes_from(NULL, 0));
	if (!attested->says_no_origin)
		put_number(out, 702, attested->is_imported ? 2 : 0);
	if (!attested->has_no_root_of_trust && !attested->is_root_of_trust_the_systems)
		put_root_of_trust(attested, out);
	put_number(out, 705, 140000);
	put_number(out, 706, 202611);
	if (!attested->is_serial_the_systems)
		put_serial(attested, out);
	put_authorization(out, 716, 4, bytes_from_text("Google"));
	put_authorization(out, 717, 4, bytes_from_text("Pixel 8"));
}

static void put_system(const struct device_attested *attested, struct device_octets *out)
{
	put_number(out, 701, 1764000000);
	if (attested->is_root_of_trust_the_systems)
		put_root_of_trust(attested, out);
	if (attested->is_serial_the_systems)
		put_serial(attested, out);
}

void device_attested_description(const struct device_attested *attested, struct device_octets *out)
{
	struct device_octets *sequence = fresh(), *system = fresh(), *hardware = fresh();
	put_small(sequence, 2, 200);
	put_small(sequence, 10, attested->is_software ? 0 : 1);
	put_small(sequence, 2, 200);
	put_small(sequence, 10, attested->is_key_software ? 0 : 1);
	put(sequence, 0, 4, attested->challenge != NULL ? *attested->challenge : attested->bound);
	put(sequence, 0, 4, bytes_from(NULL, 0));
	put_system(attested, system);
	wrap(sequence, 0x20, 16, system);
	put_hardware(attested, hardware);
	wrap(sequence, 0x20, 16, hardware);
	out->size = 0;
	wrap(out, 0x20, 16, sequence);
}

/* ---- leaves ---- */

enum { most_extensions = 8 };

static void add(struct device_leaf *leaf, struct device_extension room[most_extensions], const char *without, const char *oid,
		struct bytes value)
{
	if (without != NULL && strcmp(without, oid) == 0)
		return;
	DEVICE_NEED(leaf->extension_count < most_extensions);
	room[leaf->extension_count++] = (struct device_extension){.oid = oid, .value = value};
	leaf->extensions = room;
}

static void put_permanent_identifier(const struct device_attested *attested, struct device_octets *out)
{
	static const uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 8, 3};
	struct device_octets *text = fresh(), *value = fresh(), *name = fresh(), *names = fresh();
	put(text, 0, 12, bytes_from_text(attested->serial));
	wrap(value, 0x20, 16, text);
	put(name, 0, 6, bytes_from(oid, sizeof oid));
	wrap(name, 0xa0, 0, value);
	wrap(names, 0xa0, 0, name);
	wrap(out, 0x20, 16, names);
}

void device_attested_leaf(const struct device_attested *attested, struct device_octets *out)
{
	struct device_extension room[most_extensions];
	struct device_octets *said = fresh();
	struct device_leaf leaf = attested->leaf;
	const char *without = attested->without;
	leaf.authority = attested->authority;
	leaf.key = attested->key;
	if (strcmp(attested->format, "android-key") == 0) {
		device_attested_description(attested, said);
		add(&leaf, room, without, DEVICE_ANDROID, attested->description != NULL ? *attested->description : device_view(said));
	} else if (strcmp(attested->format, "step") == 0) {
		add(&leaf, room, without, DEVICE_YUBICO "3", bytes_from(attested->firmware != NULL ? (const char *)attested->firmware : "\5\4\3", 3));
		if (attested->serial != NULL)
			put_small(said, 2, (unsigned)strtoul(attested->serial, NULL, 10));
		if (attested->serial != NULL)
			add(&leaf, room, without, DEVICE_YUBICO "7", device_view(said));
		add(&leaf, room, without, DEVICE_YUBICO "8", bytes_from(attested->policies != NULL ? (const char *)attested->policies : "\2\1", 2));
		add(&leaf, room, without, DEVICE_YUBICO "9", bytes_from("\4", 1));
	} else {
		if (leaf.unit == NULL)
			leaf.unit = "Authenticator Attestation";
		if (attested->serial != NULL)
			put_permanent_identifier(attested, said);
		if (attested->serial != NULL)
			add(&leaf, room, without, "2.5.29.17", device_view(said));
	}
	if (attested->also.oid != NULL)
		add(&leaf, room, NULL, attested->also.oid, attested->also.value);
	device_leaf_build(&leaf, out);
	free(said);
}

/* ---- the object ---- */

static int64_t algorithm_of(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") ? -257 : EVP_PKEY_is_a(key, "ED25519") ? -8 : EVP_PKEY_get_bits(key) == 384 ? -35 : -7;
}

static void sign(const struct device_attested *attested, struct device_octets *out)
{
	EVP_PKEY *key = attested->signer != NULL ? attested->signer : attested->key;
	const struct bytes text = attested->signed_text != NULL ? *attested->signed_text : attested->bound;
	const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : algorithm_of(key) == -35 ? "SHA384" : "SHA256";
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = sizeof out->data;
	DEVICE_NEED(context != NULL && EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL) == 1);
	DEVICE_NEED(EVP_DigestSign(context, out->data, &size, text.data, text.size) == 1);
	out->size = size;
	EVP_MD_CTX_free(context);
}

static void put_signature(const struct device_attested *attested, struct device_octets *out)
{
	struct device_octets *signature = fresh(), *inner = fresh();
	sign(attested, signature);
	const bool is_wrapped = strcmp(attested->format, "step") == 0 && !attested->is_signature_bare;
	if (is_wrapped)
		device_cbor_octets(inner, device_view(signature));
	if (attested->is_signature_longer)
		device_append(inner, "", 1);
	device_cbor_text(out, "sig");
	device_cbor_octets(out, device_view(is_wrapped ? inner : signature));
	free(signature);
	free(inner);
}

static void put_chain(const struct device_attested *attested, struct device_octets *out)
{
	struct device_octets *leaf = fresh();
	const bool is_own = attested->chain == NULL;
	if (is_own)
		device_attested_leaf(attested, leaf);
	const struct bytes own[2] = {device_view(leaf), attested->above == NULL ? bytes_from(NULL, 0)
									       : bytes_from(attested->above->der, attested->above->size)};
	const struct bytes *chain = is_own ? own : attested->chain;
	const size_t count = !is_own ? attested->chain_count : attested->above != NULL ? 2 : 1;
	device_cbor_text(out, "x5c");
	device_cbor_list(out, chain, count);
	free(leaf);
}

void device_attested_build(const struct device_attested *attested, struct device_octets *out)
{
	out->size = 0;
	device_cbor_head(out, 5, attested->has_auth_data ? 3 : 2);
	device_cbor_text(out, "fmt");
	device_cbor_text(out, attested->named != NULL ? attested->named : attested->format);
	if (attested->has_auth_data) {
		device_cbor_text(out, "authData");
		device_cbor_octets(out, bytes_from("\0\1\2\3", 4));
	}
	device_cbor_text(out, "attStmt");
	device_cbor_head(out, 5, 3U - attested->has_no_algorithm - attested->has_no_signature - attested->has_no_chain);
	if (!attested->has_no_algorithm) {
		device_cbor_text(out, "alg");
		device_cbor_integer(out, attested->algorithm != 0 ? attested->algorithm : algorithm_of(attested->key));
	}
	if (!attested->has_no_signature)
		put_signature(attested, out);
	if (!attested->has_no_chain)
		put_chain(attested, out);
}
