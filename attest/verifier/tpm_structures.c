/* SPDX-License-Identifier: Apache-2.0
 * The one file for tss2-mu, which is lenient: so each structure has to end where the input ends, and to marshal to the
 * same octets again. Distrusts every byte. */
#include "attest/verifier/tpm_structures.h"

#include <tss2/tss2_mu.h>

enum { longest_structure = 4096 };

static bool copy(struct tpm_octets *out, const uint8_t *data, size_t size)
{
	if (size > sizeof out->data)
		return false;
	out->size = size;
	memcpy(out->data, data, size);
	return true;
}

static bool is_same(struct bytes in, size_t offset, TSS2_RC rc, const uint8_t *again, size_t size)
{
	return offset == in.size && rc == TSS2_RC_SUCCESS && bytes_equal(in, bytes_from(again, size));
}

status tpm_attest_parse(struct bytes in, struct tpm_attest *out)
{
	TPMS_ATTEST attest = {0};
	uint8_t again[longest_structure];
	size_t offset = 0, size = 0;
	if (in.size > sizeof again ||
	    Tss2_MU_TPMS_ATTEST_Unmarshal(in.data, in.size, &offset, &attest) != TSS2_RC_SUCCESS)
		return REFUSE(tpm_certinfo_malformed);
	const TSS2_RC rc = Tss2_MU_TPMS_ATTEST_Marshal(&attest, again, sizeof again, &size);
	if (!is_same(in, offset, rc, again, size) || attest.clockInfo.safe > 1)
		return REFUSE(tpm_certinfo_malformed);
	struct tpm_attest read = {
	    .magic = attest.magic,
	    .type = attest.type,
	    .clock = attest.clockInfo.clock,
	    .reset_count = attest.clockInfo.resetCount,
	    .restart_count = attest.clockInfo.restartCount,
	    .is_clock_safe = attest.clockInfo.safe == 1,
	    .firmware_version = attest.firmwareVersion,
	};
	if (!copy(&read.extra_data, attest.extraData.buffer, attest.extraData.size))
		return REFUSE(tpm_certinfo_malformed);
	if (attest.type == TPM2_ST_ATTEST_CERTIFY &&
	    !copy(&read.name, attest.attested.certify.name.name, attest.attested.certify.name.size))
		return REFUSE(tpm_certinfo_malformed);
	if (attest.type == TPM2_ST_ATTEST_CREATION &&
	    (!copy(&read.name, attest.attested.creation.objectName.name, attest.attested.creation.objectName.size) ||
	     !copy(&read.creation_hash, attest.attested.creation.creationHash.buffer, attest.attested.creation.creationHash.size)))
		return REFUSE(tpm_certinfo_malformed);
	*out = read;
	return OK;
}

static void read_symmetric(const TPMT_SYM_DEF_OBJECT *in, struct tpm_public *out)
{
	out->symmetric = in->algorithm;
	if (in->algorithm != TPM2_ALG_AES)
		return;
	out->symmetric_bits = in->keyBits.aes;
	out->symmetric_mode = in->mode.aes;
}

static bool read_rsa(const TPMT_PUBLIC *in, struct tpm_public *out)
{
	const TPMS_RSA_PARMS *parms = &in->parameters.rsaDetail;
	read_symmetric(&parms->symmetric, out);
	out->scheme = parms->scheme.scheme;
	if (out->scheme == TPM2_ALG_RSASSA || out->scheme == TPM2_ALG_RSAPSS)
		out->scheme_hash = parms->scheme.details.anySig.hashAlg;
	out->bits = parms->keyBits;
	out->exponent = parms->exponent == 0 ? 65537 : parms->exponent;
	return copy(&out->modulus, in->unique.rsa.buffer, in->unique.rsa.size) && out->modulus.size == out->bits / 8u;
}

static bool read_ecc(const TPMT_PUBLIC *in, struct tpm_public *out)
{
	const TPMS_ECC_PARMS *parms = &in->parameters.eccDetail;
	read_symmetric(&parms->symmetric, out);
	out->scheme = parms->scheme.scheme;
	if (out->scheme == TPM2_ALG_ECDSA)
		out->scheme_hash = parms->scheme.details.ecdsa.hashAlg;
	out->curve = parms->curveID;
	out->kdf = parms->kdf.scheme;
	return copy(&out->x, in->unique.ecc.x.buffer, in->unique.ecc.x.size) &&
	       copy(&out->y, in->unique.ecc.y.buffer, in->unique.ecc.y.size);
}

status tpm_public_parse(struct bytes in, struct tpm_public *out)
{
	TPMT_PUBLIC public = {0};
	uint8_t again[longest_structure];
	size_t offset = 0, size = 0;
	if (in.size > sizeof again ||
	    Tss2_MU_TPMT_PUBLIC_Unmarshal(in.data, in.size, &offset, &public) != TSS2_RC_SUCCESS)
		return REFUSE(tpm_public_malformed);
	const TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public, again, sizeof again, &size);
	if (!is_same(in, offset, rc, again, size))
		return REFUSE(tpm_public_malformed);
	struct tpm_public read = {
	    .type = public.type,
	    .name_algorithm = public.nameAlg,
	    .attributes = public.objectAttributes,
	};
	if (!(public.type == TPM2_ALG_RSA && read_rsa(&public, &read)) &&
	    !(public.type == TPM2_ALG_ECC && read_ecc(&public, &read)))
		return REFUSE(tpm_public_malformed);
	*out = read;
	return OK;
}

static bool read_signature(const TPMT_SIGNATURE *in, struct tpm_signature *out)
{
	const TPMS_SIGNATURE_RSA *rsa = &in->signature.rsassa;
	const TPMS_SIGNATURE_ECC *ecc = &in->signature.ecdsa;
	out->scheme = in->sigAlg;
	if (in->sigAlg == TPM2_ALG_RSASSA || in->sigAlg == TPM2_ALG_RSAPSS) {
		out->hash = rsa->hash;
		return copy(&out->first, rsa->sig.buffer, rsa->sig.size);
	}
	out->hash = ecc->hash;
	return in->sigAlg == TPM2_ALG_ECDSA && copy(&out->first, ecc->signatureR.buffer, ecc->signatureR.size) &&
	       copy(&out->second, ecc->signatureS.buffer, ecc->signatureS.size);
}

status tpm_signature_parse(struct bytes in, struct tpm_signature *out)
{
	TPMT_SIGNATURE signature = {0};
	struct tpm_signature read = {0};
	uint8_t again[longest_structure];
	size_t offset = 0, size = 0;
	if (in.size > sizeof again ||
	    Tss2_MU_TPMT_SIGNATURE_Unmarshal(in.data, in.size, &offset, &signature) != TSS2_RC_SUCCESS)
		return REFUSE(tpm_signature_malformed);
	const TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, again, sizeof again, &size);
	if (!is_same(in, offset, rc, again, size) || !read_signature(&signature, &read))
		return REFUSE(tpm_signature_malformed);
	*out = read;
	return OK;
}
