/* SPDX-License-Identifier: Apache-2.0
 * TPM2_MakeCredential outside a TPM: a secret that only the TPM with this EK gives out, and only while it holds the object of this
 * name. */
#ifndef KEYWARD_CREDENTIAL_H
#define KEYWARD_CREDENTIAL_H

#include <openssl/evp.h>

#include "attest/verifier/tpm_structures.h"

/* Appends TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, both with their outer size (TPM 2.0 Part 1, 24 and annexes B.10.4, C.6.4).
 * `ek` is the key of `ek_public`: RSA, P-256 or P-384 with AES-128 or AES-256 and a nameAlg of SHA-256 or better. The secret is no
 * longer than that hash. False, and both buffers as before, for anything else, for want of room or when OpenSSL fails. */
bool credential_make(EVP_PKEY *ek, const struct tpm_public *ek_public, struct bytes ak_name, struct bytes secret,
		     struct buffer *credential, struct buffer *encrypted_secret);

#endif
