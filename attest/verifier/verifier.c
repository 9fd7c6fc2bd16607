/* SPDX-License-Identifier: Apache-2.0
 * Settings made ready, and the opening of orders. The settings come from the warden and are trusted. */
#include "attest/verifier/verifier.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "attest/verifier/token.h"
#include "firmware/boundary/clock.h"

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
	for (size_t i = 0; i < count && out->count < chain_most_roots; i++) {
		X509 *root = read_root(files[i]);
		if (root == NULL)
			return false;
		out->at[out->count++] = root;
	}
	return out->count == count;
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
	static uint8_t text[640 * 1024];
	struct buffer encoded = BUFFER(text);
	struct message_verifier_settings public = *settings;
	unsigned size = 0;
	OPENSSL_cleanse(public.token_key, sizeof public.token_key);
	OPENSSL_cleanse(public.device_key, sizeof public.device_key);
	OPENSSL_cleanse(public.request_key, sizeof public.request_key);
	OPENSSL_cleanse(public.ak_key, sizeof public.ak_key);
	return !is_refused(wire_encode(message_verifier_settings, &public, &encoded)) &&
	       EVP_Digest(encoded.data, encoded.size, out, &size, EVP_sha256(), NULL) == 1;
}

bool verifier_open(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	*out = (struct verifier){.settings = *settings};
	const char *what = NULL;
	if (!read_roots(settings->ek_roots.at, settings->ek_roots.count, &out->ek_roots))
		what = "an EK root is no certificate";
	else if (!read_roots(settings->ak_issuers.at, settings->ak_issuers.count, &out->ak_issuers))
		what = "an AK-issuing certificate cannot be read";
	else if (!read_roots(settings->ak_roots.at, settings->ak_roots.count, &out->ak_roots))
		what = "an AK root is no certificate";
	else if (!hash_settings(settings, out->configuration_hash))
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
	OPENSSL_cleanse(verifier, sizeof *verifier);
}

status verifier_judge_directory(const struct verifier *verifier, struct bytes directory)
{
	return bytes_equal(directory, verifier->settings.directory) ? OK : REFUSE(directory_wrong);
}

status verifier_order_open(const struct verifier *verifier, const struct message_order_open *ask, struct buffer *room,
			   struct message_order_opened *out)
{
	struct message_order_opened answer = {.expires_boot_s = clock_boot_s() + verifier_order_life_s};
	TRY(verifier_judge_directory(verifier, ask->directory));
	const size_t order_at = room->size;
	TRY(token_make_order(verifier, ask->directory, ask->identifier_type, ask->identifier, room));
	answer.order = bytes_from(room->data + order_at, room->size - order_at);
	const size_t token_at = room->size;
	TRY(token_make(verifier, answer.order, room));
	answer.token = bytes_from(room->data + token_at, room->size - token_at);
	*out = answer;
	return OK;
}
