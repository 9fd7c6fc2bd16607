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
/* What else than the strict is taken. */
struct format_tpm_signature_rule {
	uint16_t certified_type; /* of the certified key, tpm_rsa or tpm_ecc: alg may name its family, as step CLI does */
	bool may_be_sha1;	 /* RS1, as Windows signs */
};
/* The scheme fits the AK's kind and is the one that alg names; the hash is SHA-256, SHA-384 or SHA-512 and the one that alg names. */
bool format_tpm_signature_is_taken(const struct tpm_signature *signature, EVP_PKEY *ak, const struct cbor_item *algorithm,
				   struct format_tpm_signature_rule rule);
bool format_tpm_signature_verify(const struct tpm_signature *signature, EVP_PKEY *ak, struct bytes signed_octets);

#endif
