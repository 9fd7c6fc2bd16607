/* SPDX-License-Identifier: Apache-2.0
 * From an attestation object to a device voucher: challenge, object, format, identity, in this order. Each format is a row;
 * whatever is in no row is refused. Distrusts the object and the record; the rest is the registrar's, so it is distrusted too. */
#include <openssl/evp.h>
#include <stdio.h>

#include "attest/verifier/identity.h"
#include "attest/verifier/token.h"
#include "ca/jose/base64url.h"
#include "ca/jose/json.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

enum { assurance_software = 1, assurance_hardware = 2, hash_size = 32 };

static bool digest(struct bytes text, uint8_t out[hash_size])
{
	unsigned size = 0;
	return EVP_Digest(text.data, text.size, out, &size, EVP_sha256(), NULL) == 1 && size == hash_size;
}

/* What TPM2_Certify has to bind: SHA-256 of token "." base64url(thumbprint). */
static bool key_authorization_hash(struct bytes token, const uint8_t thumbprint[hash_size], uint8_t out[hash_size])
{
	uint8_t room[256];
	struct buffer text = BUFFER(room);
	return buffer_add(&text, token.data, token.size) && buffer_add(&text, ".", 1) &&
	       base64url_encode(bytes_from(thumbprint, hash_size), &text) && digest(buffer_view(&text), out);
}

