/* SPDX-License-Identifier: Apache-2.0
 * Public areas to SubjectPublicKeyInfo. Distrusts the area, which may come from a file. */
#include "attest/enroll/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <tss2/tss2_mu.h>

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;
	if (params != NULL && context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *rsa_from(const TPMT_PUBLIC *area, OSSL_PARAM_BLD *builder)
{
	const uint32_t exponent = area->parameters.rsaDetail.exponent;
	BIGNUM *n = BN_bin2bn(area->unique.rsa.buffer, area->unique.rsa.size, NULL);
	EVP_PKEY *key = NULL;
	if (n != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, exponent == 0 ? 65537 : exponent) == 1)
		key = key_from("RSA", builder);
	BN_free(n);
	return key;
}

/* A coordinate at its full width; TPMs leave leading zeroes out or in. */
static bool pad(const TPM2B_ECC_PARAMETER *coordinate, uint8_t *out, size_t width)
{
	if (coordinate->size > width)
		return false;
	memset(out, 0, width - coordinate->size);
	memcpy(out + width - coordinate->size, coordinate->buffer, coordinate->size);
	return true;
}

static EVP_PKEY *ecc_from(const TPMT_PUBLIC *area, OSSL_PARAM_BLD *builder)
{
	const TPMI_ECC_CURVE curve = area->parameters.eccDetail.curveID;
	const size_t width = curve == TPM2_ECC_NIST_P256 ? 32 : curve == TPM2_ECC_NIST_P384 ? 48 : 0;
	uint8_t point[97] = {4};
	if (width == 0 || !pad(&area->unique.ecc.x, point + 1, width) ||
	    !pad(&area->unique.ecc.y, point + 1 + width, width))
		return NULL;
	if (OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, width == 32 ? "P-256" : "P-384", 0) !=
		    1 ||
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * width) != 1)
		return NULL;
	return key_from("EC", builder);
}

EVP_PKEY *public_key_from(struct bytes area)
{
	TPMT_PUBLIC public = {0};
	size_t at = 0;
	EVP_PKEY *key = NULL;
	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(area.data, area.size, &at, &public) != TSS2_RC_SUCCESS || at != area.size)
		return NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (builder != NULL && public.type == TPM2_ALG_RSA)
		key = rsa_from(&public, builder);
	else if (builder != NULL && public.type == TPM2_ALG_ECC)
		key = ecc_from(&public, builder);
	OSSL_PARAM_BLD_free(builder);
	return key;
}

bool public_key_hash(EVP_PKEY *key, uint8_t hash[32])
{
	unsigned char *spki = NULL;
	const int size = i2d_PUBKEY(key, &spki);
	const bool is_made = size > 0 && EVP_Digest(spki, (size_t)size, hash, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(spki);
	return is_made;
}
