/* SPDX-License-Identifier: Apache-2.0
 * Decides whether the ledger holds an entry. Shares no code with the signer, so that an error there is not repeated
 * here. Distrusts every byte. */
#include "attest/enroll/proof.h"

#include <openssl/x509.h>

#include "firmware/boundary/wire.h"

enum { key_id_size = 4, most_signatures = 16, longest_signature = 200 };

static bool hash_pieces(uint8_t prefix, struct bytes first, struct bytes second, struct proof_hash *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool is_made = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
			     EVP_DigestUpdate(context, &prefix, 1) == 1 &&
			     EVP_DigestUpdate(context, first.data, first.size) == 1 &&
			     EVP_DigestUpdate(context, second.data, second.size) == 1 &&
			     EVP_DigestFinal_ex(context, out->octets, NULL) == 1;
	EVP_MD_CTX_free(context);
	return is_made;
}

bool proof_leaf(struct bytes data, struct proof_hash *out)
{
	return hash_pieces(0, data, (struct bytes){0}, out);
}

static bool hash_node(const struct proof_hash *left, const struct proof_hash *right, struct proof_hash *out)
{
	return hash_pieces(1, BYTES_OF(left->octets), BYTES_OF(right->octets), out);
}

bool proof_is_included(const struct proof_hash *leaf, uint64_t index, uint64_t size, const struct proof_path *path,
		       const struct proof_hash *root)
{
	if (index >= size || path->count > proof_deepest)
		return false;
	uint64_t fn = index, sn = size - 1;
	struct proof_hash at = *leaf;
	for (size_t i = 0; i < path->count; i++) {
		const struct proof_hash before = at, *const other = &path->at[i];
		if (sn == 0)
			return false;
		const bool is_right = (fn & 1) != 0 || fn == sn;
		if (!(is_right ? hash_node(other, &before, &at) : hash_node(&before, other, &at)))
			return false;
		while (is_right && (fn & 1) == 0 && fn != 0) {
			fn >>= 1;
			sn >>= 1;
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(at.octets, root->octets, proof_hash_size) == 0;
}

/* Takes a line without its end off the front. */
static bool take_line(struct bytes *text, struct bytes *line)
{
	const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
	if (end == NULL)
		return false;
	*line = bytes_from(text->data, (size_t)(end - text->data));
	*text = bytes_from(end + 1, text->size - line->size - 1);
	return true;
}

/* Standard base64 with padding, the one text for its octets. */
static bool decode_base64(struct bytes text, struct buffer *out)
{
	uint8_t decoded[longest_signature + 8];
	char again[longest_signature * 2];
	if (text.size == 0 || text.size % 4 != 0 || text.size / 4 * 3 > sizeof decoded)
		return false;
	const int got = EVP_DecodeBlock(decoded, text.data, (int)text.size);
	const size_t padding = (size_t)(text.data[text.size - 1] == '=') + (size_t)(text.data[text.size - 2] == '=');
	if (got < 0 || (size_t)got < padding)
		return false;
	const size_t size = (size_t)got - padding;
	const int written = EVP_EncodeBlock((unsigned char *)again, decoded, (int)size);
	return bytes_equal(bytes_from(again, (size_t)written), text) && buffer_add(out, decoded, size);
}

/* Decimal without leading zeroes. */
static bool read_size(struct bytes line, uint64_t *out)
{
	uint64_t value = 0;
	if (line.size == 0 || line.size > 18 || (line.data[0] == '0' && line.size > 1))
		return false;
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] < '0' || line.data[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(line.data[i] - '0');
	}
	*out = value;
	return true;
}

static bool is_origin(struct bytes line)
{
	for (size_t i = 0; i < line.size; i++)
		if (line.data[i] <= ' ' || line.data[i] > '~' || line.data[i] == '+')
			return false;
	return line.size > 0 && line.size < sizeof((struct proof_checkpoint *)0)->origin;
}

bool proof_read_checkpoint(struct bytes note, struct proof_checkpoint *out)
{
	struct proof_checkpoint checkpoint = {.size = 0};
	struct buffer root = BUFFER(checkpoint.root.octets);
	struct bytes rest = note, origin, size, hash, empty;
	if (note.size > proof_text_room || !take_line(&rest, &origin) || !take_line(&rest, &size) ||
	    !take_line(&rest, &hash))
		return false;
	checkpoint.text = bytes_from(note.data, note.size - rest.size);
	if (!take_line(&rest, &empty) || empty.size != 0 || !is_origin(origin) || !read_size(size, &checkpoint.size) ||
	    !decode_base64(hash, &root) || root.size != proof_hash_size)
		return false;
	memcpy(checkpoint.origin, origin.data, origin.size);
	checkpoint.signatures = rest;
	*out = checkpoint;
	return true;
}

static bool read_key_id(EVP_PKEY *key, uint8_t out[key_id_size])
{
	unsigned char *spki = NULL;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const int size = i2d_PUBKEY(key, &spki);
	const bool is_made = size > 0 && EVP_Digest(spki, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(spki);
	if (is_made)
		memcpy(out, digest, key_id_size);
	return is_made;
}

/* The hash that goes with the curve. */
static const EVP_MD *digest_of(EVP_PKEY *key)
{
	const int bits = EVP_PKEY_get_bits(key);
	return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

static bool is_signature(struct bytes text, struct bytes signature, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool is_right = context != NULL && EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key) == 1 &&
			      EVP_DigestVerify(context, signature.data, signature.size, text.data, text.size) == 1;
	EVP_MD_CTX_free(context);
	return is_right;
}

/* "— NAME BASE64", an em dash in front. */
static bool read_signature(struct bytes line, const char *name, struct buffer *blob)
{
	static const char dash[] = "\xe2\x80\x94 ";
	const size_t size = sizeof dash - 1 + strlen(name) + 1;
	if (line.size <= size || memcmp(line.data, dash, sizeof dash - 1) != 0 ||
	    memcmp(line.data + sizeof dash - 1, name, strlen(name)) != 0 || line.data[size - 1] != ' ')
		return false;
	return decode_base64(bytes_from(line.data + size, line.size - size), blob) && blob->size > key_id_size;
}

bool proof_is_signed(const struct proof_checkpoint *checkpoint, EVP_PKEY *audit_key)
{
	struct bytes rest = checkpoint->signatures, line;
	uint8_t key_id[key_id_size];
	if (!EVP_PKEY_is_a(audit_key, "EC") || !read_key_id(audit_key, key_id))
		return false;
	for (unsigned i = 0; i < most_signatures && take_line(&rest, &line); i++) {
		uint8_t octets[longest_signature];
		struct buffer blob = BUFFER(octets);
		if (read_signature(line, checkpoint->origin, &blob) && memcmp(octets, key_id, key_id_size) == 0 &&
		    is_signature(checkpoint->text, bytes_from(octets + key_id_size, blob.size - key_id_size),
				 audit_key))
			return true;
	}
	return false;
}

bool proof_is_about(struct bytes leaf, struct bytes tbs, const char *order, const char *identifier)
{
	struct message_ledger_entry entry;
	uint8_t hash[EVP_MAX_MD_SIZE];
	if (is_refused(wire_decode(message_ledger_entry, leaf, &entry)) ||
	    EVP_Digest(tbs.data, tbs.size, hash, NULL, EVP_sha256(), NULL) != 1)
		return false;
	return entry.kind == 'c' && memcmp(entry.tbs_hash, hash, sizeof entry.tbs_hash) == 0 &&
	       bytes_equal_text(entry.order, order) &&
	       bytes_equal_text(entry.identifier_type, "permanent-identifier") &&
	       bytes_equal_text(entry.identifier, identifier);
}
