/* SPDX-License-Identifier: Apache-2.0
 * From a TPM's public area to a name, a SubjectPublicKeyInfo and a key that verifies. */
#ifndef KEYWARD_VERIFIER_TPM_KEY_H
#define KEYWARD_VERIFIER_TPM_KEY_H

#include <openssl/evp.h>

#include "attest/verifier/tpm_structures.h"

enum { tpm_name_room = 66 };

/* OpenSSL's digest for SHA-256, SHA-384 and SHA-512; NULL for any other, SHA-1 too. */
const EVP_MD *tpm_key_digest(uint16_t algorithm);

/* nameAlg || H(area) (TPM 2.0 Part 1, 16); false for a nameAlg that is not taken. */
bool tpm_key_name(const struct tpm_public *public, struct bytes area, struct tpm_octets *out);

/* The caller owns it (EVP_PKEY_free); NULL when the numbers are no key (a point off the curve, an unknown curve). */
EVP_PKEY *tpm_key_open(const struct tpm_public *public);

/* The public area of an EK, as the TCG's templates have it for its key (EK Credential Profile B.3 and B.4: L-1, L-2, H-3, H-6): all of
 * it that matters to credential_make. False for a key that no template is for. */
bool tpm_key_ek_area(EVP_PKEY *ek, struct tpm_public *out);

/* DER SubjectPublicKeyInfo appended. */
bool tpm_key_spki(EVP_PKEY *key, struct buffer *out);

#endif
