/* SPDX-License-Identifier: Apache-2.0
 * Settings made ready, and the opening of orders. The settings come from the warden and are trusted. */
#include "attest/verifier/verifier.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "attest/token/token.h"
#include "attest/verifier/bundle.h"
#include "attest/verifier/format.h"
#include "attest/verifier/trust.h"
#include "firmware/boundary/challenge.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/identifier.h"

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

/* Over the settings without their keys, so that it says what was trusted and is the same after a restart. */
static bool hash_settings(const struct message_verifier_settings *settings, uint8_t out[32])
{
	static uint8_t text[7 << 20];
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
	if (what == NULL && !hash_settings(settings, out->configuration_hash))
		what = "the settings are too long";
	return what;
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
	if (what == NULL && trust_read(settings, out, detail))
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
