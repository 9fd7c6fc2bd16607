/* SPDX-License-Identifier: Apache-2.0
 * The device client's TPM side, one step a call, for the script beside it. usage: enroll_tpm TCTI FOLDER STEP. Files of
 * the folder are a step's input and output. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "attest/enroll/csr.h"
#include "attest/enroll/ek_file.h"
#include "attest/enroll/identity.h"
#include "attest/enroll/public_key.h"
#include "attest/enroll/statement.h"
#include "attest/enroll/template.h"
#include "ca/client/key_file.h"

static const char *folder;

static outcome save(const char *name, const void *data, size_t size)
{
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return key_file_store(path, 0600, bytes_from(data, size));
}

static outcome fetch(const char *name, struct buffer *out)
{
	char path[4096];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return key_file_load(path, false, out);
}

static outcome save_identity(const char *name, const struct tpm_blob *key)
{
	char path[4096];
	const struct identity identity = {.key = *key};
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return identity_store(path, &identity);
}

static outcome fetch_identity(const char *name, struct tpm_blob *out)
{
	char path[4096];
	bool is_there;
	struct identity identity;
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	STEP(identity_load(path, &is_there, &identity));
	*out = identity.key;
	identity_clear(&identity);
	return is_there ? DONE : outcome_fail(exit_other, "%s is not there", path);
}

/* By the certificate of given.der, where that is. */
static outcome find_ek(struct tpm *tpm, struct tpm_ek *out)
{
	char path[4096];
	uint8_t octets[tpm_certificate_room];
	struct buffer given = BUFFER(octets);
	(void)snprintf(path, sizeof path, "%s/given.der", folder);
	if (access(path, F_OK) == 0)
		STEP(ek_file_load(path, &given));
	return tpm_ek_find(tpm, buffer_view(&given), out);
}

/* ek: ek.tpm2b, ek.der, ek.hash; prints the template's name. */
static outcome step_ek(struct tpm *tpm)
{
	static struct tpm_ek ek;
	uint8_t sized[tpm_area_room + 2];
	STEP(find_ek(tpm, &ek));
	sized[0] = (uint8_t)(ek.area_size >> 8);
	sized[1] = (uint8_t)ek.area_size;
	memcpy(sized + 2, ek.area, ek.area_size);
	STEP(save("ek.tpm2b", sized, ek.area_size + 2));
	STEP(save("ek.hash", ek.spki_hash, sizeof ek.spki_hash));
	STEP(save("ek.der", ek.certificate, ek.certificate_size));
	(void)puts(template_eks[ek.number].name);
	return DONE;
}

/* ak: ak.pem; prints its name in hex. */
static outcome step_ak(struct tpm *tpm)
{
	struct tpm_blob ak;
	uint8_t digest[32];
	STEP(tpm_key_make(tpm, tpm_key_ak, &ak));
	STEP(save_identity("ak.pem", &ak));
	SHA256(tpm_area(&ak).data, tpm_area(&ak).size, digest);
	(void)printf("000b");
	for (size_t i = 0; i < sizeof digest; i++)
		(void)printf("%02x", digest[i]);
	(void)puts("");
	return DONE;
}

/* activate: the file of tpm2_makecredential to secret.out. */
static outcome step_activate(struct tpm *tpm)
{
	static struct tpm_ek ek;
	struct tpm_blob ak;
	uint8_t octets[2048], plain[tpm_secret_room];
	struct buffer file = BUFFER(octets), secret = BUFFER(plain);
	STEP(fetch_identity("ak.pem", &ak));
	STEP(fetch("credential", &file));
	STEP(find_ek(tpm, &ek));
	const size_t first = file.size < 10 ? 0 : 2 + (size_t)(octets[8] << 8 | octets[9]);
	if (first == 0 || 8 + first > file.size)
		return outcome_fail(exit_other, "the credential file is too short");
	STEP(tpm_activate(tpm, &ek, &ak, bytes_from(octets + 8, first),
			  bytes_from(octets + 8 + first, file.size - 8 - first), &secret));
	return save("secret.out", plain, secret.size);
}

static bool is_ecdsa_over(struct bytes attest, const TPMS_SIGNATURE_ECC *ecc, EVP_PKEY *key)
{
	uint8_t der[128], *at = der;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	(void)ECDSA_SIG_set0(signature, BN_bin2bn(ecc->signatureR.buffer, ecc->signatureR.size, NULL),
			     BN_bin2bn(ecc->signatureS.buffer, ecc->signatureS.size, NULL));
	const int size = i2d_ECDSA_SIG(signature, &at);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool is_right = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
			      EVP_DigestVerify(context, der, (size_t)size, attest.data, attest.size) == 1;
	EVP_MD_CTX_free(context);
	ECDSA_SIG_free(signature);
	return is_right;
}

