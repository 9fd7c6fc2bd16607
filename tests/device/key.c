/* SPDX-License-Identifier: Apache-2.0
 * Keys of a software TPM and the public areas that show them. For tests only. */
#include "tests/device/key.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_mu.h>

void device_fail(const char *sentence)
{
	fprintf(stderr, "software device: %s\n", sentence);
	abort();
}

void device_append(struct device_octets *out, const void *data, size_t size)
{
	DEVICE_NEED(sizeof out->data - out->size >= size);
	if (size != 0)
		memcpy(out->data + out->size, data, size);
	out->size += size;
}

static const uint8_t policy_a[32] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
				     0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
				     0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
static const uint8_t policy_b[48] = {0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc,
				     0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4,
				     0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09,
				     0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12};

static const struct kind {
	const char *curve;
	uint16_t tpm_curve, bits;
	unsigned rsa_bits;
} kinds[] = {
    [device_p256] = {"P-256", TPM2_ECC_NIST_P256, 256, 0},
    [device_p384] = {"P-384", TPM2_ECC_NIST_P384, 384, 0},
    [device_p521] = {"P-521", TPM2_ECC_NIST_P521, 521, 0},
    [device_rsa2048] = {NULL, 0, 2048, 2048},
    [device_rsa3072] = {NULL, 0, 3072, 3072},
    [device_rsa1024] = {NULL, 0, 1024, 1024},
};

static void put_number(EVP_PKEY *key, const char *name, int width, uint16_t *size, uint8_t *out)
{
	BIGNUM *number = NULL;
	DEVICE_NEED(EVP_PKEY_get_bn_param(key, name, &number) == 1);
	DEVICE_NEED(BN_bn2binpad(number, out, width) == width);
	*size = (uint16_t)width;
	BN_free(number);
}

/* Of the EK templates' high range. */
static bool is_high(enum device_kind kind)
{
	return kind == device_p384 || kind == device_rsa3072;
}

static void put_symmetric(const struct device_key *key, TPMT_SYM_DEF_OBJECT *out)
{
	*out = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_NULL};
	if (key->role != device_role_ek)
		return;
	out->algorithm = TPM2_ALG_AES;
	out->keyBits.aes = is_high(key->kind) ? 256 : 128;
	out->mode.aes = TPM2_ALG_CFB;
}

static void put_rsa(struct device_key *key)
{
	TPMS_RSA_PARMS *parms = &key->public.parameters.rsaDetail;
	const uint16_t bits = kinds[key->kind].bits;
	put_symmetric(key, &parms->symmetric);
	parms->scheme.scheme = key->role == device_role_ak ? TPM2_ALG_RSASSA : TPM2_ALG_NULL;
	parms->scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
	parms->keyBits = bits;
	put_number(key->key, OSSL_PKEY_PARAM_RSA_N, bits / 8, &key->public.unique.rsa.size, key->public.unique.rsa.buffer);
}

static void put_ecc(struct device_key *key)
{
	TPMS_ECC_PARMS *parms = &key->public.parameters.eccDetail;
	const int width = (kinds[key->kind].bits + 7) / 8;
	TPMS_ECC_POINT *point = &key->public.unique.ecc;
	put_symmetric(key, &parms->symmetric);
	parms->scheme.scheme = key->role == device_role_ak ? TPM2_ALG_ECDSA : TPM2_ALG_NULL;
	parms->scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
	parms->curveID = kinds[key->kind].tpm_curve;
	parms->kdf.scheme = TPM2_ALG_NULL;
	put_number(key->key, OSSL_PKEY_PARAM_EC_PUB_X, width, &point->x.size, point->x.buffer);
	put_number(key->key, OSSL_PKEY_PARAM_EC_PUB_Y, width, &point->y.size, point->y.buffer);
}

static void put_attributes(struct device_key *key)
{
	const uint32_t made_here = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;
	key->public.nameAlg = TPM2_ALG_SHA256;
	if (key->role == device_role_key)
		key->public.objectAttributes = made_here | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT;
	if (key->role == device_role_ak)
		key->public.objectAttributes =
		    made_here | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_RESTRICTED;
	if (key->role != device_role_ek)
		return;
	key->public.objectAttributes =
	    made_here | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	key->public.authPolicy.size = sizeof policy_a;
	memcpy(key->public.authPolicy.buffer, policy_a, sizeof policy_a);
	if (!is_high(key->kind))
		return;
	key->public.nameAlg = TPM2_ALG_SHA384;
	key->public.objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
	key->public.authPolicy.size = sizeof policy_b;
	memcpy(key->public.authPolicy.buffer, policy_b, sizeof policy_b);
}

void device_key_new(enum device_role role, enum device_kind kind, struct device_key *out)
{
	*out = (struct device_key){.role = role, .kind = kind};
	out->key = kinds[kind].curve != NULL ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[kind].curve)
					     : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)kinds[kind].rsa_bits);
	DEVICE_NEED(out->key != NULL);
	out->public.type = kinds[kind].curve != NULL ? TPM2_ALG_ECC : TPM2_ALG_RSA;
	put_attributes(out);
	if (kinds[kind].curve != NULL)
		put_ecc(out);
	else
		put_rsa(out);
	device_key_refresh(out);
}

void device_key_refresh(struct device_key *key)
{
	uint8_t *der = NULL;
	const int size = i2d_PUBKEY(key->key, &der);
	unsigned digest_size = 0;
	DEVICE_NEED(size > 0 && (size_t)size <= sizeof key->spki);
	memcpy(key->spki, der, (size_t)size);
	key->spki_size = (size_t)size;
	OPENSSL_free(der);
	DEVICE_NEED(EVP_Digest(key->spki, key->spki_size, key->spki_hash, NULL, EVP_sha256(), NULL) == 1);
	key->area_size = 0;
	DEVICE_NEED(Tss2_MU_TPMT_PUBLIC_Marshal(&key->public, key->area, sizeof key->area, &key->area_size) == 0);
	const EVP_MD *hash = key->public.nameAlg == TPM2_ALG_SHA384 ? EVP_sha384()
			     : key->public.nameAlg == TPM2_ALG_SHA1 ? EVP_sha1()
								    : EVP_sha256();
	key->name[0] = (uint8_t)(key->public.nameAlg >> 8);
	key->name[1] = (uint8_t)key->public.nameAlg;
	DEVICE_NEED(EVP_Digest(key->area, key->area_size, key->name + 2, &digest_size, hash, NULL) == 1);
	key->name_size = key->public.nameAlg == TPM2_ALG_NULL ? 0 : 2 + (size_t)digest_size;
}

void device_key_free(struct device_key *key)
{
	EVP_PKEY_free(key->key);
	key->key = NULL;
}
