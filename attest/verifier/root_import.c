/* SPDX-License-Identifier: Apache-2.0
 * Reads one request, once its signature is known to be good. Distrusts every byte before. */
#include "attest/verifier/root_import.h"

#include "attest/verifier/administrator.h"
#include "ca/jose/base64url.h"

struct members {
	struct bytes format, certificate, vendors, directories; /* the last two empty: all */
	bool may_be_unknown;
};

/* A member that need not be there. */
static bool read_words(const struct json_read *read, const char *name, size_t *count, struct bytes *out)
{
	*out = bytes_from(NULL, 0);
	if (json_find(read, name) == NULL)
		return true;
	++*count;
	return !is_refused(json_text(read, name, out)) && out->size != 0;
}

static bool read_members(struct bytes payload, struct buffer *room, struct members *out)
{
	struct json_read read;
	size_t count = 2;
	if (is_refused(json_parse(payload, room, &read)) || is_refused(json_text(&read, "format", &out->format)) ||
	    is_refused(json_text(&read, "certificate", &out->certificate)) || !read_words(&read, "vendors", &count, &out->vendors) ||
	    !read_words(&read, "directories", &count, &out->directories))
		return false;
	const struct json_member *unknown = json_find(&read, "unknown");
	out->may_be_unknown = unknown != NULL;
	count += out->may_be_unknown ? 1 : 0;
	return read.count == count &&
	       (unknown == NULL || (unknown->kind == json_literal && bytes_equal_text(unknown->value, "true")));
}

/* The bits of the directories of that name, or of any, that take signed roots. */
static uint32_t directory_bits(const struct verifier *verifier, const struct bytes *name)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < verifier->directory_count; i++) {
		const struct message_verifier_directory *rules = &verifier->directories[i].rules;
		if (rules->takes_signed_roots == 1 && (name == NULL || bytes_equal(*name, rules->name)))
			bits |= (uint32_t)1 << i;
	}
	return bits;
}

/* False: one takes none, or there is none. */
static bool read_directories(const struct verifier *verifier, struct bytes names, uint32_t *out)
{
	const uint8_t *at = names.data, *end = at + names.size;
	uint32_t all = names.size == 0 ? directory_bits(verifier, NULL) : 0;
	while (at < end) {
		const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
		const struct bytes name = bytes_from(at, (size_t)((space == NULL ? end : space) - at));
		const uint32_t bit = directory_bits(verifier, &name);
		if (bit == 0)
			return false;
		all |= bit;
		at += name.size + 1;
	}
	*out = all;
	return all != 0;
}

static X509 *read_certificate(struct bytes text, struct buffer *room)
{
	const unsigned char *const start = room->data + room->size, *at = start;
	if (is_refused(base64url_decode(text, room)))
		return NULL;
	const long size = (long)(room->data + room->size - start);
	X509 *certificate = d2i_X509(NULL, &at, size);
	if (certificate != NULL && at == start + size)
		return certificate;
	X509_free(certificate);
	return NULL;
}

const char *root_import_read(const struct verifier *verifier, struct bytes request, struct buffer *room, struct root_import *out)
{
	const struct message_verifier_settings *settings = &verifier->settings;
	struct root_import made = {.directories = 0};
	struct members members;
	struct jws jws;
	if (request.size > root_import_most || is_refused(jws_parse(request, room, &jws)))
		return "it is no signed request";
	if (!administrator_is_ours(settings, &jws))
		return "it was signed for another appliance, or for another name or port of this one";
	if (!administrator_signed(settings, &jws, &made.administrator))
		return "no administrator of the configuration signed it: let one sign it anew";
	if (!administrator_meant(settings, &jws, "/admin/root"))
		return "its administrator signed it for something else than a root of this appliance";
	if (!read_members(jws.payload, room, &members))
		return "what was signed is not a root, its format and whom it is for";
	made.format = members.format;
	made.vendor_names = members.vendors;
	made.directory_names = members.directories;
	if (!vendor_set_read(members.vendors, &made.vendors))
		return "a vendor is not in the list";
	if (!read_directories(verifier, members.directories, &made.directories))
		return "it is for a directory that there is not, or that takes no signed roots";
	made.certificate = read_certificate(members.certificate, room);
	if (made.certificate == NULL)
		return "what was signed is no certificate";
	const char *what = anchor_judge(made.certificate, made.format, &made.anchor);
	if (what == NULL && made.anchor.is_root && !made.anchor.is_known && !members.may_be_unknown)
		what = "it is a root that nobody knows, and was not signed as such";
	if (what != NULL)
		X509_free(made.certificate);
	else
		*out = made;
	return what;
}
