/* SPDX-License-Identifier: Apache-2.0
 * Writes claims. Distrusts the strings that certificates hold: they are quoted. */
#include "attest/verifier/claims.h"

#include <stdio.h>

#include "ca/jose/json.h"

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
	char text[160], hash[2 * sizeof record->hash + 1];
	if (record->sequence == 0)
		return true;
	for (size_t i = 0; i < sizeof record->hash; i++)
		snprintf(hash + 2 * i, 3, "%02x", record->hash[i]);
	snprintf(text, sizeof text, "\"enrolment_record\":{\"sequence\":%llu,\"sha256\":\"%s\"},",
		 (unsigned long long)record->sequence, hash);
	return add_text(out, text);
}

bool claims_add_tpm(const struct statement *s, struct buffer *out)
{
	char numbers[256];
	const struct format_tpm *tpm = &s->tpm;
	const char *kind = tpm->public.type == tpm_rsa ? "RSA" : "EC";
	const unsigned size = tpm->public.type == tpm_rsa ? tpm->public.bits : (unsigned)EVP_PKEY_get_bits(s->key);
	snprintf(numbers, sizeof numbers,
		 "\"key\":{\"type\":\"%s\",\"bits\":%u},\"firmware_version\":\"%016llx\",\"reset_count\":%u,"
		 "\"restart_count\":%u,\"clock_safe\":%s}",
		 kind, size, (unsigned long long)tpm->certinfo.firmware_version, tpm->certinfo.reset_count,
		 tpm->certinfo.restart_count, tpm->certinfo.is_clock_safe ? "true" : "false");
	return add_text(out, "{") && add_string(out, "tpm_manufacturer", tpm->names.manufacturer) &&
	       add_string(out, "tpm_maker", tpm->vendor->name) && add_string(out, "tpm_model", tpm->names.model) &&
	       add_string(out, "tpm_version", tpm->names.version) && add_string(out, "ek", tpm->names.ek_uri) &&
	       add_string(out, "key_protection", tpm->vendor->is_virtual ? "software" : "hardware") &&
	       add_record(&s->record, out) && add_text(out, numbers);
}
