/* SPDX-License-Identifier: Apache-2.0
 * Decides what is a signed request: exactly the members of a flattened JWS, a protected header with nothing critical,
 * and an algorithm that fits the key. Distrusts every byte. */
#include "ca/jose/jws.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "ca/jose/base64url.h"
#include "ca/jose/ecdsa.h"

/* A string of the header; absent only where it may be, and never empty. */
static bool header_text(const struct json_read *header, const char *name, bool may_be_absent, struct bytes *out)
{
	*out = (struct bytes){0};
	if (json_find(header, name) == NULL)
		return may_be_absent;
	return !is_refused(json_text(header, name, out)) && out->size > 0;
}

static status read_header(const struct json_read *header, struct jws *out)
{
	const struct json_member *jwk = json_find(header, "jwk");
	const bool is_read =
		header_text(header, "alg", false, &out->algorithm) && header_text(header, "url", false, &out->url) &&
		header_text(header, "nonce", true, &out->nonce) && header_text(header, "kid", true, &out->kid);
	if (!is_read || json_find(header, "crit") != NULL || json_find(header, "b64") != NULL)
		return REFUSE(jws_header_malformed);
	if (out->nonce.size > 0 && !base64url_is(out->nonce))
		return REFUSE(jws_header_malformed); /* RFC 8555 6.5.2 */
	if ((jwk != NULL) == (out->kid.size > 0) || (jwk != NULL && jwk->kind != json_object))
		return REFUSE(jws_header_malformed);
	out->jwk = jwk == NULL ? (struct bytes){0} : jwk->value;
	return OK;
}

static status decode(struct bytes text, struct buffer *room, struct bytes *out)
{
	const size_t before = room->size;
	TRY(base64url_decode(text, room));
	*out = room->size == before ? (struct bytes){0} : bytes_from(room->data + before, room->size - before);
	return OK;
}

static status parse(struct bytes body, struct buffer *room, struct jws *out)
{
	struct json_read read;
	struct bytes header, signature_text;
	const size_t before = room->size;
	TRY(json_parse(body, room, &read));
	/* An escape inside base64url would make a second text for the same signed request. */
	if (read.count != 3 || room->size != before ||
	    is_refused(json_text(&read, "protected", &out->protected_text)) ||
	    is_refused(json_text(&read, "payload", &out->payload_text)) ||
	    is_refused(json_text(&read, "signature", &signature_text)))
		return REFUSE(jws_malformed);
	TRY(decode(out->protected_text, room, &header));
	TRY(decode(out->payload_text, room, &out->payload));
	TRY(decode(signature_text, room, &out->signature));
	TRY(json_parse(header, room, &read));
	return read_header(&read, out);
}

status jws_parse(struct bytes body, struct buffer *room, struct jws *out)
{
	struct jws jws = {0};
	const size_t before = room->size;
	status result = parse(body, room, &jws);
	if (is_refused(result))
		room->size = before;
	else
		*out = jws;
	return result;
}

struct algorithm {
	const char *name;
	enum jwk_kind kind;
	size_t scalar_size; /* ECDSA: octets of r and of s */
	const EVP_MD *(*digest)(void);
	bool is_pss; /* with a salt as long as the digest (RFC 7518 3.5) */
};
static const struct algorithm algorithms[] = {
	{"ES256", jwk_p256, 32, EVP_sha256, false},
	{"ES384", jwk_p384, 48, EVP_sha384, false},
	{"ES512", jwk_p521, 66, EVP_sha512, false},
	{"RS256", jwk_rsa, 0, EVP_sha256, false},
	{"PS256", jwk_rsa, 0, EVP_sha256, true},
	{"EdDSA", jwk_ed25519, 0, NULL, false},
};

static void free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}
static void free_octets(uint8_t **octets)
{
	OPENSSL_free(*octets);
}

static status verify_ecdsa(const struct jws *jws, const struct algorithm *algorithm, EVP_PKEY *key)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	const size_t half = algorithm->scalar_size;
	if (jws->signature.size != 2 * half)
		return REFUSE(signature_wrong);
	__attribute__((cleanup(free_digest))) EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex(context, algorithm->digest(), NULL) != 1 ||
	    EVP_DigestUpdate(context, jws->protected_text.data, jws->protected_text.size) != 1 ||
	    EVP_DigestUpdate(context, ".", 1) != 1 ||
	    EVP_DigestUpdate(context, jws->payload_text.data, jws->payload_text.size) != 1 ||
	    EVP_DigestFinal_ex(context, digest, &size) != 1)
		return REFUSE(internal);
	return ecdsa_verify(key, bytes_from(jws->signature.data, half), bytes_from(jws->signature.data + half, half),
			    bytes_from(digest, size))
		       ? OK
		       : REFUSE(signature_wrong);
}

/* One piece, as EdDSA needs it. */
static status verify_pieces(const struct jws *jws, const struct algorithm *algorithm, EVP_PKEY *key)
{
	const size_t size = jws->protected_text.size + 1 + jws->payload_text.size;
	__attribute__((cleanup(free_octets))) uint8_t *signed_text = OPENSSL_malloc(size);
	__attribute__((cleanup(free_digest))) EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (signed_text == NULL || context == NULL)
		return REFUSE(internal);
	struct buffer input = {.data = signed_text, .room = size};
	if (!buffer_add(&input, jws->protected_text.data, jws->protected_text.size) || !buffer_add(&input, ".", 1) ||
	    !buffer_add(&input, jws->payload_text.data, jws->payload_text.size))
		return REFUSE(internal);
	const EVP_MD *digest = algorithm->digest == NULL ? NULL : algorithm->digest();
	EVP_PKEY_CTX *scheme = NULL; /* belongs to context */
	if (EVP_DigestVerifyInit(context, &scheme, digest, NULL, key) != 1)
		return REFUSE(internal);
	if (algorithm->is_pss && (EVP_PKEY_CTX_set_rsa_padding(scheme, RSA_PKCS1_PSS_PADDING) != 1 ||
				  EVP_PKEY_CTX_set_rsa_pss_saltlen(scheme, RSA_PSS_SALTLEN_DIGEST) != 1))
		return REFUSE(internal);
	return EVP_DigestVerify(context, jws->signature.data, jws->signature.size, input.data, input.size) == 1
		       ? OK
		       : REFUSE(signature_wrong);
}

status jws_verify(const struct jws *jws, EVP_PKEY *key)
{
	const enum jwk_kind kind = jwk_kind(key);
	const struct algorithm *algorithm = NULL;
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (bytes_equal_text(jws->algorithm, algorithms[i].name))
			algorithm = &algorithms[i];
	if (algorithm == NULL || kind == jwk_none || algorithm->kind != kind)
		return REFUSE(algorithm_unsupported);
	return algorithm->scalar_size > 0 ? verify_ecdsa(jws, algorithm, key) : verify_pieces(jws, algorithm, key);
}