/* The object's fmt and the index of attStmt. Members beyond fmt, attStmt and authData are refused: nobody sends them. */
static status open_object(struct bytes octets, struct cbor *object, size_t *statement)
{
	TRY(cbor_parse(octets, object));
	if (object->items[0].kind != cbor_map)
		return REFUSE(statement_malformed);
	const size_t format = cbor_member(object, 0, "fmt"), at = cbor_member(object, 0, "attStmt");
	const size_t auth_data = cbor_member(object, 0, "authData");
	if (format == 0 || object->items[format].kind != cbor_text || at == 0 || object->items[at].kind != cbor_map ||
	    (auth_data != 0 && object->items[auth_data].kind != cbor_octets) ||
	    object->items[0].count != (auth_data != 0 ? 3U : 2U))
		return REFUSE(statement_malformed);
	if (!bytes_equal_text(object->items[format].octets, "tpm"))
		return REFUSE(format_unsupported);
	*statement = at;
	return OK;
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

static bool add_string(struct buffer *out, const char *name, const char *value)
{
	return json_quote(bytes_from_text(name), out) && add_text(out, ":") && json_quote(bytes_from_text(value), out) &&
	       add_text(out, ",");
}

/* Why the device may have a name that is not its own. */
static bool add_record(const struct record *record, struct buffer *out)
{
	char text[160], hash[2 * hash_size + 1];
	if (record->sequence == 0)
		return true;
	for (size_t i = 0; i < hash_size; i++)
		snprintf(hash + 2 * i, 3, "%02x", record->hash[i]);
	snprintf(text, sizeof text, "\"enrolment_record\":{\"sequence\":%llu,\"sha256\":\"%s\"},",
		 (unsigned long long)record->sequence, hash);
	return add_text(out, text);
}

/* The claims: what the statement proves, in the words of this format. */
static bool add_claims(const struct format_tpm *tpm, const struct record *record, struct buffer *out)
{
	char numbers[256];
	const char *kind = tpm->public.type == tpm_rsa ? "RSA" : "EC";
	const unsigned size = tpm->public.type == tpm_rsa ? tpm->public.bits : (unsigned)EVP_PKEY_get_bits(tpm->key);
	snprintf(numbers, sizeof numbers,
		 "\"key\":{\"type\":\"%s\",\"bits\":%u},\"firmware_version\":\"%016llx\",\"reset_count\":%u,"
		 "\"restart_count\":%u,\"clock_safe\":%s}",
		 kind, size, (unsigned long long)tpm->certinfo.firmware_version, tpm->certinfo.reset_count,
		 tpm->certinfo.restart_count, tpm->certinfo.is_clock_safe ? "true" : "false");
	return add_text(out, "{") && add_string(out, "tpm_manufacturer", tpm->names.manufacturer) &&
	       add_string(out, "tpm_maker", tpm->vendor->name) && add_string(out, "tpm_model", tpm->names.model) &&
	       add_string(out, "tpm_version", tpm->names.version) &&
	       add_string(out, "ek", tpm->names.ek_uri) &&
	       add_string(out, "key_protection", tpm->vendor->is_virtual ? "software" : "hardware") &&
	       add_record(record, out) && add_text(out, numbers);
}

/* Fills what the answer and the voucher say of the device; claims are in room from `claims` on. */
static status vouch(const struct verifier *verifier, const struct message_statement_judge *ask, const struct format_tpm *tpm,
		    const struct record *record, struct buffer *room, struct message_statement_judged *out)
{
	uint8_t spki_room[1024];
	struct buffer spki = BUFFER(spki_room);
	struct message_statement_judged answer = {
		.format = bytes_from_text("tpm"),
		.assurance = tpm->vendor->is_virtual ? assurance_software : assurance_hardware,
	};
	struct message_device_voucher voucher = {
		.expires_boot_s = clock_boot_s() + verifier_voucher_life_s,
		.directory = ask->directory,
		.order = ask->order,
		.identifier_type = ask->identifier_type,
		.identifier = ask->identifier,
		.format = answer.format,
		.assurance = answer.assurance,
		.record_sequence = record->sequence,
	};
	const size_t claims_at = room->size;
	if (!add_claims(tpm, record, room))
		return REFUSE(internal);
	answer.claims = bytes_from(room->data + claims_at, room->size - claims_at);
	if (!tpm_key_spki(tpm->key, &spki) || !digest(buffer_view(&spki), voucher.spki_hash) ||
	    !digest(ask->statement, voucher.evidence_hash) || !digest(answer.claims, voucher.claims_hash))
		return REFUSE(internal);
	memcpy(voucher.account_thumbprint, ask->account_thumbprint, hash_size);
	memcpy(voucher.record_hash, record->hash, hash_size);
	memcpy(voucher.root_hash, tpm->root_hash, hash_size);
	memcpy(voucher.configuration_hash, verifier->configuration_hash, hash_size);
	const size_t voucher_at = room->size;
	TRY(voucher_seal(message_device_voucher, &voucher, verifier->settings.device_key, room));
	answer.voucher = bytes_from(room->data + voucher_at, room->size - voucher_at);
	memcpy(answer.spki_hash, voucher.spki_hash, hash_size);
	memcpy(answer.evidence_hash, voucher.evidence_hash, hash_size);
	*out = answer;
	return OK;
}

status verifier_statement_judge(const struct verifier *verifier, const struct message_statement_judge *ask,
				struct buffer *room, struct message_statement_judged *out, struct detail *detail)
{
	struct cbor object;
	struct record record = {.sequence = 0};
	__attribute__((cleanup(format_tpm_free))) struct format_tpm tpm = {
		.verifier = verifier, .object = &object, .detail = detail};
	TRY(verifier_judge_directory(verifier, ask->directory));
	TRY(token_open_order(verifier, ask->directory, ask->order, ask->identifier_type, ask->identifier));
	TRY(token_open(verifier, ask->order, ask->token));
	TRY(open_object(ask->statement, &object, &tpm.statement));
	if (!key_authorization_hash(ask->token, ask->account_thumbprint, tpm.expected))
		return REFUSE(internal);
	TRY(format_tpm_judge(&tpm));
	TRY(identity_judge(verifier, &tpm, ask->identifier_type, ask->identifier, ask->enrolment_record, &record,
			   detail));
	return vouch(verifier, ask, &tpm, &record, room, out);
}
