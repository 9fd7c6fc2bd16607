/* SPDX-License-Identifier: Apache-2.0
 * What an AK says of its own creation (TPM2_CertifyCreation, signed by itself), where it is sent along. Credential activation proves
 * the same and more; but what is sent must be true. */
#ifndef KEYWARD_VERIFIER_CREATION_H
#define KEYWARD_VERIFIER_CREATION_H

#include "attest/verifier/tpm_key.h"
#include "attest/verifier/verifier.h"

/* The AK as it was judged already. */
struct creation_ak {
	const struct tpm_public *public;
	struct bytes area;
	EVP_PKEY *key;
};

/* Of the request: create_data, create_attestation, create_signature. ak_creation_malformed, ak_creation_wrong. */
status creation_judge(const struct message_ak_begin *ask, struct creation_ak ak, struct detail *detail);

#endif
