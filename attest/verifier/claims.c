/* SPDX-License-Identifier: Apache-2.0
 * Writes claims. Distrusts the strings that certificates hold: they are quoted. */
#include "attest/verifier/claims.h"

#include <stdio.h>

#include "ca/jose/json.h"

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

const char *claim_name(enum claim claim)
{
	static const char *const names[] = {
#define CLAIM(name, says) [claim_##name] = #name,
#include "attest/verifier/claims.def"
#undef CLAIM
	};
	return claim < claim_count ? names[claim] : NULL;
}

static bool add_string(struct buffer *out, enum claim claim, const char *value)
{
	return json_quote(bytes_from_text(claim_name(claim)), out) && add_text(out, ":") && json_quote(bytes_from_text(value), out) &&
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
		 "\"key\":{\"type\":\"%s\",\"bits\":%u},\"firmware\":\"%016llx\",\"reset_count\":%u,"
		 "\"restart_count\":%u,\"clock_safe\":%s}",
		 kind, size, (unsigned long long)tpm->certinfo.firmware_version, tpm->certinfo.reset_count,
		 tpm->certinfo.restart_count, tpm->certinfo.is_clock_safe ? "true" : "false");
	return add_text(out, "{") && add_string(out, claim_tpm_manufacturer, tpm->names.manufacturer) &&
	       add_string(out, claim_maker, tpm->vendor->name) && add_string(out, claim_model, tpm->names.model) &&
	       add_string(out, claim_tpm_version, tpm->names.version) && add_string(out, claim_ek, tpm->names.ek_uri) &&
	       add_string(out, claim_key_protection, tpm->vendor->is_virtual ? "software" : "hardware") &&
	       add_record(&s->record, out) && add_text(out, numbers);
}

/* What a device does not say is left out. */
static bool add_if_said(struct buffer *out, enum claim claim, const char *value)
{
	return value[0] == 0 || add_string(out, claim, value);
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
	return add_text(out, "{") && add_string(out, claim_maker, "Apple") && add_if_said(out, claim_serial, apple->serial) &&
	       add_if_said(out, claim_udid, apple->udid) && add_if_said(out, claim_model, apple->model) &&
	       add_if_said(out, claim_os_version, apple->os_version) && add_if_said(out, claim_sep_version, apple->sep_version) &&
	       add_if_said(out, claim_boot_version, apple->boot_version) &&
	       add_string(out, claim_system_integrity_protection, switches[apple->integrity_protection]) &&
	       add_string(out, claim_secure_boot, boots[apple->secure_boot]) &&
	       add_string(out, claim_third_party_kernel_extensions, switches[apple->kernel_extensions]) &&
	       add_string(out, claim_key_protection, "hardware") && add_text(out, key);
}

/* The last member, for the key that x5c[0] certifies. */
static bool add_key(const struct statement *s, struct buffer *out)
{
	char text[96];
	snprintf(text, sizeof text, "\"key\":{\"type\":\"%s\",\"bits\":%d}}", EVP_PKEY_get0_type_name(s->key), EVP_PKEY_get_bits(s->key));
	return add_record(&s->record, out) && add_text(out, text);
}

/* 160001 is 16.0.1, since Android 4.4 or so; 0 and numbers that are no such version are left out. */
static bool add_android_version(struct buffer *out, uint64_t version, uint64_t patch_level)
{
	char text[48];
	if (version >= 10000 && version <= 999999) {
		snprintf(text, sizeof text, "%u.%u.%u", (unsigned)(version / 10000), (unsigned)(version / 100 % 100), (unsigned)(version % 100));
		if (!add_string(out, claim_os_version, text))
			return false;
	}
	if (patch_level == 0)
		return true;
	snprintf(text, sizeof text, "%llu", (unsigned long long)patch_level);
	return add_string(out, claim_os_patch_level, text);
}

bool claims_add_android(const struct statement *s, struct buffer *out)
{
	const struct android_key *android = &s->android;
	const bool is_strongbox = android->key_security == android_strongbox;
	return add_text(out, "{") && add_if_said(out, claim_maker, android->manufacturer) && add_if_said(out, claim_model, android->model) &&
	       add_if_said(out, claim_serial, android->serial) &&
	       add_android_version(out, android->os_version, android->os_patch_level) &&
	       add_string(out, claim_secure_boot, "full") && add_string(out, claim_key_protection, "hardware") &&
	       add_string(out, claim_key_store, is_strongbox ? "strongbox" : "trusted_environment") && add_key(s, out);
}

static const char *policy_name(const char *const *names, size_t count, uint8_t policy)
{
	return policy < count ? names[policy] : "unknown";
}

bool claims_add_step(const struct statement *s, struct buffer *out)
{
	static const char *const pins[] = {"unknown", "never", "once", "always", "match_once", "match_always"};
	static const char *const touches[] = {"unknown", "never", "always", "cached"};
	const struct yubikey *yubikey = &s->yubikey;
	char firmware[16];
	snprintf(firmware, sizeof firmware, "%u.%u.%u", yubikey->firmware[0], yubikey->firmware[1], yubikey->firmware[2]);
	return add_text(out, "{") && add_string(out, claim_maker, "Yubico") && add_string(out, claim_model, "YubiKey") &&
	       add_if_said(out, claim_serial, yubikey->serial) && add_string(out, claim_firmware, firmware) &&
	       add_string(out, claim_pin_policy, policy_name(pins, sizeof pins / sizeof pins[0], yubikey->pin_policy)) &&
	       add_string(out, claim_touch_policy,
			  policy_name(touches, sizeof touches / sizeof touches[0], yubikey->touch_policy)) &&
	       add_string(out, claim_key_protection, "hardware") && add_key(s, out);
}

bool claims_add_packed(const struct statement *s, struct buffer *out)
{
	char maker[65] = "";
	const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(s->chain[0]), NID_organizationName, maker, sizeof maker);
	const bool is_one = s->names.permanent_identifiers == 1;
	return add_text(out, "{") && (size <= 0 || add_if_said(out, claim_maker, maker)) &&
	       add_if_said(out, claim_serial, is_one ? s->names.permanent_identifier : "") &&
	       add_string(out, claim_key_protection, "hardware") && add_key(s, out);
}
