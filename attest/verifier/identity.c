/* SPDX-License-Identifier: Apache-2.0
 * The device behind a certificate that was verified already; the enrolment record is still distrusted. */
#include "attest/verifier/identity.h"

#include <openssl/evp.h>
#include <stdio.h>

enum { ek_hash_size = 32, ek_base64_size = 44 };

/* urn:ek:sha256:<base64 with padding> as hex; false when it is no such URI. */
static bool ek_hex(const char *uri, char out[2 * ek_hash_size + 1])
{
	const char *text = uri + sizeof "urn:ek:sha256:" - 1;
	uint8_t hash[ek_base64_size];
	char again[ek_base64_size + 1];
	if (uri[0] == 0 || strlen(text) != ek_base64_size ||
	    EVP_DecodeBlock(hash, (const unsigned char *)text, ek_base64_size) != ek_hash_size + 1)
		return false;
	if (EVP_EncodeBlock((unsigned char *)again, hash, ek_hash_size) != ek_base64_size || strcmp(again, text) != 0)
		return false;
	for (size_t i = 0; i < ek_hash_size; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

static status refuse(struct statement *s, const char *attested, const char *hint)
{
	detail_say(s->detail, "challenge identifier \"%.*s\" doesn't match any of the attested hardware identifiers [%s]%s",
		   (int)s->identifier.size, (const char *)s->identifier.data, attested, hint);
	return REFUSE(identity_mismatch);
}

/* Of two formats, or with another second name, it is another device. Nothing said: zero. */
static void set_device(struct statement *s, const char *name, const char *second)
{
	const struct bytes parts[] = {bytes_from_text(s->format->name), bytes_from_text(name), bytes_from_text(second)};
	uint8_t text_room[1024];
	struct buffer text = BUFFER(text_room);
	bool is_whole = name[0] != 0;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		is_whole = is_whole && buffer_add(&text, parts[i].data, parts[i].size) && buffer_add(&text, "", 1);
	if (is_whole && EVP_Digest(text.data, text.size, s->device_hash, NULL, EVP_sha256(), NULL) != 1)
		status_broken("SHA-256 fails");
}

static bool has_record(const struct statement *s)
{
	return s->enrolment_record.size != 0;
}

/* `own`: what the evidence calls the device, which is what the certificate says where the identifier was a code. */
static status judge_record(struct statement *s, struct record_device device, const char *own)
{
	device.format = bytes_from_text(s->format->name);
	const struct record_question question = {.record = s->enrolment_record,
						 .identifier_type = s->identifier_type,
						 .identifier = s->identifier,
						 .device = device,
						 .longest_days = s->directory->rules.longest_record_days};
	TRY(record_judge(s->verifier, &question, &s->record));
	if (!s->record.is_one_time)
		return OK;
	snprintf(s->certified, sizeof s->certified, "%s", own);
	return own[0] != 0 ? OK : REFUSE(identity_absent);
}

static status judge_own_name(struct statement *s)
{
	char attested[sizeof s->tpm.names.permanent_identifier + 2];
	if (s->tpm.names.permanent_identifiers == 1 && bytes_equal_text(s->identifier, s->tpm.names.permanent_identifier))
		return OK;
	snprintf(attested, sizeof attested, "\"%s\"", s->tpm.names.permanent_identifier);
	return refuse(s, attested, "");
}

status identity_judge_tpm(struct statement *s)
{
	char ek[2 * ek_hash_size + 1] = "", attested[sizeof ek + 2];
	const bool is_module = bytes_equal_text(s->identifier_type, "hardware-module");
	if (!is_module && !bytes_equal_text(s->identifier_type, "permanent-identifier"))
		return REFUSE(identifier_type_unsupported);
	const bool has_ek = ek_hex(s->tpm.names.ek_uri, ek);
	set_device(s, has_ek ? ek : "", "");
	if (!is_module && !s->tpm.is_own_ak && s->tpm.names.permanent_identifiers > 0)
		return judge_own_name(s);
	if (!has_ek)
		return REFUSE(identity_absent);
	if (!is_module && s->tpm.is_own_ak && bytes_equal_text(s->identifier, ek))
		return OK;
	if (has_record(s))
		return judge_record(s, (struct record_device){.ek = bytes_from_text(ek)}, ek);
	snprintf(attested, sizeof attested, "\"%s\"", ek);
	return refuse(s, attested, "; an administrator may add an enrolment record for it");
}

status identity_judge_apple(struct statement *s)
{
	const struct apple_properties *apple = &s->apple;
	char attested[sizeof apple->serial + sizeof apple->udid + 8];
	if (!bytes_equal_text(s->identifier_type, "permanent-identifier"))
		return REFUSE(identifier_type_unsupported);
	if (apple->serial[0] == 0 && apple->udid[0] == 0)
		return REFUSE(identity_absent);
	set_device(s, apple->udid[0] != 0 ? apple->serial : "", apple->udid);
	if (s->identifier.size != 0 &&
	    (bytes_equal_text(s->identifier, apple->serial) || bytes_equal_text(s->identifier, apple->udid)))
		return OK;
	if (has_record(s))
		return judge_record(
			s, (struct record_device){.serial = bytes_from_text(apple->serial), .udid = bytes_from_text(apple->udid)},
			apple->serial[0] != 0 ? apple->serial : apple->udid);
	snprintf(attested, sizeof attested, "\"%s\" \"%s\"", apple->serial, apple->udid);
	return refuse(s, attested, "; an administrator may add an enrolment record for it");
}

static bool key_hex(const struct statement *s, char out[2 * ek_hash_size + 1])
{
	uint8_t hash[ek_hash_size];
	if (!certificate_spki_hash(s->chain[0], hash))
		return false;
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

/* `name`: the device's own; empty: the evidence gives none. */
static status judge_name(struct statement *s, const char *name)
{
	char key[2 * ek_hash_size + 1], attested[320];
	if (!bytes_equal_text(s->identifier_type, "permanent-identifier"))
		return REFUSE(identifier_type_unsupported);
	set_device(s, name, "");
	if (s->identifier.size != 0 && bytes_equal_text(s->identifier, name))
		return OK;
	if (has_record(s) && key_hex(s, key))
		return judge_record(s, (struct record_device){.ek = bytes_from_text(key), .serial = bytes_from_text(name)}, name);
	if (name[0] == 0)
		return REFUSE(identity_absent);
	snprintf(attested, sizeof attested, "\"%s\"", name);
	return refuse(s, attested, "; an administrator may add an enrolment record for it or for the key");
}

status identity_judge_android(struct statement *s)
{
	return judge_name(s, s->android.serial);
}

status identity_judge_step(struct statement *s)
{
	return judge_name(s, s->yubikey.serial);
}

status identity_judge_packed(struct statement *s)
{
	return judge_name(s, s->names.permanent_identifiers == 1 ? s->names.permanent_identifier : "");
}
