/* SPDX-License-Identifier: Apache-2.0
 * The device's keys in its TPM. Distrusts the blobs on disk and the bus. Whatever a function loads it flushes before it
 * returns: a TPM without resource manager holds three objects. */
#include "attest/enroll/tpm.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>

#include "attest/enroll/public_key.h"
#include "attest/enroll/template.h"
#include "attest/tpm/esys.h"

struct tpm {
	ESYS_CONTEXT *esys;
	char tcti[512];
};

static outcome tried(const char *command, TSS2_RC code)
{
	if (code == TSS2_RC_SUCCESS)
		return DONE;
	return outcome_fail(exit_tpm, "the TPM failed at %s: 0x%x, %s", command, code, Tss2_RC_Decode(code));
}

/* ---- connection ---- */

static outcome connected(const char *tcti, TSS2_RC code)
{
	if (code == TSS2_RC_SUCCESS)
		return DONE;
	if (code == TSS2_TCTI_RC_NOT_SUPPORTED)
		return outcome_fail(exit_usage, "--tcti is device:NODE or swtpm:path=SOCKET, not %s", tcti);
	return outcome_fail(exit_tpm, "there is no TPM 2.0 at %s, or this user may not use it: %s", tcti,
			    Tss2_RC_Decode(code));
}

outcome tpm_open(const char *tcti, struct tpm **out)
{
	struct tpm *tpm = calloc(1, sizeof *tpm);
	if (tpm == NULL)
		return outcome_fail(exit_other, "there is no memory");
	if ((size_t)snprintf(tpm->tcti, sizeof tpm->tcti, "%s", tcti) >= sizeof tpm->tcti) {
		free(tpm);
		return outcome_fail(exit_usage, "--tcti is too long");
	}
	const outcome result = connected(tcti, esys_open(tcti, &tpm->esys));
	if (result.code != exit_done) {
		free(tpm);
		return result;
	}
	/* if it fails, so does what comes next, with a sentence */
	(void)esys_flush_leftovers(tpm->esys);
	*out = tpm;
	return DONE;
}

/* After an answer that it could not believe ESYS takes no more commands, so nothing was flushed: that takes another
 * connection. */
void tpm_close(struct tpm *tpm)
{
	if (tpm == NULL)
		return;
	const bool is_broken = esys_flush_leftovers(tpm->esys) != TSS2_RC_SUCCESS;
	esys_close(tpm->esys);
	if (is_broken && esys_open(tpm->tcti, &tpm->esys) == TSS2_RC_SUCCESS) {
		(void)esys_flush_leftovers(tpm->esys);
		esys_close(tpm->esys);
	}
	free(tpm);
}

/* ---- keys and sessions ---- */

static const TPM2B_DATA no_outside;
static const TPML_PCR_SELECTION no_pcrs;

static outcome srk_make(struct tpm *tpm, ESYS_TR *handle)
{
	return tried("TPM2_CreatePrimary of the storage root key", esys_srk_make(tpm->esys, handle));
}

static outcome ek_make(struct tpm *tpm, const struct template_ek *template, ESYS_TR *handle, TPM2B_PUBLIC **public)
{
	return tried("TPM2_CreatePrimary of the endorsement key",
		     esys_primary_make(tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, &template->public, handle,
				       public));
}

static outcome session_start(struct tpm *tpm, ESYS_TR srk, TPM2_SE type, TPMA_SESSION attributes, ESYS_TR *handle)
{
	return tried("TPM2_StartAuthSession", esys_session_start(tpm->esys, srk, type, attributes, handle));
}

/* Exactly one structure from a file or the CA: libtss2-mu is content with trailing bytes, and with a bogus
 * TPM2B_PUBLIC. */
static bool read_blob(const struct tpm_blob *blob, TPM2B_PUBLIC *public, TPM2B_PRIVATE *private)
{
	size_t at = 0, inner = 0;
	const struct bytes area = tpm_area(blob);
	if (area.size == 0 ||
	    Tss2_MU_TPMT_PUBLIC_Unmarshal(area.data, area.size, &inner, &public->publicArea) != TSS2_RC_SUCCESS ||
	    inner != area.size)
		return false;
	return Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob->private, blob->private_size, &at, private) == TSS2_RC_SUCCESS &&
	       at == blob->private_size;
}

static const TSS2_RC malformed_blob = TSS2_ESYS_RC_BAD_VALUE;