static outcome judge_certified(struct bytes attest, struct bytes signature, const struct tpm_blob *key,
			       const struct tpm_blob *ak, const uint8_t extra[32])
{
	TPMS_ATTEST read = {0};
	TPMT_SIGNATURE made = {0};
	uint8_t name[34] = {0x00, 0x0b};
	size_t at = 0, signature_at = 0;
	EVP_PKEY *ak_key = public_key_from(tpm_area(ak));
	SHA256(tpm_area(key).data, tpm_area(key).size, name + 2);
	const bool is_right = Tss2_MU_TPMS_ATTEST_Unmarshal(attest.data, attest.size, &at, &read) == TSS2_RC_SUCCESS &&
			      at == attest.size && read.magic == TPM2_GENERATED_VALUE &&
			      read.type == TPM2_ST_ATTEST_CERTIFY && read.extraData.size == 32 &&
			      memcmp(read.extraData.buffer, extra, 32) == 0 &&
			      read.attested.certify.name.size == sizeof name &&
			      memcmp(read.attested.certify.name.name, name, sizeof name) == 0 &&
			      Tss2_MU_TPMT_SIGNATURE_Unmarshal(signature.data, signature.size, &signature_at, &made) ==
				      TSS2_RC_SUCCESS &&
			      signature_at == signature.size && made.sigAlg == TPM2_ALG_ECDSA &&
			      is_ecdsa_over(attest, &made.signature.ecdsa, ak_key);
	EVP_PKEY_free(ak_key);
	return is_right ? DONE : outcome_fail(exit_other, "the TPM's statement is not as asked for");
}

/* certify-p256, certify-rsa2048: a key, its statement judged here, its request to csr.der. */
static outcome certify(struct tpm *tpm, enum tpm_key_kind kind)
{
	struct tpm_blob key, ak;
	uint8_t attest_octets[1024], signature_octets[1024], csr_octets[4096], extra[32] = {1, 2, 3};
	struct buffer attest = BUFFER(attest_octets), signature = BUFFER(signature_octets), csr = BUFFER(csr_octets);
	STEP(fetch_identity("ak.pem", &ak));
	STEP(tpm_key_make(tpm, kind, &key));
	STEP(save_identity("device.pem", &key));
	STEP(tpm_certify(tpm, &key, &ak, extra, &attest, &signature));
	STEP(judge_certified(buffer_view(&attest), buffer_view(&signature), &key, &ak, extra));
	STEP(csr_build(tpm, &key, "unit-7/1.2.3", &csr));
	return save("csr.der", csr.data, csr.size);
}

static outcome step_certify_p256(struct tpm *tpm)
{
	return certify(tpm, tpm_key_p256);
}
static outcome step_certify_rsa2048(struct tpm *tpm)
{
	return certify(tpm, tpm_key_rsa2048);
}

/* ours: whether ak.pem is this TPM's. */
static outcome step_ours(struct tpm *tpm)
{
	struct tpm_blob ak;
	bool is_ours;
	STEP(fetch_identity("ak.pem", &ak));
	STEP(tpm_key_try(tpm, &ak, &is_ours));
	return is_ours ? DONE : (outcome){exit_tpm};
}

/* flip: no bit of ak.pem's private or public part may change and the TPM still load it with the same public area. */
static outcome step_flip(struct tpm *tpm)
{
	struct tpm_blob ak;
	STEP(fetch_identity("ak.pem", &ak));
	for (size_t bit = 0; bit < 8 * (ak.public_size + ak.private_size); bit += 5) {
		struct tpm_blob changed = ak;
		uint8_t *octet = bit / 8 < ak.public_size ? &changed.public[bit / 8]
							  : &changed.private[bit / 8 - ak.public_size];
		*octet ^= (uint8_t)(1 << bit % 8);
		bool is_ours;
		STEP(tpm_key_try(tpm, &changed, &is_ours));
		if (is_ours)
			return outcome_fail(exit_other, "the TPM loads the key with bit %zu flipped", bit);
	}
	return DONE;
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		outcome (*run)(struct tpm *);
	} steps[] = {{"ek", step_ek},
		     {"ak", step_ak},
		     {"activate", step_activate},
		     {"certify-p256", step_certify_p256},
		     {"certify-rsa2048", step_certify_rsa2048},
		     {"ours", step_ours},
		     {"flip", step_flip}};
	struct tpm *tpm = NULL;
	if (count != 4 || tpm_open(words[1], &tpm).code != exit_done)
		return exit_usage;
	folder = words[2];
	outcome result = {exit_usage};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (strcmp(words[3], steps[i].name) == 0)
			result = steps[i].run(tpm);
	tpm_close(tpm);
	return result.code;
}
