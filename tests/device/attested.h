/* SPDX-License-Identifier: Apache-2.0
 * Statements of the formats android-key, packed and step from devices that are software, with a knob for each lie. A struct of zeroes
 * with the members above the line is a good one. For tests only. */
#ifndef KEYWARD_DEVICE_ATTESTED_H
#define KEYWARD_DEVICE_ATTESTED_H

#include "tests/device/certificate.h"

#define DEVICE_YUBICO "1.3.6.1.4.1.41482.3."
#define DEVICE_ANDROID "1.3.6.1.4.1.11129.2.1.17"

struct device_attested {
	const char *format;                       /* android-key, packed or step */
	const struct device_authority *authority; /* issues the leaf */
	const struct device_authority *above;     /* sent behind the leaf; NULL: none */
	EVP_PKEY *key;
	struct bytes bound; /* the key authorization */
	const char *serial; /* NULL: not said */
	/* ---- knobs ---- */
	const char *named;               /* fmt in place of format */
	const struct bytes *signed_text; /* what sig is over */
	EVP_PKEY *signer;                /* NULL: key */
	int64_t algorithm;               /* 0: that of the key */
	bool has_no_algorithm, has_no_signature, has_no_chain, has_auth_data;
	bool is_signature_bare;        /* step: not wrapped */
	bool is_signature_longer;      /* step: an octet behind the inner string */
	const char *without;           /* OID of an extension that is left out */
	struct device_extension also;  /* one more, if it has an OID */
	const struct bytes *chain;     /* in place of leaf and above */
	size_t chain_count;
	struct device_leaf leaf;       /* its knobs alone */
	const uint8_t *firmware;       /* step, three octets; NULL: 5.4.3 */
	const uint8_t *policies;       /* step, of PIN and touch, two octets; NULL: once, never */
	/* android-key */
	const struct bytes *challenge, *description;
	bool is_software, is_key_software, is_imported, says_no_origin, cannot_sign, is_for_all, is_unlocked;
	bool has_no_root_of_trust, is_serial_the_systems, is_root_of_trust_the_systems;
	uint8_t boot_state;
};
/* The attestation object; the leaf alone, in DER. */
void device_attested_build(const struct device_attested *attested, struct device_octets *out);
void device_attested_leaf(const struct device_attested *attested, struct device_octets *out);
/* The content of Android's extension. */
void device_attested_description(const struct device_attested *attested, struct device_octets *out);

#endif
