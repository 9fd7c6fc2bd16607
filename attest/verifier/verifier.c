/* SPDX-License-Identifier: Apache-2.0
 * Settings made ready, and the opening of orders. The settings come from the warden and are trusted. */
#include "attest/verifier/verifier.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "attest/token/token.h"
#include "attest/verifier/format.h"
#include "attest/verifier/vendor.h"
#include "firmware/boundary/challenge.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/identifier.h"

/* PEM or DER, as the file had it. */
static X509 *read_root(struct bytes file)
{
	const unsigned char *at = file.data;
	X509 *root = d2i_X509(NULL, &at, (long)file.size);
	if (root != NULL)
		return root;
	BIO *text = BIO_new_mem_buf(file.data, (int)file.size);
	root = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	return root;
}

static bool read_roots(const struct bytes *files, size_t count, struct chain_roots *out)
{
	for (size_t i = 0; i < count; i++) {
		X509 *root = out->count < chain_most_roots ? read_root(files[i]) : NULL;
		if (root == NULL)
			return false;
		out->at[out->count++] = root;
	}
	return true;
}

/* One vendor after the other is in the list, or no device of theirs would ever be taken. */
static bool are_known_vendors(struct bytes vendors)
{
	char one[16];
	for (const uint8_t *at = vendors.data, *end = at + vendors.size; at < end; at += strlen(one) + 1) {
		const uint8_t *space = memchr(at, ' ', (size_t)(end - at));
		snprintf(one, sizeof one, "%.*s", (int)((space == NULL ? end : space) - at), (const char *)at);
		if (vendor_find(one) == NULL)
			return false;
	}
	return true;
}

/* Which roots a format's are; NULL: no such format. */
static struct chain_roots *roots_of(struct verifier *verifier, struct bytes format)
{
	const struct {
		const char *format;
		struct chain_roots *roots;
	} pools[] = {
		{"ek", &verifier->ek_roots},		    {"ak", &verifier->ak_roots},
		{"apple", &verifier->apple_roots},	    {"android-key", &verifier->android_roots},
		{"packed", &verifier->packed_roots}, {"step", &verifier->step_roots},
	};
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
		if (bytes_equal_text(format, pools[i].format))
			return pools[i].roots;
	return NULL;
}

/* What is wrong with them; NULL: nothing. */
static const char *read_trust_roots(const struct message_verifier_settings *settings, struct verifier *out)
{
	for (size_t i = 0; i < settings->roots.count; i++) {
		struct message_trust_root root;
		if (is_refused(wire_decode(message_trust_root, settings->roots.at[i], &root)))
			return "a root is no record of one";
		struct chain_roots *roots = roots_of(out, root.format);
		if (roots == NULL)
			return "a root is of no known format";
		if (!read_roots(&root.certificate, 1, roots))
			return "a root is no certificate";
		if (!are_known_vendors(root.vendors))
			return "a vendor of a maker's roots is not in the list";
		if (roots == &out->ek_roots)
			out->ek_vendors[roots->count - 1] = root.vendors;
	}
	out->ek_roots.may_leaf_be_expired = settings->may_ek_be_expired == 1;
	return NULL;
}

static bool are_known_formats(const struct message_verifier_settings *settings)
{
	for (size_t i = 0; i < settings->formats.count; i++)
		if (format_find(settings->formats.at[i]) == NULL)
			return false;
	return true;
}

static void free_roots(struct chain_roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		X509_free(roots->at[i]);
	roots->count = 0;
}

/* Over the settings without their keys, so that it says what was trusted and is the same after a restart. */
static bool hash_settings(const struct message_verifier_settings *settings, uint8_t out[32])
{
	static uint8_t text[1024 * 1024];
	struct buffer encoded = BUFFER(text);
	struct message_verifier_settings public = *settings;
	unsigned size = 0;
	OPENSSL_cleanse(public.token_key, sizeof public.token_key);
	OPENSSL_cleanse(public.name_token_key, sizeof public.name_token_key);
	OPENSSL_cleanse(public.device_key, sizeof public.device_key);
	OPENSSL_cleanse(public.request_key, sizeof public.request_key);
	OPENSSL_cleanse(public.ak_key, sizeof public.ak_key);
	return !is_refused(wire_encode(message_verifier_settings, &public, &encoded)) &&
	       EVP_Digest(encoded.data, encoded.size, out, &size, EVP_sha256(), NULL) == 1;
}

