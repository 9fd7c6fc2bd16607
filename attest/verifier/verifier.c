/* SPDX-License-Identifier: Apache-2.0
 * Settings made ready, and the opening of orders. The settings come from the warden and are trusted. */
#include "attest/verifier/verifier.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "attest/token/token.h"
#include "attest/verifier/bundle.h"
#include "attest/verifier/format.h"
#include "attest/verifier/known_root.h"
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
static struct chain_roots *roots_of(struct verifier_directory *of, struct bytes format)
{
	const struct {
		const char *format;
		struct chain_roots *roots;
	} pools[] = {
		{"ek", &of->ek_roots},	       {"ak", &of->ak_roots},	      {"apple", &of->apple_roots},
		{"android-key", &of->android_roots}, {"packed", &of->packed_roots}, {"step", &of->step_roots},
	};
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
		if (bytes_equal_text(format, pools[i].format))
			return pools[i].roots;
	return NULL;
}

/* What is wrong; NULL: nothing. */
static const char *add_root(const struct message_trust_root *record, X509 *root, struct verifier_directory *to)
{
	struct chain_roots *roots = roots_of(to, record->format);
	if (roots == NULL)
		return "a root is of no known format";
	if (roots->count == chain_most_roots || X509_up_ref(root) != 1)
		return "a directory has too many roots";
	if (roots == &to->ek_roots)
		to->ek_vendors[roots->count] = record->vendors;
	roots->at[roots->count++] = root;
	return NULL;
}

/* Each root is read once, and goes to the directories that it serves and to no other. */
static const char *read_trust_root(struct bytes encoded, struct verifier *out)
{
	struct message_trust_root record;
	if (is_refused(wire_decode(message_trust_root, encoded, &record)))
		return "a root is no record of one";
	if (!are_known_vendors(record.vendors))
		return "a vendor of a maker's roots is not in the list";
	if (record.directories == 0 || record.directories >> out->directory_count != 0)
		return "a root serves no directory, or one that there is not";
	X509 *root = read_root(record.certificate);
	const char *what = root == NULL ? "a root is no certificate" : NULL;
	for (size_t i = 0; what == NULL && i < out->directory_count; i++)
		if ((record.directories >> i & 1) != 0)
			what = add_root(&record, root, &out->directories[i]);
	X509_free(root);
	return what;
}

static const char *read_directories(const struct message_verifier_settings *settings, struct verifier *out)
{
	if (settings->directories.count == 0)
		return "there is no directory";
	for (size_t i = 0; i < settings->directories.count; i++) {
		struct verifier_directory *directory = &out->directories[i];
		struct message_verifier_directory *rules = &directory->rules;
		if (is_refused(wire_decode(message_verifier_directory, settings->directories.at[i], rules)) || rules->name.size == 0)
			return "a directory is no record of one";
		for (size_t k = 0; k < rules->formats.count; k++)
			if (format_find(rules->formats.at[k]) == NULL)
				return "a statement format is unknown";
		directory->ek_roots.may_leaf_be_expired = rules->may_ek_be_expired == 1;
		out->directory_count++;
	}
	return NULL;
}

/* What is wrong; NULL: nothing. */
static const char *add_revocation_list(const struct message_trust_file *file, struct verifier *out)
{
	struct revocation_list *list = &out->lists[out->list_count];
	const char *what = revocation_read(file->content, list);
	if (what != NULL)
		return what;
	out->list_count++;
	for (size_t i = 0; i < out->directory_count; i++)
		if ((file->directories >> i & 1) != 0)
			out->directories[i].revoked.at[out->directories[i].revoked.count++] = list;
	return NULL;
}

static bool add_bundle(const STACK_OF(X509) *bundle, struct verifier_directory *to)
{
	if (to->ek_intermediates == NULL)
		to->ek_intermediates = sk_X509_new_null();
	return to->ek_intermediates != NULL && bundle_add(bundle, to->ek_intermediates);
}

static const char *add_intermediates(const struct message_trust_file *file, struct verifier *out)
{
	STACK_OF(X509) *bundle = bundle_read(file->content);
	const char *what = bundle == NULL ? "it holds no certificate, or one that is none" : NULL;
	for (int i = 0; what == NULL && i < sk_X509_num(bundle); i++)
		if (X509_check_ca(sk_X509_value(bundle, i)) == 0)
			what = "it holds a certificate that issues no others";
	for (size_t i = 0; what == NULL && i < out->directory_count; i++)
		if ((file->directories >> i & 1) != 0 && !add_bundle(bundle, &out->directories[i]))
			what = "there is no memory";
	bundle_free(bundle);
	return what;
}

