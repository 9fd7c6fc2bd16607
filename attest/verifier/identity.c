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
	if (!is_module && !s->tpm.is_own_ak && s->tpm.names.permanent_identifiers > 0)
		return judge_own_name(s);
	if (!ek_hex(s->tpm.names.ek_uri, ek))
		return REFUSE(identity_absent);
	if (!is_module && s->tpm.is_own_ak && bytes_equal_text(s->identifier, ek))
		return OK;
	if (s->enrolment_record.size != 0)
		return record_judge(s->verifier, s->directory->rules.longest_record_days, s->enrolment_record, s->identifier_type, s->identifier, bytes_from_text(ek),
				    &s->record);
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
	if (s->identifier.size != 0 &&
	    (bytes_equal_text(s->identifier, apple->serial) || bytes_equal_text(s->identifier, apple->udid)))
		return OK;
	snprintf(attested, sizeof attested, "\"%s\" \"%s\"", apple->serial, apple->udid);
	return refuse(s, attested, "");
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
	if (s->identifier.size != 0 && bytes_equal_text(s->identifier, name))
		return OK;
	if (s->enrolment_record.size != 0 && key_hex(s, key))
		return record_judge(s->verifier, s->directory->rules.longest_record_days, s->enrolment_record, s->identifier_type, s->identifier, bytes_from_text(key),
				    &s->record);
	if (name[0] == 0)
		return REFUSE(identity_absent);
	snprintf(attested, sizeof attested, "\"%s\"", name);
	return refuse(s, attested, "; an administrator may add an enrolment record for the key");
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
