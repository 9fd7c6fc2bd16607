/* SPDX-License-Identifier: Apache-2.0
 * The device behind an AK certificate that was verified already; the enrolment record is still distrusted. */
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

static status judge_own_name(const struct format_tpm *tpm, struct bytes identifier, struct detail *detail)
{
	if (tpm->names.permanent_identifiers == 1 &&
	    bytes_equal_text(identifier, tpm->names.permanent_identifier))
		return OK;
	detail_say(detail, "challenge identifier \"%.*s\" doesn't match any of the attested hardware identifiers [\"%s\"]",
		   (int)identifier.size, (const char *)identifier.data, tpm->names.permanent_identifier);
	return REFUSE(identity_mismatch);
}

status identity_judge(const struct verifier *verifier, const struct format_tpm *tpm, struct bytes identifier_type,
		      struct bytes identifier, struct bytes record, struct record *used, struct detail *detail)
{
	char ek[2 * ek_hash_size + 1] = "";
	if (!bytes_equal_text(identifier_type, "permanent-identifier"))
		return REFUSE(identifier_type_unsupported);
	if (!tpm->is_own_ak && tpm->names.permanent_identifiers > 0)
		return judge_own_name(tpm, identifier, detail);
	if (!ek_hex(tpm->names.ek_uri, ek))
		return REFUSE(identity_absent);
	if (tpm->is_own_ak && bytes_equal_text(identifier, ek))
		return OK;
	if (record.size != 0)
		return record_judge(verifier, record, identifier_type, identifier, bytes_from_text(ek), used);
	detail_say(detail,
		   "challenge identifier \"%.*s\" doesn't match any of the attested hardware identifiers [\"%s\"]; an "
		   "administrator may add an enrolment record for it",
		   (int)identifier.size, (const char *)identifier.data, ek);
	return REFUSE(identity_mismatch);
}
