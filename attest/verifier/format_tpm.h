/* SPDX-License-Identifier: Apache-2.0
 * Attestation statements of format tpm (WebAuthn L3 8.3, draft-ietf-acme-device-attest-09 5): what its checks find. */
#ifndef KEYWARD_VERIFIER_FORMAT_TPM_H
#define KEYWARD_VERIFIER_FORMAT_TPM_H

#include "attest/verifier/certificate.h"
#include "attest/verifier/tpm_key.h"
#include "attest/verifier/vendor.h"

struct format_tpm {
	struct certificate_names names;
	const struct vendor *vendor;
	bool is_own_ak; /* the chain ends in our own AK issuer */
	struct bytes certinfo_octets, area;
	struct tpm_attest certinfo;
	struct tpm_public public;
	struct tpm_signature signature;
	EVP_PKEY *ak;
};

#endif