static TSS2_RC load(struct tpm *tpm, ESYS_TR srk, const struct tpm_blob *blob, ESYS_TR *handle)
{
	TPM2B_PUBLIC public = {0};
	TPM2B_PRIVATE private = {0};
	if (!read_blob(blob, &public, &private))
		return malformed_blob;
	return Esys_Load(tpm->esys, srk, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &private, &public, handle);
}

struct bytes tpm_area(const struct tpm_blob *blob)
{
	if (blob->public_size < 2 || blob->public_size > sizeof blob->public ||
	    (size_t)(blob->public[0] << 8 | blob->public[1]) != blob->public_size - 2)
		return (struct bytes){0};
	return bytes_from(blob->public + 2, blob->public_size - 2);
}

outcome tpm_key_make(struct tpm *tpm, enum tpm_key_kind kind, struct tpm_blob *out)
{
	static const TPM2B_PUBLIC *const templates[] = {
		[tpm_key_ak] = &template_ak, [tpm_key_p256] = &template_p256, [tpm_key_rsa2048] = &template_rsa2048};
	const TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PRIVATE *private ESYS_OWNED = NULL;
	TPM2B_PUBLIC *public ESYS_OWNED = NULL;
	struct tpm_blob blob = {0};
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	STEP(srk_make(tpm, &srk.handle));
	STEP(session_start(tpm, srk.handle, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT,
			   &session.handle));
	STEP(tried("TPM2_Create",
		   Esys_Create(tpm->esys, srk.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
			       templates[kind], &no_outside, &no_pcrs, &private, &public, NULL, NULL, NULL)));
	STEP(tried("TPM2B_PUBLIC",
		   Tss2_MU_TPM2B_PUBLIC_Marshal(public, blob.public, sizeof blob.public, &blob.public_size)));
	STEP(tried("TPM2B_PRIVATE",
		   Tss2_MU_TPM2B_PRIVATE_Marshal(private, blob.private, sizeof blob.private, &blob.private_size)));
	*out = blob;
	return DONE;
}

outcome tpm_key_try(struct tpm *tpm, const struct tpm_blob *blob, bool *is_ours)
{
	LOADED(srk, tpm->esys);
	LOADED(key, tpm->esys);
	STEP(srk_make(tpm, &srk.handle));
	const TSS2_RC code = load(tpm, srk.handle, blob, &key.handle);
	*is_ours = code == TSS2_RC_SUCCESS;
	return *is_ours || esys_is_judgement(code) || code == malformed_blob ? DONE : tried("TPM2_Load", code);
}

/* ---- NV: the certificates that the TPM's maker left ---- */

static outcome nv_piece(struct tpm *tpm, ESYS_TR index, uint16_t at, uint16_t size, struct buffer *out)
{
	TPM2B_MAX_NV_BUFFER *data ESYS_OWNED = NULL;
	/* An EK certificate is read by the authorization of the owner, or by the index's own empty one (EK
	 * Profile 2.2.1.4). */
	TSS2_RC code =
		Esys_NV_Read(tpm->esys, index, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, size, at, &data);
	if (code != TSS2_RC_SUCCESS)
		code = Esys_NV_Read(tpm->esys, ESYS_TR_RH_OWNER, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
				    size, at, &data);
	STEP(tried("TPM2_NV_Read", code));
	return data->size == size && buffer_add(out, data->buffer, data->size)
		       ? DONE
		       : outcome_fail(exit_tpm, "the TPM gave another size");
}

static outcome nv_read_all(struct tpm *tpm, ESYS_TR index, struct buffer *out)
{
	enum { piece = 512 };
	TPM2B_NV_PUBLIC *public ESYS_OWNED = NULL;
	STEP(tried("TPM2_NV_ReadPublic", Esys_NV_ReadPublic(tpm->esys, index, NOBODY, &public, NULL)));
	const uint16_t size = public->nvPublic.dataSize;
	if (size > out->room - out->size)
		return outcome_fail(exit_tpm, "a certificate in the TPM is longer than %zu octets", out->room);
	for (uint16_t at = 0; at < size; at = (uint16_t)(at + piece))
		STEP(nv_piece(tpm, index, at, size - at < piece ? (uint16_t)(size - at) : piece, out));
	return DONE;
}

