/* SPDX-License-Identifier: Apache-2.0
 * Makes the signed requests of our own clients. Whose bytes: its caller's. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"

enum { header_room = 4096, signature_room = 1024 };

static const struct {
	const char *name;
	const EVP_MD *(*digest)(void);
	size_t scalar_size; /* 0: not ECDSA */
} algorithms[] = {
	[jwk_p256] = {"ES256", EVP_sha256, 32},
	[jwk_p384] = {"ES384", EVP_sha384, 48},
	[jwk_p521] = {"ES512", EVP_sha512, 66},
	[jwk_rsa] = {"RS256", EVP_sha256, 0},
	[jwk_ed25519] = {"EdDSA", NULL, 0},
};

static void free_signature(ECDSA_SIG **signature)
{
	ECDSA_SIG_free(*signature);
}
static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

static status build_header(EVP_PKEY *key, const char *algorithm, const struct jws_header *header, struct buffer *out)
{
	bool has_room = add_text(out, "{\"alg\":\"") && add_text(out, algorithm) && add_text(out, "\"");
	if (has_room && header->nonce.size > 0)
		has_room = add_text(out, ",\"nonce\":") && json_quote(header->nonce, out);
	has_room = has_room && add_text(out, ",\"url\":") && json_quote(header->url, out);
	if (!has_room)
		return REFUSE(internal);
	if (header->kid.size > 0)
		return add_text(out, ",\"kid\":") && json_quote(header->kid, out) && add_text(out, "}")
			       ? OK
			       : REFUSE(internal);
	if (!add_text(out, ",\"jwk\":"))
		return REFUSE(internal);
	TRY(jwk_build(key, out));
	return add_text(out, "}") ? OK : REFUSE(internal);
}

/* DER to r||s (RFC 7518 3.4). */
static status ecdsa_from_der(struct bytes der, size_t scalar_size, struct buffer *out)
{
	const uint8_t *at = der.data;
	__attribute__((cleanup(free_signature))) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
	uint8_t raw[2 * 66];
	if (signature == NULL || 2 * scalar_size > sizeof raw ||
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, (int)scalar_size) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + scalar_size, (int)scalar_size) < 0)
		return REFUSE(internal);
	return buffer_add(out, raw, 2 * scalar_size) ? OK : REFUSE(internal);
}

static status sign(EVP_PKEY *key, enum jwk_kind kind, struct bytes input, struct buffer *out)
{
	uint8_t octets[signature_room];
	size_t size = sizeof octets;
	__attribute__((cleanup(free_digest))) EVP_MD_CTX *context = EVP_MD_CTX_new();
	const EVP_MD *digest = algorithms[kind].digest == NULL ? NULL : algorithms[kind].digest();
	if (context == NULL || EVP_DigestSignInit(context, NULL, digest, NULL, key) != 1 ||
	    EVP_DigestSign(context, octets, &size, input.data, input.size) != 1)
		return REFUSE(internal);
	if (algorithms[kind].scalar_size > 0)
		return ecdsa_from_der(bytes_from(octets, size), algorithms[kind].scalar_size, out);
	return buffer_add(out, octets, size) ? OK : REFUSE(internal);
}

static status mac(struct bytes secret, struct bytes input, struct buffer *out)
{
	uint8_t octets[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (HMAC(EVP_sha256(), secret.data, (int)secret.size, input.data, input.size, octets, &size) == NULL)
		return REFUSE(internal);
	return buffer_add(out, octets, size) ? OK : REFUSE(internal);
}

/* One of them. */
struct signer {
	EVP_PKEY *key;
	struct bytes secret;
};

/* What is signed, P.Q, is made in `out` first and then gives way to the object: no second large buffer. */
static status build(struct signer signer, const struct jws_header *header, struct bytes payload, struct buffer *out)
{
	uint8_t header_octets[header_room], signature_octets[signature_room];
	struct buffer text = BUFFER(header_octets), signature = BUFFER(signature_octets);
	const enum jwk_kind kind = signer.key == NULL ? jwk_none : jwk_kind(signer.key);
	TRY(build_header(signer.key, signer.key == NULL ? "HS256" : algorithms[kind].name, header, &text));
	const size_t start = out->size;
	if (!base64url_encode(buffer_view(&text), out) || !add_text(out, ".") || !base64url_encode(payload, out))
		return REFUSE(internal);
	const struct bytes input = bytes_from(out->data + start, out->size - start);
	TRY(signer.key == NULL ? mac(signer.secret, input, &signature) : sign(signer.key, kind, input, &signature));
	out->size = start;
	const bool has_room = add_text(out, "{\"protected\":\"") && base64url_encode(buffer_view(&text), out) &&
			      add_text(out, "\",\"payload\":\"") && base64url_encode(payload, out) &&
			      add_text(out, "\",\"signature\":\"") && base64url_encode(buffer_view(&signature), out) &&
			      add_text(out, "\"}");
	return has_room ? OK : REFUSE(internal);
}

static status build_or_undo(struct signer signer, const struct jws_header *header, struct bytes payload, struct buffer *out)
{
	const size_t before = out->size;
	status result = build(signer, header, payload, out);
	if (is_refused(result))
		out->size = before;
	return result;
}

status jws_build(EVP_PKEY *key, const struct jws_header *header, struct bytes payload, struct buffer *out)
{
	if (jwk_kind(key) == jwk_none)
		return REFUSE(algorithm_unsupported);
	return build_or_undo((struct signer){.key = key}, header, payload, out);
}

status jws_build_mac(struct bytes secret, const struct jws_header *header, struct bytes payload, struct buffer *out)
{
	if (header->kid.size == 0)
		return REFUSE(jws_jwk_not_allowed);
	return build_or_undo((struct signer){.secret = secret}, header, payload, out);
}
