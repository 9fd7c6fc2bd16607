/* SPDX-License-Identifier: Apache-2.0
 * Wraps a secret for one EK and one AK's name. The EK is a stranger's: its kind and sizes are judged here once more, and every
 * derived key is wiped. */
#include "attest/verifier/credential.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "attest/verifier/tpm_key.h"

enum { longest_coordinate = 48, longest_secret = EVP_MAX_MD_SIZE };

/* The label of KDFe and OAEP counts its NUL (Part 1, B.4 and C.6.4); KBKDF adds the one of KDFa itself. */
static const char identity_label[9] = "IDENTITY";

struct wrapping {
	const EVP_MD *digest;
	size_t digest_size, symmetric_size;
	uint8_t seed[EVP_MAX_MD_SIZE], mac_key[EVP_MAX_MD_SIZE], symmetric_key[32];
	uint8_t shared[longest_coordinate];       /* Z of ECDH */
	uint8_t identity[2 + longest_secret];     /* TPM2B_DIGEST with the secret, then enciphered */
	size_t identity_size;
};

static void wipe(struct wrapping *wrapping)
{
	OPENSSL_cleanse(wrapping, sizeof *wrapping);
}
static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}
static void free_operation(EVP_PKEY_CTX **operation)
{
	EVP_PKEY_CTX_free(*operation);
}
static void free_kdf(EVP_KDF **kdf)
{
	EVP_KDF_free(*kdf);
}
static void free_derivation(EVP_KDF_CTX **derivation)
{
	EVP_KDF_CTX_free(*derivation);
}
static void free_cipher(EVP_CIPHER_CTX **cipher)
{
	EVP_CIPHER_CTX_free(*cipher);
}
static void free_number(BIGNUM **number)
{
	BN_free(*number);
}

static bool add_size(struct buffer *out, size_t size)
{
	const uint8_t octets[2] = {(uint8_t)(size >> 8), (uint8_t)size};
	return size <= UINT16_MAX && buffer_add(out, octets, sizeof octets);
}

static bool add_sized(struct buffer *out, struct bytes octets)
{
	return add_size(out, octets.size) && buffer_add(out, octets.data, octets.size);
}

static bool derive(const char *algorithm, const OSSL_PARAM *parameters, uint8_t *out, size_t size)
{
	__attribute__((cleanup(free_kdf))) EVP_KDF *kdf = EVP_KDF_fetch(NULL, algorithm, NULL);
	__attribute__((cleanup(free_derivation))) EVP_KDF_CTX *derivation = EVP_KDF_CTX_new(kdf);
	return derivation != NULL && EVP_KDF_derive(derivation, out, size, parameters) == 1;
}

/* KDFa (Part 1, 11.4.10.2) is NIST SP 800-108 in counter mode with HMAC. */
static bool derive_by_kdfa(struct wrapping *wrapping, const char *label, struct bytes context, uint8_t *out, size_t size)
{
	char mode[] = "counter", mac[] = "HMAC", digest[16], label_room[16];
	uint8_t context_room[tpm_name_room];
	struct buffer context_copy = BUFFER(context_room);
	snprintf(digest, sizeof digest, "%s", EVP_MD_get0_name(wrapping->digest));
	snprintf(label_room, sizeof label_room, "%s", label);
	if (!buffer_add(&context_copy, context.data, context.size))
		return false;
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, mode, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, mac, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, wrapping->seed, wrapping->digest_size),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, label_room, strlen(label_room)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, context_copy.data, context_copy.size),
		OSSL_PARAM_construct_end(),
	};
	return derive("KBKDF", parameters, out, size);
}

/* KDFe (Part 1, 11.4.10.3) is the one-step derivation of NIST SP 800-56C with a bare hash. */
static bool derive_by_kdfe(struct wrapping *wrapping, size_t width, const uint8_t *ephemeral_x, const uint8_t *ek_x)
{
	char digest[16];
	uint8_t info_room[sizeof identity_label + 2 * longest_coordinate];
	struct buffer info = BUFFER(info_room);
	snprintf(digest, sizeof digest, "%s", EVP_MD_get0_name(wrapping->digest));
	if (!buffer_add(&info, identity_label, sizeof identity_label) || !buffer_add(&info, ephemeral_x, width) ||
	    !buffer_add(&info, ek_x, width))
		return false;
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, wrapping->shared, width),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data, info.size),
		OSSL_PARAM_construct_end(),
	};
	return derive("SSKDF", parameters, wrapping->seed, wrapping->digest_size);
}

static bool share_by_rsa(struct wrapping *wrapping, EVP_PKEY *ek, struct buffer *encrypted_secret)
{
	uint8_t sent[512];
	size_t size = sizeof sent;
	__attribute__((cleanup(free_operation))) EVP_PKEY_CTX *operation = EVP_PKEY_CTX_new_from_pkey(NULL, ek, NULL);
	if (RAND_priv_bytes(wrapping->seed, (int)wrapping->digest_size) != 1 || operation == NULL ||
	    EVP_PKEY_get_size(ek) > (int)sizeof sent || EVP_PKEY_encrypt_init(operation) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(operation, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(operation, wrapping->digest) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(operation, wrapping->digest) != 1)
		return false;
	void *label = OPENSSL_memdup(identity_label, sizeof identity_label);
	if (label == NULL || EVP_PKEY_CTX_set0_rsa_oaep_label(operation, label, (int)sizeof identity_label) != 1) {
		OPENSSL_free(label);
		return false;
	}
	return EVP_PKEY_encrypt(operation, sent, &size, wrapping->seed, wrapping->digest_size) == 1 &&
	       add_sized(encrypted_secret, bytes_from(sent, size));
}

static bool read_coordinate(EVP_PKEY *key, const char *name, size_t width, uint8_t out[longest_coordinate])
{
	__attribute__((cleanup(free_number))) BIGNUM *number = NULL;
	return EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, out, (int)width) == (int)width;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, size_t width, uint8_t out[longest_coordinate])
{
	size_t size = longest_coordinate;
	__attribute__((cleanup(free_operation))) EVP_PKEY_CTX *operation = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	return operation != NULL && EVP_PKEY_derive_init(operation) == 1 && EVP_PKEY_derive_set_peer(operation, peer) == 1 &&
	       EVP_PKEY_derive(operation, out, &size) == 1 && size == width;
}

