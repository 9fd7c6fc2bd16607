/* SPDX-License-Identifier: Apache-2.0
 * The device's TPM 2.0: EK and its certificates, attestation key, device keys, activation, certification. Secrets
 * pass in sessions salted to the storage root key. Nothing stays loaded between calls. */
#ifndef KEYWARD_ENROLL_TPM_H
#define KEYWARD_ENROLL_TPM_H

#include "ca/client/outcome.h"

enum {
	tpm_area_room = 1024,
	tpm_blob_room = 1024,
	tpm_certificate_room = 4096,
	tpm_most_intermediates = 6,
	tpm_digest_size = 32,
	tpm_secret_room = 64,
	tpm_statement_room = 1024
};

struct tpm;

/* Connects; tcti as esys_open takes it. What a killed run left in a TPM without resource manager is flushed, and again
 * when it is closed. exit_usage, exit_tpm. Owner: tpm_close. */
outcome tpm_open(const char *tcti, struct tpm **out);
void tpm_close(struct tpm *tpm);

/* An EK and its certificate. */
struct tpm_ek {
	size_t number;		     /* of template_eks */
	uint8_t area[tpm_area_room]; /* TPMT_PUBLIC */
	size_t area_size;
	uint8_t certificate[tpm_certificate_room]; /* DER, without the padding of its NV index */
	size_t certificate_size;
	uint8_t spki_hash[tpm_digest_size]; /* SHA-256 of its SubjectPublicKeyInfo */
	struct {
		uint8_t der[tpm_certificate_room];
		size_t size;
	} intermediates[tpm_most_intermediates]; /* that the maker left in the TPM, leaf's issuer first or not */
	size_t intermediate_count;
};
/* The EK that `certificate` (DER) is for; when that is empty, the first that has a certificate in the TPM. exit_tpm: no certificate, or
 * none whose key the TPM makes again. */
outcome tpm_ek_find(struct tpm *tpm, struct bytes certificate, struct tpm_ek *out);

/* A key under the storage root key, as it is kept on disk: TPM2B_PUBLIC and TPM2B_PRIVATE. */
struct tpm_blob {
	uint8_t public[tpm_area_room], private[tpm_blob_room];
	size_t public_size, private_size;
};
/* Its TPMT_PUBLIC; a view into the blob. */
struct bytes tpm_area(const struct tpm_blob *blob);

enum tpm_key_kind { tpm_key_ak, tpm_key_p256, tpm_key_rsa2048 };
outcome tpm_key_make(struct tpm *tpm, enum tpm_key_kind kind, struct tpm_blob *out);

/* Whether this TPM, in its present state, still loads the key. Says nothing when it does not; exit_tpm when the TPM fails
 * before it can say. */
outcome tpm_key_try(struct tpm *tpm, const struct tpm_blob *blob, bool *is_ours);

/* TPM2_ActivateCredential of TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET; the secret (at most tpm_secret_room octets) is
 * appended. */
outcome tpm_activate(struct tpm *tpm, const struct tpm_ek *ek, const struct tpm_blob *ak, struct bytes credential,
		     struct bytes encrypted_secret, struct buffer *secret);

/* TPM2_Certify of the key by the AK: TPMS_ATTEST and TPMT_SIGNATURE are appended. */
outcome tpm_certify(struct tpm *tpm, const struct tpm_blob *key, const struct tpm_blob *ak,
		    const uint8_t extra_data[tpm_digest_size], struct buffer *attest, struct buffer *signature);

/* Signs a SHA-256 digest: an ECDSA-Sig-Value in DER, or RSASSA (PKCS#1 1.5), appended. */
outcome tpm_sign(struct tpm *tpm, const struct tpm_blob *key, const uint8_t digest[tpm_digest_size],
		 struct buffer *signature);

#endif