bool verifier_open(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	*out = (struct verifier){.settings = *settings};
	const char *what = read_trust_roots(settings, out);
	if (what == NULL && !read_roots(settings->ak_issuers.at, settings->ak_issuers.count, &out->ak_issuers))
		what = "an AK-issuing certificate cannot be read";
	if (what == NULL && !are_known_formats(settings))
		what = "a statement format is unknown";
	if (what == NULL && !hash_settings(settings, out->configuration_hash))
		what = "the settings are too long";
	if (what == NULL)
		return true;
	detail_say(detail, "%s", what);
	verifier_close(out);
	return false;
}

void verifier_close(struct verifier *verifier)
{
	free_roots(&verifier->ek_roots);
	free_roots(&verifier->ak_issuers);
	free_roots(&verifier->ak_roots);
	free_roots(&verifier->apple_roots);
	free_roots(&verifier->android_roots);
	free_roots(&verifier->packed_roots);
	free_roots(&verifier->step_roots);
	OPENSSL_cleanse(verifier, sizeof *verifier);
}

status verifier_judge_directory(const struct verifier *verifier, struct bytes directory)
{
	return bytes_equal(directory, verifier->settings.directory) ? OK : REFUSE(directory_wrong);
}

/* One identifier of a device at most, and each in its grammar: what is bound here comes back in vouchers. */
static status judge_identifiers(const struct message_order_open *ask, struct message_identifier *out)
{
	size_t devices = 0;
	if (ask->identifiers.count == 0)
		return REFUSE(identifier_count);
	for (size_t i = 0; i < ask->identifiers.count; i++) {
		TRY(wire_decode(message_identifier, ask->identifiers.at[i], &out[i]));
		TRY(identifier_judge(out[i].type, out[i].value));
		devices += identifier_is_device(out[i].type);
	}
	return devices <= 1 ? OK : REFUSE(identifier_count);
}

static status add_tokens(const struct verifier *verifier, const struct message_identifier *identifier, struct bytes directory,
			 struct buffer *room, struct message_order_opened *answer)
{
	const bool is_device = identifier_is_device(identifier->type);
	const uint8_t *key = is_device ? verifier->settings.token_key : verifier->settings.name_token_key;
	for (enum challenge i = 0; i < challenge_count; i++) {
		if (!challenge_fits(i, identifier->type, identifier->value))
			continue;
		const struct token_purpose purpose = {.directory = directory,
						      .order = answer->order,
						      .identifier_type = identifier->type,
						      .identifier = identifier->value,
						      .challenge = bytes_from_text(challenge_name(i))};
		const size_t at = room->size;
		TRY(token_make(key, &purpose, room));
		answer->tokens.at[answer->tokens.count++] = bytes_from(room->data + at, room->size - at);
	}
	return OK;
}

status verifier_order_open(const struct verifier *verifier, const struct message_order_open *ask, struct buffer *room,
			   struct message_order_opened *out)
{
	struct message_order_opened answer = {.expires_boot_s = clock_boot_s() + token_life_s};
	struct message_identifier identifiers[identifiers_most];
	TRY(verifier_judge_directory(verifier, ask->directory));
	TRY(judge_identifiers(ask, identifiers));
	const size_t order_at = room->size;
	TRY(token_make_order(verifier->settings.token_key, ask->directory, ask->identifiers.at, ask->identifiers.count, room));
	answer.order = bytes_from(room->data + order_at, room->size - order_at);
	for (size_t i = 0; i < ask->identifiers.count; i++)
		TRY(add_tokens(verifier, &identifiers[i], ask->directory, room, &answer));
	*out = answer;
	return OK;
}
