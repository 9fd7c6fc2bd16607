/* SPDX-License-Identifier: Apache-2.0
 * Managed Device Attestations of a Mac that is software, with a knob for each lie. A struct of zeroes with the members above the line
 * is a good one. For tests only. */
#ifndef KEYWARD_DEVICE_APPLE_H
#define KEYWARD_DEVICE_APPLE_H

#include "tests/device/certificate.h"

#define DEVICE_APPLE "1.2.840.113635.100.8."

struct device_apple {
	const struct device_authority *authority; /* issues the leaf */
	const struct device_authority *above;     /* sent behind the leaf; NULL: none */
	EVP_PKEY *key;
	struct bytes token;
	const char *serial, *udid; /* NULL: not said */
	/* ---- knobs ---- */
	const struct bytes *freshness;    /* NULL: SHA-256 of the token */
	const char *without;              /* OID of an extension that is left out */
	struct device_extension also;     /* one more, if it has an OID */
	const struct bytes *chain;        /* in place of leaf and above */
	size_t chain_count;
	struct device_leaf leaf;          /* its knobs alone */
	const char *format;               /* NULL: apple */
	bool has_no_chain, has_auth_data;
};
/* The attestation object; the leaf alone, in DER. */
void device_apple_build(const struct device_apple *apple, struct device_octets *out);
void device_apple_leaf(const struct device_apple *apple, struct device_octets *out);

#endif