static bool share_by_ecc(struct wrapping *wrapping, EVP_PKEY *ek, uint16_t curve, struct buffer *encrypted_secret)
{
	const bool is_p256 = curve == tpm_p256;
	const size_t width = is_p256 ? 32 : 48;
	uint8_t x[longest_coordinate], y[longest_coordinate], ek_x[longest_coordinate];
	if (!is_p256 && curve != tpm_p384)
		return false;
	__attribute__((cleanup(free_key))) EVP_PKEY *ephemeral = EVP_PKEY_Q_keygen(NULL, NULL, "EC", is_p256 ? "P-256" : "P-384");
	return ephemeral != NULL && read_coordinate(ephemeral, OSSL_PKEY_PARAM_EC_PUB_X, width, x) &&
	       read_coordinate(ephemeral, OSSL_PKEY_PARAM_EC_PUB_Y, width, y) &&
	       read_coordinate(ek, OSSL_PKEY_PARAM_EC_PUB_X, width, ek_x) && agree(ephemeral, ek, width, wrapping->shared) &&
	       derive_by_kdfe(wrapping, width, x, ek_x) && add_size(encrypted_secret, 2 * (2 + width)) &&
	       add_sized(encrypted_secret, bytes_from(x, width)) && add_sized(encrypted_secret, bytes_from(y, width));
}

/* A zero start is right here: the key is used for this one text (Part 1, 24.4). */
static bool encipher(struct wrapping *wrapping, struct bytes secret)
{
	const uint8_t start[16] = {0};
	int size = 0;
	struct buffer identity = BUFFER(wrapping->identity);
	const EVP_CIPHER *cipher = wrapping->symmetric_size == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
	__attribute__((cleanup(free_cipher))) EVP_CIPHER_CTX *operation = EVP_CIPHER_CTX_new();
	if (operation == NULL || !add_sized(&identity, secret) ||
	    EVP_EncryptInit_ex2(operation, cipher, wrapping->symmetric_key, start, NULL) != 1 ||
	    EVP_EncryptUpdate(operation, identity.data, &size, identity.data, (int)identity.size) != 1 ||
	    size != (int)identity.size)
		return false;
	wrapping->identity_size = identity.size;
	return true;
}

static bool add_credential(struct wrapping *wrapping, struct bytes ak_name, struct buffer *out)
{
	uint8_t covered_room[sizeof wrapping->identity + tpm_name_room], mac[EVP_MAX_MD_SIZE];
	struct buffer covered = BUFFER(covered_room);
	size_t size = 0;
	const char *digest = EVP_MD_get0_name(wrapping->digest);
	return buffer_add(&covered, wrapping->identity, wrapping->identity_size) &&
	       buffer_add(&covered, ak_name.data, ak_name.size) &&
	       EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, wrapping->mac_key, wrapping->digest_size, covered.data, covered.size, mac,
			 sizeof mac, &size) != NULL &&
	       add_size(out, 2 + size + wrapping->identity_size) && add_sized(out, bytes_from(mac, size)) &&
	       buffer_add(out, wrapping->identity, wrapping->identity_size);
}

static bool wrap(struct wrapping *wrapping, EVP_PKEY *ek, const struct tpm_public *ek_public, struct bytes ak_name,
		 struct bytes secret, struct buffer *credential, struct buffer *encrypted_secret)
{
	const bool is_shared = ek_public->type == tpm_rsa ? share_by_rsa(wrapping, ek, encrypted_secret)
							  : share_by_ecc(wrapping, ek, ek_public->curve, encrypted_secret);
	return is_shared && derive_by_kdfa(wrapping, "STORAGE", ak_name, wrapping->symmetric_key, wrapping->symmetric_size) &&
	       derive_by_kdfa(wrapping, "INTEGRITY", bytes_from(NULL, 0), wrapping->mac_key, wrapping->digest_size) &&
	       encipher(wrapping, secret) && add_credential(wrapping, ak_name, credential);
}

bool credential_make(EVP_PKEY *ek, const struct tpm_public *ek_public, struct bytes ak_name, struct bytes secret,
		     struct buffer *credential, struct buffer *encrypted_secret)
{
	__attribute__((cleanup(wipe))) struct wrapping wrapping = {.digest = tpm_key_digest(ek_public->name_algorithm)};
	const size_t credential_before = credential->size, secret_before = encrypted_secret->size;
	const uint16_t bits = ek_public->symmetric_bits;
	if (wrapping.digest == NULL || ek_public->symmetric != tpm_aes || ek_public->symmetric_mode != tpm_cfb ||
	    (bits != 128 && bits != 256) || ak_name.size == 0 || ak_name.size > tpm_name_room)
		return false;
	wrapping.digest_size = (size_t)EVP_MD_get_size(wrapping.digest);
	wrapping.symmetric_size = bits / 8u;
	if (secret.size > wrapping.digest_size)
		return false;
	if (wrap(&wrapping, ek, ek_public, ak_name, secret, credential, encrypted_secret))
		return true;
	credential->size = credential_before;
	encrypted_secret->size = secret_before;
	return false;
}
