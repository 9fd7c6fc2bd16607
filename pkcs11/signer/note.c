/* SPDX-License-Identifier: Apache-2.0
 * Writes and reads checkpoints. Distrusts a stored note: it is taken only when it is, octet for octet, what this author
 * would have written for what it says. */
#include "pkcs11/signer/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509.h>

enum { key_id_size = 4, longest_signature = 160, base64_of_hash = 44 };

static const char dash[] = "\n\xe2\x80\x94 "; /* the empty line, then an em dash */

bool note_is_origin(const char *origin)
{
	const size_t size = strlen(origin);
	if (size == 0 || size > note_longest_origin)
		return false;
	for (size_t i = 0; i < size; i++)
		if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+')
			return false;
	return true;
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

static bool add_base64(struct buffer *out, struct bytes octets)
{
	char text[4 * ((key_id_size + longest_signature + 2) / 3) + 1];
	if (octets.size > key_id_size + longest_signature)
		return false;
	const int size = EVP_EncodeBlock((unsigned char *)text, octets.data, (int)octets.size);
	return size > 0 && buffer_add(out, text, (size_t)size);
}

static status build_text(const char *origin, const struct note_checkpoint *checkpoint, struct buffer *out)
{
	char size[24];
	if (snprintf(size, sizeof size, "\n%" PRIu64 "\n", checkpoint->size) < 0 || !add_text(out, origin) ||
	    !add_text(out, size) || !add_base64(out, BYTES_OF(checkpoint->root.octets)) || !add_text(out, "\n"))
		return REFUSE(internal);
	return OK;
}

static status key_id(EVP_PKEY *key, uint8_t out[key_id_size])
{
	unsigned char *spki = NULL;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const int size = i2d_PUBKEY(key, &spki);
	const bool is_made =
		size > 0 && EVP_Digest(spki, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(spki);
	if (!is_made)
		return REFUSE(internal);
	memcpy(out, digest, key_id_size);
	return OK;
}

/* The text, an empty line, and the signature's line. */
static status build_note(const struct note_author *author, struct bytes text, struct bytes signature,
			 struct buffer *note)
{
	uint8_t room[key_id_size + longest_signature];
	struct buffer blob = BUFFER(room);
	TRY(key_id(author->key, room));
	blob.size = key_id_size;
	if (!buffer_add(&blob, signature.data, signature.size) || !buffer_add(note, text.data, text.size) ||
	    !add_text(note, dash) || !add_text(note, author->origin) || !add_text(note, " ") ||
	    !add_base64(note, buffer_view(&blob)) || !add_text(note, "\n"))
		return REFUSE(internal);
	return OK;
}

status note_build(const struct note_author *author, const struct note_checkpoint *checkpoint, struct buffer *note)
{
	uint8_t text_room[note_longest], signature_room[longest_signature];
	struct buffer text = BUFFER(text_room), signature = BUFFER(signature_room);
	TRY(build_text(author->origin, checkpoint, &text));
	TRY(author->sign(author->context, buffer_view(&text), &signature));
	return build_note(author, buffer_view(&text), buffer_view(&signature), note);
}

/* Takes the line up to and with its end off the front. */
static bool take_line(struct bytes *text, char *line, size_t room)
{
	const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
	if (end == NULL || (size_t)(end - text->data) >= room)
		return false;
	const size_t size = (size_t)(end - text->data);
	memcpy(line, text->data, size);
	line[size] = 0;
	*text = bytes_from(end + 1, text->size - size - 1);
	return true;
}

/* Standard base64 with padding; the number of octets, or 0. */
static size_t decode_base64(const char *text, uint8_t *out, size_t room)
{
	const size_t size = strlen(text);
	uint8_t octets[note_longest];
	if (size == 0 || size % 4 != 0 || size > sizeof octets)
		return 0;
	const int got = EVP_DecodeBlock(octets, (const unsigned char *)text, (int)size);
	const size_t padding = (size_t)(text[size - 1] == '=') + (size_t)(text[size - 2] == '=');
	if (got < 0 || (size_t)got < padding || (size_t)got - padding > room)
		return 0;
	memcpy(out, octets, (size_t)got - padding);
	return (size_t)got - padding;
}

static bool is_signed(const struct note_author *author, struct bytes text, struct bytes signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *digest = EVP_PKEY_get_bits(author->key) > 384 ? EVP_sha512()
			       : EVP_PKEY_get_bits(author->key) > 256 ? EVP_sha384()
								      : EVP_sha256();
	const bool is_right =
		context != NULL && EVP_DigestVerifyInit(context, NULL, digest, NULL, author->key) == 1 &&
		EVP_DigestVerify(context, signature.data, signature.size, text.data, text.size) == 1;
	EVP_MD_CTX_free(context);
	return is_right;
}

static bool read_fields(struct bytes rest, struct note_checkpoint *checkpoint, uint8_t *blob, size_t *blob_size)
{
	char line[note_longest];
	char *end = NULL;
	if (!take_line(&rest, line, sizeof line) || !take_line(&rest, line, sizeof line))
		return false;
	checkpoint->size = strtoull(line, &end, 10);
	if (!take_line(&rest, line, sizeof line) ||
	    decode_base64(line, checkpoint->root.octets, tree_hash_size) != tree_hash_size)
		return false;
	if (!take_line(&rest, line, sizeof line) || line[0] != 0 || !take_line(&rest, line, sizeof line))
		return false;
	const char *space = strrchr(line, ' ');
	*blob_size = space == NULL ? 0 : decode_base64(space + 1, blob, key_id_size + longest_signature);
	return *blob_size > key_id_size;
}

status note_open(const struct note_author *author, struct bytes note, struct note_checkpoint *out)
{
	struct note_checkpoint checkpoint = {0};
	uint8_t blob[key_id_size + longest_signature], text_room[note_longest], again_room[note_longest];
	size_t blob_size = 0;
	struct buffer text = BUFFER(text_room), again = BUFFER(again_room);
	if (!read_fields(note, &checkpoint, blob, &blob_size))
		return REFUSE(ledger_broken);
	const struct bytes signature = bytes_from(blob + key_id_size, blob_size - key_id_size);
	TRY(build_text(author->origin, &checkpoint, &text));
	TRY(build_note(author, buffer_view(&text), signature, &again));
	if (!bytes_equal(note, buffer_view(&again)) || !is_signed(author, buffer_view(&text), signature))
		return REFUSE(ledger_broken);
	*out = checkpoint;
	return OK;
}
