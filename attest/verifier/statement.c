/* SPDX-License-Identifier: Apache-2.0
 * From an attestation object to a device voucher: challenge, object, format, identity, in this order. Distrusts the object and the
 * record; the rest is the registrar's, so it is distrusted too. */
#include <openssl/evp.h>

#include "attest/token/token.h"
#include "attest/verifier/format.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

enum { hash_size = 32 };

static bool digest(struct bytes text, uint8_t out[hash_size])
{
	unsigned size = 0;
	return EVP_Digest(text.data, text.size, out, &size, EVP_sha256(), NULL) == 1 && size == hash_size;
}

/* The token, or the key authorization. */
static bool bind(struct statement *s, struct bytes token, const uint8_t thumbprint[hash_size], struct buffer *text)
{
	const bool is_whole = s->format->binds == format_binds_key_authorization
				      ? token_authorize_key(token, thumbprint, text)
				      : buffer_add(text, token.data, token.size);
	if (!is_whole)
		return false;
	s->bound = buffer_view(text);
	return digest(s->bound, s->expected);
}

/* Fills what the answer and the voucher say of the device; claims are in room from `claims` on. */
static status vouch(const struct message_statement_judge *ask, const struct statement *s, struct buffer *room,
		    struct message_statement_judged *out)
{
	uint8_t spki_room[1024];
	struct buffer spki = BUFFER(spki_room);
	struct message_statement_judged answer = {
		.format = bytes_from_text(s->format->name),
		.assurance = s->format->assurance(s),
	};
	struct message_device_voucher voucher = {
		.expires_boot_s = clock_boot_s() + verifier_voucher_life_s,
		.directory = ask->directory,
		.order = ask->order,
		.identifier_type = ask->identifier_type,
		.identifier = ask->identifier,
		.format = answer.format,
		.assurance = answer.assurance,
		.certified = bytes_from_text(s->certified),
		.record_sequence = s->record.sequence,
	};
	const size_t claims_at = room->size;
	if (!s->format->add_claims(s, room))
		return REFUSE(internal);
	answer.claims = bytes_from(room->data + claims_at, room->size - claims_at);
	if (!tpm_key_spki(s->key, &spki) || !digest(buffer_view(&spki), voucher.spki_hash) ||
	    !digest(ask->statement, voucher.evidence_hash) || !digest(answer.claims, voucher.claims_hash))
		return REFUSE(internal);
	memcpy(voucher.account_thumbprint, ask->account_thumbprint, hash_size);
	memcpy(voucher.record_hash, s->record.hash, hash_size);
	memcpy(voucher.root_hash, s->root_hash, hash_size);
	memcpy(voucher.configuration_hash, s->verifier->configuration_hash, hash_size);
	const size_t voucher_at = room->size;
	TRY(voucher_seal(message_device_voucher, &voucher, s->verifier->settings.device_key, room));
	answer.voucher = bytes_from(room->data + voucher_at, room->size - voucher_at);
	memcpy(answer.spki_hash, voucher.spki_hash, hash_size);
	memcpy(answer.evidence_hash, voucher.evidence_hash, hash_size);
	memcpy(answer.root_hash, s->root_hash, hash_size);
	memcpy(answer.device_hash, s->device_hash, hash_size);
	answer.certified = voucher.certified;
	answer.record_sequence = s->record.sequence;
	*out = answer;
	return OK;
}

status verifier_statement_judge(const struct verifier *verifier, const struct message_statement_judge *ask,
				struct buffer *room, struct message_statement_judged *out, struct detail *detail)
{
	__attribute__((cleanup(format_close))) struct statement s = {
		.verifier = verifier,
		.identifier_type = ask->identifier_type,
		.identifier = ask->identifier,
		.enrolment_record = ask->enrolment_record,
		.detail = detail,
	};
	TRY(verifier_find_directory(verifier, ask->directory, &s.directory));
	const struct token_purpose purpose = {.directory = ask->directory,
					      .order = ask->order,
					      .identifier_type = ask->identifier_type,
					      .identifier = ask->identifier,
					      .challenge = bytes_from_text("device-attest-01")};
	TRY(token_open(verifier->settings.token_key, &purpose, ask->token));
	TRY(format_open(ask->statement, &s));
	uint8_t room_of_text[256];
	struct buffer text = BUFFER(room_of_text);
	if (!bind(&s, ask->token, ask->account_thumbprint, &text))
		return REFUSE(internal);
	TRY(format_judge(&s));
	TRY(s.format->identify(&s));
	return vouch(ask, &s, room, out);
}
