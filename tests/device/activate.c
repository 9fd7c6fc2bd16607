/* SPDX-License-Identifier: Apache-2.0
 * TPM2_ActivateCredential in software (TPM 2.0 Part 1, 24), written from the specification with bare HMAC and hashes, so that it
 * does not repeat a mistake of the verifier's own side. For tests only. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "tests/device/key.h"

struct cursor {
	struct bytes rest;
	bool is_bad;
};

static struct bytes take(struct cursor *in, size_t size)
{
	if (in->is_bad || in->rest.size < size) {
		in->is_bad = true;
		return bytes_from(NULL, 0);
	}
	const struct bytes taken = bytes_from(in->rest.data, size);
	in->rest = bytes_from(in->rest.data + size, in->rest.size - size);
	return taken;
}

static struct bytes take_sized(struct cursor *in)
{
	const struct bytes head = take(in, 2);
	return take(in, head.size == 2 ? (size_t)head.data[0] << 8 | head.data[1] : 0);
}

struct parameters {
	const EVP_MD *hash;
	size_t hash_size, symmetric_size;
};

static struct parameters parameters_of(const struct device_key *ek)
{
	const bool is_long = ek->public.nameAlg == TPM2_ALG_SHA384;
	return (struct parameters){is_long ? EVP_sha384() : EVP_sha256(), is_long ? 48 : 32, is_long ? 32 : 16};
}

static void put_u32(uint8_t out[4], size_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* KDFa for one block, which is all that is needed here. */
static void kdfa(const struct parameters *p, struct bytes seed, const char *label, struct bytes context, size_t size, uint8_t *out)
{
	struct device_octets text = {.size = 0};
	uint8_t number[4], block[EVP_MAX_MD_SIZE];
	unsigned got = 0;
	put_u32(number, 1);
	device_append(&text, number, 4);
	device_append(&text, label, strlen(label) + 1);
	device_append(&text, context.data, context.size);
	put_u32(number, size * 8);
	device_append(&text, number, 4);
	DEVICE_NEED(HMAC(p->hash, seed.data, (int)seed.size, text.data, text.size, block, &got) != NULL && got >= size);
	memcpy(out, block, size);
}

static bool seed_by_rsa(const struct device_key *ek, const struct parameters *p, struct bytes secret, uint8_t *seed)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ek->key, NULL);
	uint8_t plain[512];
	size_t size = sizeof plain;
	char *label = OPENSSL_memdup("IDENTITY", 9);
	DEVICE_NEED(context != NULL && EVP_PKEY_decrypt_init(context) == 1);
	DEVICE_NEED(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1);
	DEVICE_NEED(EVP_PKEY_CTX_set_rsa_oaep_md(context, p->hash) == 1);
	DEVICE_NEED(EVP_PKEY_CTX_set_rsa_mgf1_md(context, p->hash) == 1);
	DEVICE_NEED(EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, 9) == 1);
	const bool good = EVP_PKEY_decrypt(context, plain, &size, secret.data, secret.size) == 1 && size == p->hash_size;
	if (good)
		memcpy(seed, plain, size);
	EVP_PKEY_CTX_free(context);
	return good;
}

static EVP_PKEY *point_of(const struct device_key *ek, struct bytes x, struct bytes y)
{
	uint8_t point[133] = {4};
	const size_t width = ek->public.unique.ecc.x.size;
	EVP_PKEY *peer = EVP_PKEY_new();
	DEVICE_NEED(x.size <= width && y.size <= width && 1 + 2 * width <= sizeof point);
	memcpy(point + 1 + width - x.size, x.data, x.size);
	memcpy(point + 1 + 2 * width - y.size, y.data, y.size);
	DEVICE_NEED(peer != NULL && EVP_PKEY_copy_parameters(peer, ek->key) == 1);
	DEVICE_NEED(EVP_PKEY_set1_encoded_public_key(peer, point, 1 + 2 * width) == 1);
	return peer;
}

