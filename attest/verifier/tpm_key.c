/* SPDX-License-Identifier: Apache-2.0
 * Public areas as OpenSSL keys, without its decoder. Distrusts the numbers. */
#include "attest/verifier/tpm_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "ca/jose/ec_key.h"

enum { longest_coordinate = 66 };

const EVP_MD *tpm_key_digest(uint16_t algorithm)
{
	switch (algorithm) {
	case tpm_sha256:
		return EVP_sha256();
	case tpm_sha384:
		return EVP_sha384();
	case tpm_sha512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

bool tpm_key_name(const struct tpm_public *public, struct bytes area, struct tpm_octets *out)
{
	const EVP_MD *digest = tpm_key_digest(public->name_algorithm);
	unsigned size = 0;
	if (digest == NULL)
		return false;
	out->data[0] = (uint8_t)(public->name_algorithm >> 8);
	out->data[1] = (uint8_t)public->name_algorithm;
	if (EVP_Digest(area.data, area.size, out->data + 2, &size, digest, NULL) != 1)
		return false;
	out->size = 2 + (size_t)size;
	return true;
}

static EVP_PKEY *rsa_key_from(OSSL_PARAM_BLD *build)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		key = NULL;
	OSSL_PARAM_free(parameters);
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *rsa_open(const struct tpm_public *public)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = BN_bin2bn(public->modulus.data, (int)public->modulus.size, NULL);
	EVP_PKEY *key = NULL;
	if (build != NULL && modulus != NULL && BN_is_odd(modulus) && BN_num_bits(modulus) == public->bits &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_uint32(build, OSSL_PKEY_PARAM_RSA_E, public->exponent) == 1)
		key = rsa_key_from(build);
	BN_free(modulus);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static EVP_PKEY *ec_open(const struct tpm_public *public)
{
	static const struct {
		uint16_t curve;
		int nid;
		size_t size;
	} curves[] = {{tpm_p256, NID_X9_62_prime256v1, 32}, {tpm_p384, NID_secp384r1, 48}, {tpm_p521, NID_secp521r1, longest_coordinate}};
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		const size_t size = curves[i].size;
		uint8_t point[1 + 2 * longest_coordinate] = {POINT_CONVERSION_UNCOMPRESSED};
		if (curves[i].curve != public->curve || public->x.size > size || public->y.size > size)
			continue;
		memcpy(point + 1 + size - public->x.size, public->x.data, public->x.size);
		memcpy(point + 1 + 2 * size - public->y.size, public->y.data, public->y.size);
		return ec_key_open(curves[i].nid, bytes_from(point, 1 + 2 * size));
	}
	return NULL;
}

EVP_PKEY *tpm_key_open(const struct tpm_public *public)
{
	return public->type == tpm_rsa ? rsa_open(public) : ec_open(public);
}

static bool add_der(unsigned char *der, int size, struct buffer *out)
{
	const bool is_added = size > 0 && buffer_add(out, der, (size_t)size);
	OPENSSL_free(der);
	return is_added;
}

/* Takes over the point. */
static bool ec_spki(int curve, unsigned char *point, size_t point_size, struct buffer *out)
{
	unsigned char *der = NULL;
	X509_PUBKEY *info = X509_PUBKEY_new();
	if (info == NULL || X509_PUBKEY_set0_param(info, OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
						   OBJ_nid2obj(curve), point, (int)point_size) != 1) {
		OPENSSL_free(point);
		X509_PUBKEY_free(info);
		return false;
	}
	const int size = i2d_X509_PUBKEY(info, &der);
	X509_PUBKEY_free(info);
	return add_der(der, size, out);
}

/* OpenSSL's encoder costs as much as verifying a signature, so that EC keys are put together from their parts. */
bool tpm_key_spki(EVP_PKEY *key, struct buffer *out)
{
	char group[32];
	unsigned char *der = NULL;
	unsigned char *point = NULL;
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1) {
		const int curve = OBJ_txt2nid(group);
		const size_t size = EVP_PKEY_get1_encoded_public_key(key, &point);
		if (curve != NID_undef && size > 0 && point[0] == POINT_CONVERSION_UNCOMPRESSED)
			return ec_spki(curve, point, size, out);
		OPENSSL_free(point);
	}
	const int size = i2d_PUBKEY(key, &der);
	return add_der(der, size, out);
}

/* What a template protects children by goes with the strength of the key. */
static void fill_ek_area(uint16_t type, bool is_high, struct tpm_public *out)
{
	*out = (struct tpm_public){
		.type = type,
		.name_algorithm = is_high ? tpm_sha384 : tpm_sha256,
		.attributes = tpm_fixed_tpm | tpm_fixed_parent | tpm_sensitive_data_origin | tpm_restricted | tpm_decrypt,
		.symmetric = tpm_aes,
		.symmetric_bits = is_high ? 256 : 128,
		.symmetric_mode = tpm_cfb,
		.scheme = tpm_null,
		.kdf = tpm_null,
	};
}

bool tpm_key_ek_area(EVP_PKEY *ek, struct tpm_public *out)
{
	enum { low_bits = 2048, high_bits = 3072 };
	const int bits = EVP_PKEY_get_bits(ek);
	char group[32] = "";
	if (EVP_PKEY_is_a(ek, "RSA")) {
		BIGNUM *exponent = NULL;
		const bool is_known = (bits == low_bits || bits == high_bits) &&
				      EVP_PKEY_get_bn_param(ek, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1;
		fill_ek_area(tpm_rsa, bits == high_bits, out);
		out->bits = (uint16_t)bits;
		out->exponent = is_known ? (uint32_t)BN_get_word(exponent) : 0;
		BN_free(exponent);
		return is_known;
	}
	if (!EVP_PKEY_is_a(ek, "EC") || EVP_PKEY_get_group_name(ek, group, sizeof group, NULL) != 1)
		return false;
	const int curve = OBJ_txt2nid(group);
	fill_ek_area(tpm_ecc, curve == NID_secp384r1, out);
	out->curve = curve == NID_secp384r1 ? tpm_p384 : tpm_p256;
	return curve == NID_secp384r1 || curve == NID_X9_62_prime256v1;
}
