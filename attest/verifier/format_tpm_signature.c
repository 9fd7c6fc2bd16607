/* SPDX-License-Identifier: Apache-2.0
 * Reads and verifies the AK's signature. Distrusts the octets and what they say of themselves. */
#include "attest/verifier/format_tpm_signature.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "ca/jose/ecdsa.h"

/* COSE algorithms (RFC 8812, 9053) as -1 minus the number, the way CBOR writes them. */
static const struct {
	uint64_t number;
	uint16_t hash, raw_scheme;
} algorithms[] = {
	{6, tpm_sha256, tpm_ecdsa},     /* -7 ES256 */
	{34, tpm_sha384, tpm_ecdsa},    /* -35 ES384 */
	{35, tpm_sha512, tpm_ecdsa},    /* -36 ES512 */
	{36, tpm_sha256, tpm_rsapss},   /* -37 PS256 */
	{37, tpm_sha384, tpm_rsapss},   /* -38 PS384 */
	{38, tpm_sha512, tpm_rsapss},   /* -39 PS512 */
	{256, tpm_sha256, tpm_rsassa},  /* -257 RS256 */
	{257, tpm_sha384, tpm_rsassa},  /* -258 RS384 */
	{258, tpm_sha512, tpm_rsassa},  /* -259 RS512 */
	{65534, tpm_sha1, tpm_rsassa},  /* -65535 RS1 */
};

static uint16_t hash_of(const struct cbor_item *algorithm)
{
	for (size_t i = 0; algorithm != NULL && i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (algorithms[i].number == algorithm->number)
			return algorithms[i].hash;
	return tpm_null;
}

static uint16_t raw_scheme_of(const struct cbor_item *algorithm)
{
	for (size_t i = 0; algorithm != NULL && i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (algorithms[i].number == algorithm->number)
			return algorithms[i].raw_scheme;
	return tpm_rsassa;
}

static bool is_scheme_of(uint16_t scheme, EVP_PKEY *ak)
{
	return EVP_PKEY_get_base_id(ak) == EVP_PKEY_EC ? scheme == tpm_ecdsa
						       : scheme == tpm_rsassa || scheme == tpm_rsapss;
}

static bool read_number(const BIGNUM *number, struct tpm_octets *out)
{
	const int size = BN_num_bytes(number);
	if (size <= 0 || (size_t)size > sizeof out->data)
		return false;
	out->size = (size_t)BN_bn2bin(number, out->data);
	return true;
}

static bool read_raw_ecdsa(struct bytes octets, struct tpm_signature *out)
{
	const unsigned char *at = octets.data;
	unsigned char *again = NULL;
	if (octets.size > 256)
		return false;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)octets.size);
	if (pair == NULL)
		return false;
	const int size = i2d_ECDSA_SIG(pair, &again);
	const bool is_good = size > 0 && bytes_equal(octets, bytes_from(again, (size_t)size)) &&
			     read_number(ECDSA_SIG_get0_r(pair), &out->first) &&
			     read_number(ECDSA_SIG_get0_s(pair), &out->second);
	OPENSSL_free(again);
	ECDSA_SIG_free(pair);
	return is_good;
}

static bool read_raw(struct bytes octets, EVP_PKEY *ak, const struct cbor_item *algorithm, struct tpm_signature *out)
{
	struct tpm_signature read = {.hash = hash_of(algorithm)};
	if (EVP_PKEY_get_base_id(ak) == EVP_PKEY_EC) {
		read.scheme = tpm_ecdsa;
		if (!read_raw_ecdsa(octets, &read))
			return false;
	} else {
		read.scheme = raw_scheme_of(algorithm) == tpm_rsapss ? tpm_rsapss : tpm_rsassa;
		if (octets.size != (size_t)EVP_PKEY_get_size(ak) || octets.size > sizeof read.first.data)
			return false;
		read.first.size = octets.size;
		memcpy(read.first.data, octets.data, octets.size);
	}
	*out = read;
	return true;
}

bool format_tpm_signature_read(struct bytes octets, EVP_PKEY *ak, const struct cbor_item *algorithm,
			       struct tpm_signature *out)
{
	if (!is_refused(tpm_signature_parse(octets, out)))
		return true;
	return read_raw(octets, ak, algorithm, out);
}

/* Of the signature alone; names of objects are never made with SHA-1. */
static const EVP_MD *digest_of(uint16_t hash)
{
	return hash == tpm_sha1 ? EVP_sha1() : tpm_key_digest(hash);
}

bool format_tpm_signature_is_taken(const struct tpm_signature *signature, EVP_PKEY *ak, const struct cbor_item *algorithm,
				   struct format_tpm_signature_rule rule)
{
	const uint16_t said = raw_scheme_of(algorithm);
	const bool is_named = said == signature->scheme || said == (rule.certified_type == tpm_ecc ? tpm_ecdsa : tpm_rsassa);
	const bool is_weak = signature->hash == tpm_sha1;
	return digest_of(signature->hash) != NULL && (!is_weak || (rule.may_be_sha1 && signature->scheme == tpm_rsassa)) &&
	       signature->hash == hash_of(algorithm) && is_named && is_scheme_of(signature->scheme, ak);
}

static bool verify_ecdsa(const struct tpm_signature *signature, EVP_PKEY *ak, struct bytes text)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	return EVP_Digest(text.data, text.size, digest, &size, digest_of(signature->hash), NULL) == 1 &&
	       ecdsa_verify(ak, bytes_from(signature->first.data, signature->first.size),
			    bytes_from(signature->second.data, signature->second.size), bytes_from(digest, size));
}

static bool verify_rsa(EVP_PKEY *ak, const struct tpm_signature *how, struct bytes signature, struct bytes text)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key_context = NULL;
	bool is_right = context != NULL && EVP_DigestVerifyInit(context, &key_context, digest_of(how->hash), NULL, ak) == 1;
	if (is_right && how->scheme == tpm_rsapss) /* TPMs salt with the hash's size or the key's most (Part 1, B.7) */
		is_right = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
			   EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_AUTO) == 1;
	is_right = is_right &&
		   EVP_DigestVerify(context, signature.data, signature.size, text.data, text.size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return is_right;
}

bool format_tpm_signature_verify(const struct tpm_signature *signature, EVP_PKEY *ak, struct bytes signed_octets)
{
	return signature->scheme == tpm_ecdsa
		       ? verify_ecdsa(signature, ak, signed_octets)
		       : verify_rsa(ak, signature, bytes_from(signature->first.data, signature->first.size), signed_octets);
}