static bool seed_by_ecc(const struct device_key *ek, const struct parameters *p, struct bytes secret, uint8_t *seed)
{
	struct cursor in = {.rest = secret};
	const struct bytes x = take_sized(&in), y = take_sized(&in);
	uint8_t z[66], padded[66] = {0};
	const size_t width = ek->public.unique.ecc.x.size;
	size_t size = sizeof z;
	if (in.is_bad || in.rest.size != 0)
		return false;
	EVP_PKEY *peer = point_of(ek, x, y);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ek->key, NULL);
	DEVICE_NEED(context != NULL && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1);
	DEVICE_NEED(EVP_PKEY_derive(context, z, &size) == 1 && size == width);
	memcpy(padded + width - x.size, x.data, x.size);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	const uint8_t counter[4] = {0, 0, 0, 1};
	DEVICE_NEED(hash != NULL && EVP_DigestInit(hash, p->hash) && EVP_DigestUpdate(hash, counter, 4) &&
		    EVP_DigestUpdate(hash, z, size) && EVP_DigestUpdate(hash, "IDENTITY", 9) &&
		    EVP_DigestUpdate(hash, padded, width) &&
		    EVP_DigestUpdate(hash, ek->public.unique.ecc.x.buffer, width) && EVP_DigestFinal(hash, seed, NULL));
	EVP_MD_CTX_free(hash);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	return true;
}

static void decipher(const struct parameters *p, const uint8_t *key, struct bytes in, uint8_t *out)
{
	const uint8_t start[16] = {0};
	int size = 0;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *cipher = p->symmetric_size == 32 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128();
	DEVICE_NEED(context != NULL && EVP_DecryptInit(context, cipher, key, start) == 1);
	DEVICE_NEED(EVP_DecryptUpdate(context, out, &size, in.data, (int)in.size) == 1 && (size_t)size == in.size);
	EVP_CIPHER_CTX_free(context);
}

bool device_activate(const struct device_key *ek, struct bytes ak_name, struct bytes credential, struct bytes encrypted_secret,
		     struct device_octets *secret)
{
	const struct parameters p = parameters_of(ek);
	struct cursor outer = {.rest = credential}, wrapped = {.rest = encrypted_secret};
	const struct bytes blob = take_sized(&outer), encrypted = take_sized(&wrapped);
	struct cursor in = {.rest = blob};
	const struct bytes integrity = take_sized(&in), identity = in.rest;
	uint8_t seed[EVP_MAX_MD_SIZE], mac_key[EVP_MAX_MD_SIZE], symmetric[32], mac[EVP_MAX_MD_SIZE], plain[128];
	unsigned mac_size = 0;
	struct device_octets covered = {.size = 0};
	if (outer.is_bad || wrapped.is_bad || in.is_bad || outer.rest.size || wrapped.rest.size || identity.size > 128)
		return false;
	if (!(ek->public.type == TPM2_ALG_RSA ? seed_by_rsa : seed_by_ecc)(ek, &p, encrypted, seed))
		return false;
	const struct bytes seed_view = bytes_from(seed, p.hash_size);
	kdfa(&p, seed_view, "INTEGRITY", bytes_from(NULL, 0), p.hash_size, mac_key);
	kdfa(&p, seed_view, "STORAGE", ak_name, p.symmetric_size, symmetric);
	device_append(&covered, identity.data, identity.size);
	device_append(&covered, ak_name.data, ak_name.size);
	DEVICE_NEED(HMAC(p.hash, mac_key, (int)p.hash_size, covered.data, covered.size, mac, &mac_size) != NULL);
	if (!bytes_equal(integrity, bytes_from(mac, mac_size)))
		return false;
	decipher(&p, symmetric, identity, plain);
	struct cursor inner = {.rest = bytes_from(plain, identity.size)};
	const struct bytes value = take_sized(&inner);
	if (inner.is_bad || inner.rest.size != 0)
		return false;
	secret->size = 0;
	device_append(secret, value.data, value.size);
	return true;
}
