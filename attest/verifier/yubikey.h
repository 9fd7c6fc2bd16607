/* SPDX-License-Identifier: Apache-2.0
 * What a YubiKey's attestation certificate of a PIV slot says: Yubico's extensions below 1.3.6.1.4.1.41482.3. */
#ifndef KEYWARD_VERIFIER_YUBIKEY_H
#define KEYWARD_VERIFIER_YUBIKEY_H

#include "attest/verifier/certificate.h"

struct yubikey {
	uint8_t firmware[3]; /* 4.3.5 is 4, 3, 5 */
	char serial[24];     /* decimal, as printed on it; empty: not said */
	uint8_t pin_policy, touch_policy, form_factor; /* 0: not said */
};
/* Yubico, "PIV Attestation"; with a fingerprint in the PIN's place from firmware 5.6 on. */
enum yubikey_pin { yubikey_pin_never = 1, yubikey_pin_once, yubikey_pin_always, yubikey_pin_match_once, yubikey_pin_match_always };
enum yubikey_touch { yubikey_touch_never = 1, yubikey_touch_always, yubikey_touch_cached };

/* False: the firmware is not said, or an extension is there twice or is not of its form. */
bool yubikey_read(X509 *certificate, struct yubikey *out);

/* Whether the key signs only after its PIN or a fingerprint, at least once a session; after a touch, at least one in 15 s. */
bool yubikey_asks_pin(const struct yubikey *yubikey);
bool yubikey_asks_touch(const struct yubikey *yubikey);

#endif