/* Cuts the padding off; 0 when no certificate stands in front. */
static size_t certificate_size(struct bytes der)
{
	const uint8_t *at = der.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
	X509_free(certificate);
	return certificate == NULL ? 0 : (size_t)(at - der.data);
}

/* The certificate at an NV index; size 0 when there is none. */
static outcome certificate_read(struct tpm *tpm, TPM2_HANDLE handle, uint8_t der[tpm_certificate_room], size_t *size)
{
	struct buffer out = {.data = der, .room = tpm_certificate_room};
	ESYS_TR index = ESYS_TR_NONE;
	*size = 0;
	if (Esys_TR_FromTPMPublic(tpm->esys, handle, NOBODY, &index) != TSS2_RC_SUCCESS)
		return DONE;
	const outcome result = nv_read_all(tpm, index, &out);
	(void)Esys_TR_Close(tpm->esys, &index);
	STEP(result);
	*size = certificate_size(buffer_view(&out));
	return DONE;
}

/* EK Profile 2.2.1.5.2: intermediates at 0x01C00100 to 0x01C001FF, here one an index. */
static outcome intermediates_read(struct tpm *tpm, struct tpm_ek *out)
{
	TPMS_CAPABILITY_DATA *found ESYS_OWNED = NULL;
	STEP(tried("TPM2_GetCapability", Esys_GetCapability(tpm->esys, NOBODY, TPM2_CAP_HANDLES, 0x01c00100,
							    TPM2_MAX_CAP_HANDLES, NULL, &found)));
	const TPML_HANDLE *handles = &found->data.handles;
	for (uint32_t i = 0; i < handles->count && i < TPM2_MAX_CAP_HANDLES; i++) {
		if (handles->handle[i] > 0x01c001ff || out->intermediate_count == tpm_most_intermediates)
			break;
		const size_t n = out->intermediate_count;
		STEP(certificate_read(tpm, handles->handle[i], out->intermediates[n].der, &out->intermediates[n].size));
		out->intermediate_count += out->intermediates[n].size > 0;
	}
	return DONE;
}

/* ---- the EK ---- */

static EVP_PKEY *certified_key(const struct tpm_ek *ek)
{
	const uint8_t *at = ek->certificate;
	X509 *certificate = d2i_X509(NULL, &at, (long)ek->certificate_size);
	EVP_PKEY *key = certificate == NULL ? NULL : X509_get_pubkey(certificate);
	X509_free(certificate);
	return key;
}

/* Whether the EK of the template is the one that its certificate names; fills in its area and hash. */
static outcome ek_compare(struct tpm *tpm, struct tpm_ek *ek, bool *is_same)
{
	TPM2B_PUBLIC *public ESYS_OWNED = NULL;
	LOADED(handle, tpm->esys);
	ek->area_size = 0;
	STEP(ek_make(tpm, &template_eks[ek->number], &handle.handle, &public));
	STEP(tried("TPMT_PUBLIC",
		   Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, ek->area, sizeof ek->area, &ek->area_size)));
	EVP_PKEY *certified = certified_key(ek), *made = public_key_from(bytes_from(ek->area, ek->area_size));
	*is_same = certified != NULL && made != NULL && EVP_PKEY_eq(certified, made) == 1 &&
		   public_key_hash(made, ek->spki_hash);
	EVP_PKEY_free(certified);
	EVP_PKEY_free(made);
	return DONE;
}

/* Whether a certificate can be one of the template's EK: making an RSA key to compare takes a TPM seconds. */
static bool is_of_kind(const struct template_ek *template, const struct tpm_ek *ek)
{
	const TPMT_PUBLIC *area = &template->public.publicArea;
	const bool is_rsa = area->type == TPM2_ALG_RSA;
	const int bits = is_rsa ? area->parameters.rsaDetail.keyBits : area->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ? 256 : 384;
	EVP_PKEY *key = certified_key(ek);
	const bool is_of = key != NULL && EVP_PKEY_is_a(key, is_rsa ? "RSA" : "EC") == 1 && EVP_PKEY_get_bits(key) == bits;
	EVP_PKEY_free(key);
	return is_of;
}

/* A certificate of the TPM's. */
static outcome try_own(struct tpm *tpm, struct tpm_ek *ek, bool *is_found)
{
	const struct template_ek *template = &template_eks[ek->number];
	STEP(certificate_read(tpm, template->certificate, ek->certificate, &ek->certificate_size));
	if (ek->certificate_size == 0)
		return DONE;
	STEP(ek_compare(tpm, ek, is_found));
	if (!*is_found)
		outcome_note("the EK of template %s is not the one of its certificate", template->name);
	return DONE;
}

