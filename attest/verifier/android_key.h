/* SPDX-License-Identifier: Apache-2.0
 * What an Android attestation certificate says of a key and its device: the extension KeyDescription (1.3.6.1.4.1.11129.2.1.17),
 * as Android's documentation "Key attestation extension data schema" has it. */
#ifndef KEYWARD_VERIFIER_ANDROID_KEY_H
#define KEYWARD_VERIFIER_ANDROID_KEY_H

#include "firmware/boundary/bytes.h"

#define ANDROID_KEY_OID "1.3.6.1.4.1.11129.2.1.17"

enum android_security { android_software, android_trusted_environment, android_strongbox };
enum android_boot { android_boot_verified, android_boot_self_signed, android_boot_unverified, android_boot_failed };
enum { android_origin_generated = 0, android_purpose_sign = 2 };

/* Of the authorizations only those that the hardware enforces: what the system alone enforces proves nothing. Texts end with NUL and
 * are empty when absent. */
struct android_key {
	uint64_t attestation_version, attestation_security, key_security;
	struct bytes challenge;
	bool may_sign, has_origin, has_root_of_trust, is_locked, is_for_all_applications;
	uint64_t origin, boot_state;
	uint64_t os_version, os_patch_level; /* 0: not said */
	char serial[65], manufacturer[65], model[65];
};

/* False: not exactly one KeyDescription in DER; a tag that is known comes twice, out of order or with another type. */
bool android_key_read(struct bytes extension, struct android_key *out);

#endif