/* What is wrong goes to detail with the file's name. */
static bool read_files(const struct bytes *encoded, size_t count, const char *kind,
		       const char *(*add)(const struct message_trust_file *file, struct verifier *out), struct verifier *out,
		       struct detail *detail)
{
	for (size_t i = 0; i < count; i++) {
		struct message_trust_file file;
		if (is_refused(wire_decode(message_trust_file, encoded[i], &file)) || file.directories == 0 ||
		    file.directories >> out->directory_count != 0) {
			detail_say(detail, "a %s is no record of one", kind);
			return false;
		}
		const char *what = add(&file, out);
		if (what == NULL)
			continue;
		detail_say(detail, "the %s %.*s cannot be used: %s", kind, (int)file.file.size, (const char *)file.file.data, what);
		return false;
	}
	return true;
}

static bool read_all_files(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	return read_files(settings->revocation_lists.at, settings->revocation_lists.count, "list of revoked certificates",
			  add_revocation_list, out, detail) &&
	       read_files(settings->ek_intermediates.at, settings->ek_intermediates.count, "file of intermediate certificates",
			  add_intermediates, out, detail);
}

/* Over the settings without their keys, so that it says what was trusted and is the same after a restart. */
static bool hash_settings(const struct message_verifier_settings *settings, uint8_t out[32])
{
	static uint8_t text[5 << 19];
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

static const char *read_settings(const struct message_verifier_settings *settings, struct verifier *out)
{
	const char *what = read_directories(settings, out);
	for (size_t i = 0; what == NULL && i < settings->roots.count; i++)
		what = read_trust_root(settings->roots.at[i], out);
	if (what == NULL && !read_roots(settings->ak_issuers.at, settings->ak_issuers.count, &out->ak_issuers))
		what = "an AK-issuing certificate cannot be read";
	if (what == NULL && !hash_settings(settings, out->configuration_hash))
		what = "the settings are too long";
	return what;
}

static void tell_root(struct bytes encoded, void (*log)(int level, const char *format, ...))
{
	struct message_trust_root record;
	struct detail whose;
	if (is_refused(wire_decode(message_trust_root, encoded, &record)))
		return;
	X509 *root = read_root(record.certificate);
	if (root == NULL)
		return;
	const struct known_root *known = known_root_tell(root, &whose);
	const bool is_other = known != NULL && !bytes_equal_text(record.format, known->format);
	log(is_other ? 4 : known == NULL ? 5 : 6, "root for format %.*s%s%s: %s", (int)record.format.size,
	    (const char *)record.format.data, is_other ? ", though it is for " : "", is_other ? known->format : "", whose.text);
	X509_free(root);
}

void verifier_tell_roots(const struct message_verifier_settings *settings, void (*log)(int level, const char *format, ...))
{
	for (size_t i = 0; i < settings->roots.count; i++)
		tell_root(settings->roots.at[i], log);
}

static void free_roots(struct chain_roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		X509_free(roots->at[i]);
	roots->count = 0;
}

bool verifier_open(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	*out = (struct verifier){.settings = *settings};
	const char *what = read_settings(settings, out);
	if (what == NULL && read_all_files(settings, out, detail))
		return true;
	if (what != NULL)
		detail_say(detail, "%s", what);
	verifier_close(out);
	return false;
}

void verifier_close(struct verifier *verifier)
{
	free_roots(&verifier->ak_issuers);
	for (size_t i = 0; i < verifier->directory_count; i++) {
		struct verifier_directory *directory = &verifier->directories[i];
		free_roots(&directory->ek_roots);
		free_roots(&directory->ak_roots);
		free_roots(&directory->apple_roots);
		free_roots(&directory->android_roots);
		free_roots(&directory->packed_roots);
		free_roots(&directory->step_roots);
		bundle_free(directory->ek_intermediates);
	}
	for (size_t i = 0; i < verifier->list_count; i++)
		revocation_free(&verifier->lists[i]);
	OPENSSL_cleanse(verifier, sizeof *verifier);
}

status verifier_find_directory(const struct verifier *verifier, struct bytes name, const struct verifier_directory **out)
{
	for (size_t i = 0; i < verifier->directory_count; i++)
		if (bytes_equal(name, verifier->directories[i].rules.name)) {
			*out = &verifier->directories[i];
			return OK;
		}
	return REFUSE(directory_wrong);
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
	const struct verifier_directory *directory;
	TRY(verifier_find_directory(verifier, ask->directory, &directory));
	TRY(judge_identifiers(ask, identifiers));
	const size_t order_at = room->size;
	TRY(token_make_order(verifier->settings.token_key, ask->directory, ask->identifiers.at, ask->identifiers.count, room));
	answer.order = bytes_from(room->data + order_at, room->size - order_at);
	for (size_t i = 0; i < ask->identifiers.count; i++)
		TRY(add_tokens(verifier, &identifiers[i], ask->directory, room, &answer));
	*out = answer;
	return OK;
}