static outcome try_given(struct tpm *tpm, struct bytes certificate, struct tpm_ek *ek, bool *is_found)
{
	if (certificate.size > sizeof ek->certificate)
		return outcome_fail(exit_tpm, "the EK certificate is longer than %zu octets", sizeof ek->certificate);
	memcpy(ek->certificate, certificate.data, certificate.size);
	ek->certificate_size = certificate.size;
	return is_of_kind(&template_eks[ek->number], ek) ? ek_compare(tpm, ek, is_found) : DONE;
}

outcome tpm_ek_find(struct tpm *tpm, struct bytes certificate, struct tpm_ek *out)
{
	static struct tpm_ek ek;
	bool is_found = false;
	ek.intermediate_count = 0;
	for (ek.number = 0; ek.number < template_ek_count; ek.number++) {
		STEP(certificate.size == 0 ? try_own(tpm, &ek, &is_found) : try_given(tpm, certificate, &ek, &is_found));
		if (!is_found)
			continue;
		STEP(intermediates_read(tpm, &ek));
		*out = ek;
		return DONE;
	}
	if (certificate.size != 0)
		return outcome_fail(exit_tpm, "the EK certificate that was given is for no EK that this TPM makes");
	return outcome_fail(exit_tpm, "the TPM holds no EK certificate for an EK that it can make; where its maker publishes it, "
				      "fetch it and say --ek-certificate");
}

/* ---- activation, certification, signature ---- */

static bool read_credential(struct bytes credential, struct bytes encrypted_secret, TPM2B_ID_OBJECT *object,
			    TPM2B_ENCRYPTED_SECRET *secret)
{
	size_t at = 0, secret_at = 0;
	return Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential.data, credential.size, &at, object) == TSS2_RC_SUCCESS &&
	       at == credential.size &&
	       Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(encrypted_secret.data, encrypted_secret.size, &secret_at,
							secret) == TSS2_RC_SUCCESS &&
	       secret_at == encrypted_secret.size;
}

/* The authorization that an EK's template asks for. */
static outcome ek_authorize(struct tpm *tpm, const struct template_ek *template, ESYS_TR srk, ESYS_TR *session)
{
	if (!template->is_by_policy)
		return DONE;
	STEP(session_start(tpm, srk, TPM2_SE_POLICY, 0, session));
	return tried("TPM2_PolicySecret",
		     Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				       ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL));
}

outcome tpm_activate(struct tpm *tpm, const struct tpm_ek *ek, const struct tpm_blob *ak, struct bytes credential,
		     struct bytes encrypted_secret, struct buffer *secret)
{
	const struct template_ek *template = &template_eks[ek->number];
	TPM2B_ID_OBJECT object = {0};
	TPM2B_ENCRYPTED_SECRET encrypted = {0};
	TPM2B_DIGEST *plain = NULL;
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	LOADED(policy, tpm->esys);
	LOADED(ak_key, tpm->esys);
	LOADED(ek_key, tpm->esys);
	if (!read_credential(credential, encrypted_secret, &object, &encrypted))
		return outcome_fail(exit_refused, "the CA sent a malformed credential");
	STEP(srk_make(tpm, &srk.handle));
	STEP(session_start(tpm, srk.handle, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT,
			   &session.handle));
	STEP(tried("TPM2_Load of the attestation key", load(tpm, srk.handle, ak, &ak_key.handle)));
	STEP(ek_authorize(tpm, template, srk.handle, &policy.handle));
	STEP(ek_make(tpm, template, &ek_key.handle, NULL));
	STEP(tried("TPM2_ActivateCredential",
		   Esys_ActivateCredential(tpm->esys, ak_key.handle, ek_key.handle, session.handle,
					   template->is_by_policy ? policy.handle : ESYS_TR_PASSWORD, ESYS_TR_NONE,
					   &object, &encrypted, &plain)));
	const bool fits = plain->size <= tpm_secret_room && buffer_add(secret, plain->buffer, plain->size);
	OPENSSL_cleanse(plain, sizeof *plain);
	Esys_Free(plain);
	return fits ? DONE : outcome_fail(exit_refused, "the CA's secret is too long");
}

