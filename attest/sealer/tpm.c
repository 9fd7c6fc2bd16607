/* SPDX-License-Identifier: Apache-2.0
 * PCRs, the sealed secret, quotes. Distrusts the blobs on disk and the bus; believes a TPM whose storage root key has
 * the recorded name. Whatever a function loads it flushes before it returns. */
#include "attest/sealer/tpm.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_mu.h>

#include "attest/tpm/esys.h"

struct tpm {
	ESYS_CONTEXT *esys;
	struct bytes srk_name; /* expected; empty: any */
	char problem[96];
};

static status tried(struct tpm *tpm, const char *command, TSS2_RC code)
{
	if (code == TSS2_RC_SUCCESS)
		return OK;
	snprintf(tpm->problem, sizeof tpm->problem, "%s: response 0x%x", command, code);
	return REFUSE(tpm_failed);
}

static status broken(struct tpm *tpm, const char *what)
{
	snprintf(tpm->problem, sizeof tpm->problem, "%s", what);
	return REFUSE(tpm_failed);
}

const char *tpm_problem(const struct tpm *tpm)
{
	return tpm == NULL ? "" : tpm->problem;
}

/* ---- connection ---- */

status tpm_open(const char *tcti, struct tpm **out)
{
	*out = NULL;
	struct tpm *tpm = calloc(1, sizeof *tpm);
	if (tpm == NULL || esys_open(tcti, &tpm->esys) != TSS2_RC_SUCCESS) {
		free(tpm);
		return REFUSE(tpm_failed);
	}
	*out = tpm;
	return OK;
}

void tpm_close(struct tpm *tpm)
{
	if (tpm == NULL)
		return;
	esys_close(tpm->esys);
	free(tpm);
}

status tpm_flush_leftovers(struct tpm *tpm)
{
	return tried(tpm, "TPM2_FlushContext of what was left", esys_flush_leftovers(tpm->esys));
}

/* ---- keys and sessions ---- */

/* The unique field sets this key apart from any other made from a common template. */
static const TPM2B_PUBLIC ak_template = {
    .publicArea =
	{
	    .type = TPM2_ALG_ECC,
	    .nameAlg = TPM2_ALG_SHA256,
	    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
				TPMA_OBJECT_SIGN_ENCRYPT,
	    .parameters.eccDetail =
		{
		    .symmetric.algorithm = TPM2_ALG_NULL,
		    .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
		    .curveID = TPM2_ECC_NIST_P256,
		    .kdf.scheme = TPM2_ALG_NULL,
		},
	    .unique.ecc.x = {.size = 13, .buffer = "keyward-quote"},
	},
};

static TPML_PCR_SELECTION select_pcr(uint32_t pcr)
{
	TPML_PCR_SELECTION selection = {.count = 1};
	selection.pcrSelections[0] = (TPMS_PCR_SELECTION){.hash = TPM2_ALG_SHA256, .sizeofSelect = 3};
	if (pcr < 24)
		selection.pcrSelections[0].pcrSelect[pcr / 8] = (BYTE)(1u << pcr % 8);
	return selection;
}

void tpm_expect(struct tpm *tpm, struct bytes srk_name)
{
	tpm->srk_name = srk_name;
}

/* ESYS has compared the name with the public area that it salts sessions to. */
static status srk_create(struct tpm *tpm, ESYS_TR *handle)
{
	TPM2B_NAME *name ESYS_OWNED = NULL;
	TRY(tried(tpm, "TPM2_CreatePrimary", esys_srk_make(tpm->esys, handle)));
	if (tpm->srk_name.data == NULL)
		return OK;
	TRY(tried(tpm, "name of the storage root key", Esys_TR_GetName(tpm->esys, *handle, &name)));
	const uint8_t size[2] = {(uint8_t)(name->size >> 8), (uint8_t)name->size};
	const struct bytes expected = tpm->srk_name;
	if (expected.size == sizeof size + name->size && memcmp(expected.data, size, sizeof size) == 0 &&
	    memcmp(expected.data + sizeof size, name->name, name->size) == 0)
		return OK;
	(void)broken(tpm, "this is not the TPM that the PIN was sealed to, or it was cleared");
	return REFUSE(pin_sealed);
}

static status session_start(struct tpm *tpm, ESYS_TR srk, TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *handle)
{
	return tried(tpm, "TPM2_StartAuthSession", esys_session_start(tpm->esys, srk, type, attributes, handle));
}

/* ---- PCRs ---- */

status tpm_pcr_read(struct tpm *tpm, uint32_t pcr, uint8_t digest[tpm_digest_size])
{
	const TPML_PCR_SELECTION wanted = select_pcr(pcr);
	TPML_PCR_SELECTION *had ESYS_OWNED = NULL;
	TPML_DIGEST *values ESYS_OWNED = NULL;
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	TRY(srk_create(tpm, &srk.handle));
	TRY(session_start(tpm, srk.handle, TPM2_SE_HMAC, TPMA_SESSION_AUDIT, &session.handle));
	TRY(tried(tpm, "TPM2_PCR_Read",
		  Esys_PCR_Read(tpm->esys, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, NULL, &had, &values)));
	if (values->count != 1 || values->digests[0].size != tpm_digest_size)
		return broken(tpm, "the TPM has no active SHA-256 bank with this PCR");
	memcpy(digest, values->digests[0].buffer, tpm_digest_size);
	return OK;
}

