/* SPDX-License-Identifier: Apache-2.0
 * Reads Apple's certificate extensions. Distrusts every byte. Apple's documentation "Validating a Managed Device Attestation" lists
 * them. */
#include "attest/verifier/apple_properties.h"

#define APPLE "1.2.840.113635.100.8."

/* A tag and length in front would be control characters. */
static bool copy_text(struct bytes value, char *out, size_t room)
{
	if (value.size >= room)
		return false;
	for (size_t i = 0; i < value.size; i++)
		if (value.data[i] < 0x20 || value.data[i] > 0x7e)
			return false;
	memcpy(out, value.data, value.size);
	out[value.size] = 0;
	return true;
}

static bool read_text(X509 *certificate, const char *oid, char *out, size_t room)
{
	struct bytes value = {NULL, 0};
	const enum certificate_extension found = certificate_find_extension(certificate, oid, &value);
	out[0] = 0;
	return found == certificate_extension_is_absent || (found == certificate_extension_is_there && copy_text(value, out, room));
}

static bool is_small_integer(struct bytes value)
{
	return value.size == 3 && value.data[0] == V_ASN1_INTEGER && value.data[1] == 1;
}

/* `zero` and `one`: what DER INTEGER 0 and 1 mean. */
static bool read_switch(X509 *certificate, const char *oid, enum apple_switch zero, enum apple_switch one, enum apple_switch *out)
{
	struct bytes value = {NULL, 0};
	const enum certificate_extension found = certificate_find_extension(certificate, oid, &value);
	*out = apple_switch_unknown;
	if (found != certificate_extension_is_there || value.size == 0)
		return found != certificate_extension_is_wrong;
	if (!is_small_integer(value))
		return false;
	*out = value.data[2] == 0 ? zero : value.data[2] == 1 ? one : apple_switch_unknown;
	return true;
}

/* A text, or in early versions an integer of which only 0 is known. */
static bool read_boot(X509 *certificate, enum apple_boot *out)
{
	struct bytes value = {NULL, 0};
	char text[64];
	const enum certificate_extension found = certificate_find_extension(certificate, APPLE "13.2", &value);
	*out = apple_boot_unknown;
	if (found != certificate_extension_is_there)
		return found == certificate_extension_is_absent;
	if (is_small_integer(value)) {
		*out = value.data[2] == 0 ? apple_boot_full : apple_boot_unknown;
		return true;
	}
	if (!copy_text(value, text, sizeof text))
		return false;
	*out = strcmp(text, "Full Security") == 0	  ? apple_boot_full
	       : strcmp(text, "Reduced Security") == 0	  ? apple_boot_reduced
	       : strcmp(text, "Permissive Security") == 0 ? apple_boot_permissive
							  : apple_boot_unknown;
	return true;
}

bool apple_properties_read(X509 *certificate, struct apple_properties *out)
{
	struct apple_properties read = {.freshness = {NULL, 0}};
	if (!read_text(certificate, APPLE "9.1", read.serial, sizeof read.serial) ||
	    !read_text(certificate, APPLE "9.2", read.udid, sizeof read.udid) ||
	    !read_text(certificate, APPLE "9.4", read.model, sizeof read.model) ||
	    !read_text(certificate, APPLE "10.1", read.os_version, sizeof read.os_version) ||
	    !read_text(certificate, APPLE "10.2", read.sep_version, sizeof read.sep_version) ||
	    !read_text(certificate, APPLE "10.3", read.boot_version, sizeof read.boot_version) ||
	    certificate_find_extension(certificate, APPLE "11.1", &read.freshness) == certificate_extension_is_wrong ||
	    !read_switch(certificate, APPLE "13.1", apple_switch_on, apple_switch_off, &read.integrity_protection) ||
	    !read_switch(certificate, APPLE "13.3", apple_switch_off, apple_switch_on, &read.kernel_extensions) ||
	    !read_boot(certificate, &read.secure_boot))
		return false;
	*out = read;
	return true;
}

bool apple_properties_are_others(X509 *certificate)
{
	struct bytes value;
	return certificate_find_extension(certificate, APPLE "2", &value) != certificate_extension_is_absent || certificate_find_extension(certificate, APPLE "5", &value) != certificate_extension_is_absent;
}