/* Appends what a Marshal function writes. */
#define MARSHAL(type, value, out)                                                                                      \
	do {                                                                                                           \
		size_t at_ = 0;                                                                                        \
		STEP(tried(#type, Tss2_MU_##type##_Marshal(value, (out)->data + (out)->size,                           \
							   (out)->room - (out)->size, &at_)));                         \
		(out)->size += at_;                                                                                    \
	} while (0)

outcome tpm_certify(struct tpm *tpm, const struct tpm_blob *key, const struct tpm_blob *ak,
		    const uint8_t extra_data[tpm_digest_size], struct buffer *attest, struct buffer *signature)
{
	const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the AK's own */
	TPM2B_DATA data = {.size = tpm_digest_size};
	TPM2B_ATTEST *certified ESYS_OWNED = NULL;
	TPMT_SIGNATURE *made ESYS_OWNED = NULL;
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	LOADED(ak_key, tpm->esys);
	LOADED(device_key, tpm->esys);
	memcpy(data.buffer, extra_data, tpm_digest_size);
	STEP(srk_make(tpm, &srk.handle));
	STEP(session_start(tpm, srk.handle, TPM2_SE_HMAC, 0, &session.handle));
	STEP(tried("TPM2_Load of the attestation key", load(tpm, srk.handle, ak, &ak_key.handle)));
	STEP(tried("TPM2_Load of the device's key", load(tpm, srk.handle, key, &device_key.handle)));
	STEP(tried("TPM2_Certify", Esys_Certify(tpm->esys, device_key.handle, ak_key.handle, session.handle,
						ESYS_TR_PASSWORD, ESYS_TR_NONE, &data, &scheme, &certified, &made)));
	MARSHAL(TPMT_SIGNATURE, made, signature);
	return buffer_add(attest, certified->attestationData, certified->size)
		       ? DONE
		       : outcome_fail(exit_tpm, "the TPM's statement is too long");
}

static outcome add_ecdsa(const TPMS_SIGNATURE_ECC *from, struct buffer *out)
{
	uint8_t der[128], *at = der;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(from->signatureR.buffer, from->signatureR.size, NULL);
	BIGNUM *s = BN_bin2bn(from->signatureS.buffer, from->signatureS.size, NULL);
	int size = 0;
	if (signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1) {
		size = i2d_ECDSA_SIG(signature, NULL);
		size = size > 0 && size <= (int)sizeof der ? i2d_ECDSA_SIG(signature, &at) : 0;
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(signature);
	return size > 0 && buffer_add(out, der, (size_t)size)
		       ? DONE
		       : outcome_fail(exit_tpm, "the TPM's signature is malformed");
}

outcome tpm_sign(struct tpm *tpm, const struct tpm_blob *key, const uint8_t digest[tpm_digest_size],
		 struct buffer *signature)
{
	const struct bytes area = tpm_area(key);
	const bool is_rsa = area.size >= 2 && (area.data[0] << 8 | area.data[1]) == TPM2_ALG_RSA;
	const TPMT_SIG_SCHEME scheme = {.scheme = is_rsa ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA,
					.details.any.hashAlg = TPM2_ALG_SHA256};
	const TPMT_TK_HASHCHECK unrestricted = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
	TPM2B_DIGEST value = {.size = tpm_digest_size};
	TPMT_SIGNATURE *made ESYS_OWNED = NULL;
	LOADED(srk, tpm->esys);
	LOADED(session, tpm->esys);
	LOADED(device_key, tpm->esys);
	memcpy(value.buffer, digest, tpm_digest_size);
	STEP(srk_make(tpm, &srk.handle));
	STEP(session_start(tpm, srk.handle, TPM2_SE_HMAC, 0, &session.handle));
	STEP(tried("TPM2_Load of the device's key", load(tpm, srk.handle, key, &device_key.handle)));
	STEP(tried("TPM2_Sign", Esys_Sign(tpm->esys, device_key.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE,
					  &value, &scheme, &unrestricted, &made)));
	if (!is_rsa)
		return add_ecdsa(&made->signature.ecdsa, signature);
	const TPM2B_PUBLIC_KEY_RSA *rsa = &made->signature.rsassa.sig;
	return buffer_add(signature, rsa->buffer, rsa->size)
		       ? DONE
		       : outcome_fail(exit_tpm, "the TPM's signature is too long");
}