status tpm_pcr_extend(struct tpm *tpm, uint32_t pcr, const uint8_t digest[tpm_digest_size])
{
	TPML_DIGEST_VALUES values = {.count = 1};
	values.digests[0].hashAlg = TPM2_ALG_SHA256;
	memcpy(values.digests[0].digest.sha256, digest, tpm_digest_size);
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	TRY(srk_create(tpm, &srk.handle));
	TRY(session_start(tpm, srk.handle, TPM2_SE_HMAC, 0, &session.handle));
	return tried(
	    tpm, "TPM2_PCR_Extend",
	    Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &values));
}

static status sha256(struct bytes text, uint8_t digest[tpm_digest_size])
{
	unsigned size = 0;
	return EVP_Digest(text.data, text.size, digest, &size, EVP_sha256(), NULL) == 1 && size == tpm_digest_size
		   ? OK
		   : REFUSE(internal);
}

status tpm_pcr_predict(const uint8_t extended[tpm_digest_size], uint8_t value[tpm_digest_size])
{
	uint8_t text[2 * tpm_digest_size] = {0};
	memcpy(text + tpm_digest_size, extended, tpm_digest_size);
	return sha256(BYTES_OF(text), value);
}

/* ---- marshalling ---- */

#define MARSHAL(type, value, out)                                                                                      \
	do {                                                                                                           \
		size_t at_ = 0;                                                                                        \
		if (Tss2_MU_##type##_Marshal(value, (out)->data + (out)->size, (out)->room - (out)->size, &at_) !=     \
		    TSS2_RC_SUCCESS)                                                                                   \
			return REFUSE(internal);                                                                       \
		(out)->size += at_;                                                                                    \
	} while (0)

/* Exactly one structure: libtss2-mu is content with trailing bytes. */
#define UNMARSHAL(type, in, value)                                                                                     \
	do {                                                                                                           \
		size_t at_ = 0;                                                                                        \
		if (Tss2_MU_##type##_Unmarshal((in).data, (in).size, &at_, value) != TSS2_RC_SUCCESS ||                \
		    at_ != (in).size)                                                                                  \
			return REFUSE(pin_sealed);                                                                     \
	} while (0)

/* ---- seal, unseal ---- */

/* The digest of PolicyPCR for one value of the PCR, worked out by the TPM itself in a trial session. */
static status policy_digest(struct tpm *tpm, ESYS_TR srk, uint32_t pcr, const uint8_t value[tpm_digest_size],
			    TPM2B_DIGEST *out)
{
	const TPML_PCR_SELECTION selection = select_pcr(pcr);
	TPM2B_DIGEST values = {.size = tpm_digest_size};
	TPM2B_DIGEST *policy ESYS_OWNED = NULL;
	LOADED(trial, tpm->esys);
	TRY(sha256(bytes_from(value, tpm_digest_size), values.buffer));
	TRY(session_start(tpm, srk, TPM2_SE_TRIAL, 0, &trial.handle));
	TRY(tried(
	    tpm, "TPM2_PolicyPCR",
	    Esys_PolicyPCR(tpm->esys, trial.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &values, &selection)));
	TRY(tried(tpm, "TPM2_PolicyGetDigest",
		  Esys_PolicyGetDigest(tpm->esys, trial.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &policy)));
	*out = *policy;
	return OK;
}

static status seal_under(struct tpm *tpm, ESYS_TR srk, const TPM2B_DIGEST *policy, struct bytes secret,
			 struct tpm_sealed *out)
{
	const TPM2B_PUBLIC template = {
	    .publicArea = {.type = TPM2_ALG_KEYEDHASH,
			   .nameAlg = TPM2_ALG_SHA256,
			   .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA,
			   .authPolicy = *policy,
			   .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}};
	const TPM2B_DATA outside = {0};
	const TPML_PCR_SELECTION none = {0};
	TPM2B_PRIVATE *private ESYS_OWNED = NULL;
	TPM2B_PUBLIC *public ESYS_OWNED = NULL;
	TPM2B_NAME *name ESYS_OWNED = NULL;
	LOADED(session, tpm->esys);
	TRY(session_start(tpm, srk, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session.handle));
	TPM2B_SENSITIVE_CREATE sensitive = {.sensitive.data.size = (UINT16)secret.size};
	memcpy(sensitive.sensitive.data.buffer, secret.data, secret.size);
	const TSS2_RC code = Esys_Create(tpm->esys, srk, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
					 &template, &outside, &none, &private, &public, NULL, NULL, NULL);
	explicit_bzero(&sensitive, sizeof sensitive);
	TRY(tried(tpm, "TPM2_Create", code));
	TRY(tried(tpm, "name of the storage root key", Esys_TR_GetName(tpm->esys, srk, &name)));
	MARSHAL(TPM2B_PUBLIC, public, &out->public);
	MARSHAL(TPM2B_PRIVATE, private, &out->private);
	MARSHAL(TPM2B_NAME, name, &out->srk_name);
	return OK;
}

