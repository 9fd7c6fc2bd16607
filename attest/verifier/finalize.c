/* SPDX-License-Identifier: Apache-2.0
 * Decides whether the account that an order is of asked for this certificate itself: the request as signed is judged again here,
 * since the voucher is worth more than the registrar's word. Distrusts every byte. */
#include <stdlib.h>

#include "attest/token/token.h"
#include "attest/verifier/csr.h"
#include "attest/verifier/verifier.h"
#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}
static void free_octets(uint8_t **octets)
{
	free(*octets);
}

/* origin "/acme/" path of the directory "/order/" order "/finalize" */
static bool is_finalize_url(const struct verifier *verifier, const struct message_verifier_directory *rules, struct bytes order,
			    struct bytes url)
{
	uint8_t text[512];
	struct buffer wanted = BUFFER(text);
	const struct bytes segment = rules->path.size != 0 ? rules->path : rules->name;
	const struct bytes parts[] = {verifier->settings.origin,  bytes_from_text("/acme/"), segment,
				      bytes_from_text("/order/"), order,		     bytes_from_text("/finalize")};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!buffer_add(&wanted, parts[i].data, parts[i].size))
			return false;
	return bytes_equal(buffer_view(&wanted), url);
}

static status open_account(struct bytes jwk, uint8_t thumbprint[jwk_thumbprint_size], EVP_PKEY **key)
{
	uint8_t form[jwk_canonical_room];
	struct buffer canonical = BUFFER(form);
	__attribute__((cleanup(free_key))) EVP_PKEY *made = NULL;
	TRY(jwk_parse(jwk, &canonical, thumbprint, &made));
	if (!bytes_equal(buffer_view(&canonical), jwk))
		return REFUSE(public_key_bad);
	*key = made;
	made = NULL;
	return OK;
}

/* Some clients pad the request's base64url; nothing else may be padded. */
static struct bytes without_padding(struct bytes text)
{
	if (text.size % 4 == 0)
		for (size_t i = 0; i < 2 && text.size > 0 && text.data[text.size - 1] == '='; i++)
			text.size--;
	return text;
}

static status read_payload(struct bytes payload, struct buffer *room, struct bytes *der)
{
	struct json_read read;
	struct bytes text;
	if (is_refused(json_parse(payload, room, &read)) || is_refused(json_text(&read, "csr", &text)))
		return REFUSE(payload_malformed);
	const size_t before = room->size;
	if (is_refused(base64url_decode(without_padding(text), room)))
		return REFUSE(payload_malformed);
	*der = bytes_from(room->data + before, room->size - before);
	return OK;
}

/* The signed request to the CSR within it. */
static status open_request(const struct verifier *verifier, const struct verifier_directory *directory,
			   const struct message_finalize_judge *ask, EVP_PKEY *key, struct buffer *room, struct bytes *der)
{
	struct jws jws;
	TRY(jws_parse(ask->request, room, &jws));
	if (jws.kid.size == 0)
		return REFUSE(jws_jwk_not_allowed);
	if (jws.nonce.size == 0)
		return REFUSE(jws_header_malformed);
	TRY(jws_verify(&jws, key));
	if (!is_finalize_url(verifier, &directory->rules, ask->order, jws.url))
		return REFUSE(url_wrong);
	return read_payload(jws.payload, room, der);
}

/* A code is no name: the request may have the one that the device was certified under in its voucher. */
static status read_certified(const struct verifier *verifier, const struct message_finalize_judge *ask,
			     const uint8_t thumbprint[jwk_thumbprint_size], struct csr_names *out)
{
	struct message_device_voucher voucher;
	if (ask->device_voucher.size == 0)
		return OK;
	TRY(voucher_open(message_device_voucher, ask->device_voucher, verifier->settings.device_key, &voucher));
	if (!bytes_equal(voucher.order, ask->order) ||
	    memcmp(voucher.account_thumbprint, thumbprint, sizeof voucher.account_thumbprint) != 0)
		return REFUSE(voucher_mismatch);
	out->certified = voucher.certified;
	return OK;
}

static status read_names(const struct message_finalize_judge *ask, struct csr_names *out)
{
	out->count = ask->identifiers.count;
	for (size_t i = 0; i < ask->identifiers.count; i++)
		TRY(wire_decode(message_identifier, ask->identifiers.at[i], &out->at[i]));
	return OK;
}

static status vouch(const struct verifier *verifier, const struct message_finalize_judge *ask,
		    const uint8_t thumbprint[jwk_thumbprint_size], const struct csr *csr, struct buffer *room,
		    struct message_finalize_judged *out)
{
	struct message_request_voucher voucher = {.expires_boot_s = clock_boot_s() + verifier_voucher_life_s,
						  .directory = ask->directory,
						  .order = ask->order,
						  .spki = bytes_from(csr->spki, csr->spki_size)};
	memcpy(voucher.identifiers.at, ask->identifiers.at, sizeof voucher.identifiers.at);
	voucher.identifiers.count = ask->identifiers.count;
	struct message_finalize_judged made = {0};
	const size_t before = room->size;
	memcpy(voucher.account_thumbprint, thumbprint, sizeof voucher.account_thumbprint);
	if (EVP_Digest(csr->spki, csr->spki_size, made.spki_hash, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	memcpy(made.key_thumbprint, csr->thumbprint, sizeof made.key_thumbprint);
	TRY(voucher_seal(message_request_voucher, &voucher, verifier->settings.request_key, room));
	made.voucher = bytes_from(room->data + before, room->size - before);
	*out = made;
	return OK;
}

status verifier_finalize_judge(const struct verifier *verifier, const struct message_finalize_judge *ask, struct buffer *room,
			       struct message_finalize_judged *out, struct detail *detail)
{
	uint8_t thumbprint[jwk_thumbprint_size];
	struct bytes der;
	struct csr csr;
	struct csr_names names = {0};
	__attribute__((cleanup(free_key))) EVP_PKEY *key = NULL;
	const struct verifier_directory *directory;
	TRY(verifier_find_directory(verifier, ask->directory, &directory));
	TRY(token_open_order(verifier->settings.token_key, ask->directory, ask->identifiers.at, ask->identifiers.count, ask->order));
	TRY(read_names(ask, &names));
	TRY(open_account(ask->account_jwk, thumbprint, &key));
	TRY(read_certified(verifier, ask, thumbprint, &names));
	/* Twice the request for the JWS, then at most once for the payload's strings and once for the CSR. */
	const size_t size = 4 * ask->request.size + 1;
	__attribute__((cleanup(free_octets))) uint8_t *octets = malloc(size);
	struct buffer scratch = {.data = octets, .size = 0, .room = size};
	if (octets == NULL)
		return REFUSE(internal);
	TRY(open_request(verifier, directory, ask, key, &scratch, &der));
	TRY(csr_judge(der, &names, key, &csr, detail));
	return vouch(verifier, ask, thumbprint, &csr, room, out);
}
