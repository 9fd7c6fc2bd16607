/* SPDX-License-Identifier: Apache-2.0
 * The member sig of a TPM's statement: TPMT_SIGNATURE as TPMs write it, or the bare signature as Windows sends it. The AK's
 * kind decides the scheme; the member alg only names the hash (step CLI writes the attested key's family there). */
#ifndef KEYWARD_VERIFIER_FORMAT_TPM_SIGNATURE_H
#define KEYWARD_VERIFIER_FORMAT_TPM_SIGNATURE_H

#include "attest/verifier/cbor.h"
#include "attest/verifier/tpm_key.h"

/* False unless it is exactly one of the two, of the AK's kind. algorithm: the item of alg; NULL when absent. */
bool format_tpm_signature_read(struct bytes octets, EVP_PKEY *ak, const struct cbor_item *algorithm,
			       struct tpm_signature *out);
/* The scheme fits the AK's kind; the hash is SHA-256, SHA-384 or SHA-512 and the one that alg names; alg names this scheme, or the
 * family of the certified key (tpm_rsa or tpm_ecc), as step CLI does. */
bool format_tpm_signature_is_taken(const struct tpm_signature *signature, EVP_PKEY *ak, uint16_t certified_type,
				   const struct cbor_item *algorithm);
bool format_tpm_signature_verify(const struct tpm_signature *signature, EVP_PKEY *ak, struct bytes signed_octets);

#endif