status tpm_seal(struct tpm *tpm, uint32_t pcr, const uint8_t value[tpm_digest_size], struct bytes secret,
		struct tpm_sealed *out)
{
	TPM2B_DIGEST policy;
	if (secret.size == 0 || secret.size > tpm_secret_room)
		return REFUSE(internal);
	LOADED(srk, tpm->esys);
	TRY(srk_create(tpm, &srk.handle));
	TRY(policy_digest(tpm, srk.handle, pcr, value, &policy));
	return seal_under(tpm, srk.handle, &policy, secret, out);
}

/* By the TPM's judgement the secret stays sealed. */
static status judged(struct tpm *tpm, const char *command, TSS2_RC code)
{
	const status s = tried(tpm, command, code);
	return is_refused(s) && esys_is_judgement(code) ? REFUSE(pin_sealed) : s;
}

static status load_sealed(struct tpm *tpm, ESYS_TR srk, struct bytes public, struct bytes private, ESYS_TR *handle)
{
	TPM2B_PUBLIC public_area = {0};
	TPM2B_PRIVATE private_area = {0};
	UNMARSHAL(TPM2B_PUBLIC, public, &public_area);
	UNMARSHAL(TPM2B_PRIVATE, private, &private_area);
	/* only a sealed object can be asked for, and one that answers to nothing but its policy */
	if (public_area.publicArea.type != TPM2_ALG_KEYEDHASH || public_area.publicArea.nameAlg != TPM2_ALG_SHA256 ||
	    (public_area.publicArea.objectAttributes & TPMA_OBJECT_USERWITHAUTH) != 0)
		return REFUSE(pin_sealed);
	LOADED(session, tpm->esys);
	TRY(session_start(tpm, srk, TPM2_SE_HMAC, 0, &session.handle));
	return judged(
	    tpm, "TPM2_Load",
	    Esys_Load(tpm->esys, srk, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &private_area, &public_area, handle));
}

static status unseal_loaded(struct tpm *tpm, ESYS_TR srk, ESYS_TR object, uint32_t pcr, struct buffer *secret)
{
	const TPML_PCR_SELECTION selection = select_pcr(pcr);
	const TPM2B_DIGEST current = {0};
	TPM2B_SENSITIVE_DATA *data = NULL;
	LOADED(policy, tpm->esys);
	TRY(session_start(tpm, srk, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &policy.handle));
	TRY(tried(
	    tpm, "TPM2_PolicyPCR",
	    Esys_PolicyPCR(tpm->esys, policy.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &current, &selection)));
	TRY(judged(tpm, "TPM2_Unseal",
		   Esys_Unseal(tpm->esys, object, policy.handle, ESYS_TR_NONE, ESYS_TR_NONE, &data)));
	const bool fits = data->size > 0 && buffer_add(secret, data->buffer, data->size);
	explicit_bzero(data, sizeof *data);
	Esys_Free(data);
	return fits ? OK : REFUSE(pin_sealed);
}

status tpm_unseal(struct tpm *tpm, uint32_t pcr, struct bytes public, struct bytes private, struct buffer *secret)
{
	LOADED(srk, tpm->esys);
	LOADED(object, tpm->esys);
	TRY(srk_create(tpm, &srk.handle));
	TRY(load_sealed(tpm, srk.handle, public, private, &object.handle));
	return unseal_loaded(tpm, srk.handle, object.handle, pcr, secret);
}

/* ---- quote ---- */

status tpm_quote(struct tpm *tpm, const uint8_t extra_data[tpm_digest_size], struct tpm_quote *out)
{
	TPML_PCR_SELECTION selection = select_pcr(0);
	const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
	TPM2B_DATA qualifying = {.size = tpm_digest_size};
	TPM2B_PUBLIC *public ESYS_OWNED = NULL;
	TPM2B_ATTEST *attest ESYS_OWNED = NULL;
	TPMT_SIGNATURE *signature ESYS_OWNED = NULL;
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	LOADED(ak, tpm->esys);
	selection.pcrSelections[0].pcrSelect[0] = selection.pcrSelections[0].pcrSelect[1] = 0xff;
	memcpy(qualifying.buffer, extra_data, tpm_digest_size);
	TRY(srk_create(tpm, &srk.handle));
	TRY(session_start(tpm, srk.handle, TPM2_SE_HMAC, 0, &session.handle));
	TRY(tried(tpm, "TPM2_CreatePrimary",
		  esys_primary_make(tpm->esys, ESYS_TR_RH_OWNER, session.handle, &ak_template, &ak.handle, &public)));
	TRY(tried(tpm, "TPM2_Quote",
		  Esys_Quote(tpm->esys, ak.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &qualifying, &scheme,
			     &selection, &attest, &signature)));
	if (!buffer_add(&out->attest, attest->attestationData, attest->size))
		return REFUSE(internal);
	MARSHAL(TPMT_SIGNATURE, signature, &out->signature);
	MARSHAL(TPMT_PUBLIC, &public->publicArea, &out->ak_public);
	return OK;
}
