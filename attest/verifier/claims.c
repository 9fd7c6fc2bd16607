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

/* What a device does not say is left out. */
static bool add_if_said(struct buffer *out, const char *name, const char *value)
{
	return value[0] == 0 || add_string(out, name, value);
}

bool claims_add_apple(const struct statement *s, struct buffer *out)
{
	static const char *const switches[] = {
		[apple_switch_unknown] = "unknown", [apple_switch_off] = "off", [apple_switch_on] = "on"};
	static const char *const boots[] = {[apple_boot_unknown] = "unknown",
					    [apple_boot_full] = "full",
					    [apple_boot_reduced] = "reduced",
					    [apple_boot_permissive] = "permissive"};
	char key[64];
	const struct apple_properties *apple = &s->apple;
	snprintf(key, sizeof key, "\"key\":{\"type\":\"EC\",\"bits\":%d}}", EVP_PKEY_get_bits(s->key));
	return add_text(out, "{") && add_string(out, "maker", "Apple") && add_if_said(out, "serial", apple->serial) &&
	       add_if_said(out, "udid", apple->udid) && add_if_said(out, "model", apple->model) &&
	       add_if_said(out, "os_version", apple->os_version) && add_if_said(out, "sep_version", apple->sep_version) &&
	       add_if_said(out, "boot_version", apple->boot_version) &&
	       add_string(out, "system_integrity_protection", switches[apple->integrity_protection]) &&
	       add_string(out, "secure_boot", boots[apple->secure_boot]) &&
	       add_string(out, "third_party_kernel_extensions", switches[apple->kernel_extensions]) &&
	       add_string(out, "key_protection", "hardware") && add_text(out, key);
}
