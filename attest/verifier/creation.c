/* SPDX-License-Identifier: Apache-2.0
 * Distrusts every byte: all of it comes from who wants the AK certified. */
#include "attest/verifier/creation.h"

#include "attest/verifier/format_tpm_signature.h"

static bool is_name_of(const struct tpm_attest *attest, struct creation_ak ak)
{
	struct tpm_octets name;
	return tpm_key_name(ak.public, ak.area, &name) &&
	       bytes_equal(bytes_from(name.data, name.size), bytes_from(attest->name.data, attest->name.size));
}

static bool is_hash_of(const struct tpm_attest *attest, struct creation_ak ak, struct bytes data)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	return EVP_Digest(data.data, data.size, hash, &size, tpm_key_digest(ak.public->name_algorithm), NULL) == 1 &&
	       bytes_equal(bytes_from(hash, size), bytes_from(attest->creation_hash.data, attest->creation_hash.size));
}

/* What is wrong with it; NULL: nothing. */
static const char *fault_of(const struct message_ak_begin *ask, struct creation_ak ak, const struct tpm_attest *attest,
			    const struct tpm_signature *signature)
{
	if (attest->magic != TPM_GENERATED)
		return "createAttestation was not made in a TPM";
	if (attest->type != tpm_st_attest_creation)
		return "createAttestation is not of a creation";
	if (!is_name_of(attest, ak))
		return "createAttestation is of another object than the AK";
	if (!is_hash_of(attest, ak, ask->create_data))
		return "createData is not what createAttestation is of";
	if (signature->scheme != ak.public->scheme || signature->hash != ak.public->scheme_hash)
		return "createSignature is not of the AK's scheme";
	if (!format_tpm_signature_verify(signature, ak.key, ask->create_attestation))
		return "createSignature is not the AK's";
	return NULL;
}

status creation_judge(const struct message_ak_begin *ask, struct creation_ak ak, struct detail *detail)
{
	struct tpm_attest attest;
	struct tpm_signature signature;
	if (is_refused(tpm_attest_parse(ask->create_attestation, &attest)) ||
	    is_refused(tpm_signature_parse(ask->create_signature, &signature))) {
		detail_say(detail, "createAttestation or createSignature does not parse");
		return REFUSE(ak_creation_malformed);
	}
	const char *fault = fault_of(ask, ak, &attest, &signature);
	if (fault == NULL)
		return OK;
	detail_say(detail, "%s", fault);
	return REFUSE(ak_creation_wrong);
}
