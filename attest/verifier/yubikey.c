/* SPDX-License-Identifier: Apache-2.0
 * Reads Yubico's certificate extensions (Yubico, "PIV Attestation"). Distrusts every byte. */
#include "attest/verifier/yubikey.h"

#include <stdio.h>

#include "attest/verifier/der.h"

#define YUBICO "1.3.6.1.4.1.41482.3."

static bool read_serial(X509 *certificate, struct yubikey *out)
{
	struct bytes value;
	uint64_t serial = 0;
	const enum certificate_extension found = certificate_find_extension(certificate, YUBICO "7", &value);
	if (found != certificate_extension_is_there)
		return found == certificate_extension_is_absent;
	if (!der_number(&value, der_integer, &serial) || value.size != 0 || serial == 0)
		return false;
	snprintf(out->serial, sizeof out->serial, "%llu", (unsigned long long)serial);
	return true;
}

static bool read_policies(X509 *certificate, struct yubikey *out)
{
	struct bytes value;
	const enum certificate_extension found = certificate_find_extension(certificate, YUBICO "8", &value);
	if (found != certificate_extension_is_there)
		return found == certificate_extension_is_absent;
	if (value.size != 2)
		return false;
	out->pin_policy = value.data[0];
	out->touch_policy = value.data[1];
	return true;
}

static bool read_form_factor(X509 *certificate, struct yubikey *out)
{
	struct bytes value;
	const enum certificate_extension found = certificate_find_extension(certificate, YUBICO "9", &value);
	if (found != certificate_extension_is_there)
		return found == certificate_extension_is_absent;
	if (value.size != 1)
		return false;
	out->form_factor = value.data[0];
	return true;
}

bool yubikey_read(X509 *certificate, struct yubikey *out)
{
	struct yubikey read = {.serial = ""};
	struct bytes firmware;
	if (certificate_find_extension(certificate, YUBICO "3", &firmware) != certificate_extension_is_there ||
	    firmware.size != sizeof read.firmware || !read_serial(certificate, &read) || !read_policies(certificate, &read) ||
	    !read_form_factor(certificate, &read))
		return false;
	memcpy(read.firmware, firmware.data, sizeof read.firmware);
	*out = read;
	return true;
}

bool yubikey_asks_pin(const struct yubikey *yubikey)
{
	return yubikey->pin_policy >= yubikey_pin_once && yubikey->pin_policy <= yubikey_pin_match_always;
}

bool yubikey_asks_touch(const struct yubikey *yubikey)
{
	return yubikey->touch_policy == yubikey_touch_always || yubikey->touch_policy == yubikey_touch_cached;
}
