/* SPDX-License-Identifier: Apache-2.0
 * Decides which public keys are taken: exact sizes, points on the curve, RSA moduli and exponents of sound size. Builds
 * keys from parameters, which costs a fifth of OpenSSL's decoder. Distrusts every byte. */
#include "ca/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "ca/jose/base64url.h"
#include "ca/jose/ec_key.h"
#include "ca/jose/json.h"

enum { most_modulus = 512, least_modulus_bits = 2048, most_modulus_bits = 4096, most_point = 133, ed25519_size = 32 };

struct curve {
	const char *name;
	size_t size; /* octets of a coordinate */
	enum jwk_kind kind;
	int nid;
};
static const struct curve curves[] = {
	{"P-256", 32, jwk_p256, NID_X9_62_prime256v1},
	{"P-384", 48, jwk_p384, NID_secp384r1},
	{"P-521", 66, jwk_p521, NID_secp521r1},
};

static void free_bn(BIGNUM **number)
{
	BN_free(*number);
}
static void free_builder(OSSL_PARAM_BLD **builder)
{
	OSSL_PARAM_BLD_free(*builder);
}
static void free_params(OSSL_PARAM **params)
{
	OSSL_PARAM_free(*params);
}
static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

static status rsa_key_from(OSSL_PARAM *params, EVP_PKEY **key)
{
	__attribute__((cleanup(free_context))) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *made = NULL;
	if (context == NULL || EVP_PKEY_fromdata_init(context) != 1)
		return REFUSE(internal);
	if (EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return REFUSE(public_key_bad);
	*key = made;
	return OK;
}

/* The octets of a member, of exactly `size` or, when size is 0, as many as there is room. */
static status read_octets(const struct json_read *read, const char *name, size_t size, struct buffer *out)
{
	struct bytes text;
	const size_t before = out->size;
	if (is_refused(json_text(read, name, &text)) || is_refused(base64url_decode(text, out)))
		return REFUSE(public_key_bad);
	return size == 0 || out->size - before == size ? OK : REFUSE(public_key_bad);
}

static status write_ec(const struct curve *curve, struct bytes x, struct bytes y, struct buffer *canonical)
{
	const bool has_room = add_text(canonical, "{\"crv\":\"") && add_text(canonical, curve->name) &&
			      add_text(canonical, "\",\"kty\":\"EC\",\"x\":\"") && base64url_encode(x, canonical) &&
			      add_text(canonical, "\",\"y\":\"") && base64url_encode(y, canonical) &&
			      add_text(canonical, "\"}");
	return has_room ? OK : REFUSE(public_key_bad);
}

static status write_rsa(struct bytes exponent, struct bytes modulus, struct buffer *canonical)
{
	const bool has_room = add_text(canonical, "{\"e\":\"") && base64url_encode(exponent, canonical) &&
			      add_text(canonical, "\",\"kty\":\"RSA\",\"n\":\"") &&
			      base64url_encode(modulus, canonical) && add_text(canonical, "\"}");
	return has_room ? OK : REFUSE(public_key_bad);
}

static status write_okp(struct bytes x, struct buffer *canonical)
{
	const bool has_room = add_text(canonical, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"") &&
			      base64url_encode(x, canonical) && add_text(canonical, "\"}");
	return has_room ? OK : REFUSE(public_key_bad);
}

static status parse_ec(const struct json_read *read, struct buffer *canonical, EVP_PKEY **key)
{
	struct bytes name;
	const struct curve *curve = NULL;
	if (is_refused(json_text(read, "crv", &name)))
		return REFUSE(public_key_bad);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (bytes_equal_text(name, curves[i].name))
			curve = &curves[i];
	if (curve == NULL)
		return REFUSE(public_key_bad);
	uint8_t octets[most_point] = {POINT_CONVERSION_UNCOMPRESSED};
	struct buffer point = {.data = octets, .size = 1, .room = sizeof octets};
	TRY(read_octets(read, "x", curve->size, &point));
	TRY(read_octets(read, "y", curve->size, &point));
	TRY(write_ec(curve, bytes_from(octets + 1, curve->size), bytes_from(octets + 1 + curve->size, curve->size),
		     canonical));
	EVP_PKEY *made = ec_key_open(curve->nid, buffer_view(&point));
	if (made == NULL)
		return REFUSE(public_key_bad);
	*key = made;
	return OK;
}

/* Without leading zeroes (RFC 7518 6.3.1), odd. */
static bool is_odd_number(struct bytes number)
{
	return number.size > 0 && number.data[0] != 0 && (number.data[number.size - 1] & 1) == 1;
}

static status judge_rsa(struct bytes modulus, struct bytes exponent)
{
	uint64_t e = 0;
	if (!is_odd_number(modulus) || !is_odd_number(exponent) || exponent.size > 4)
		return REFUSE(public_key_bad);
	for (size_t i = 0; i < exponent.size; i++)
		e = e << 8 | exponent.data[i];
	size_t bits = modulus.size * 8;
	for (uint8_t top = modulus.data[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		bits--;
	if (e < 65537 || bits < least_modulus_bits)
		return REFUSE(public_key_weak);
	return bits <= most_modulus_bits ? OK : REFUSE(public_key_bad);
}

static status parse_rsa(const struct json_read *read, struct buffer *canonical, EVP_PKEY **key)
{
	uint8_t octets_n[most_modulus], octets_e[4];
	struct buffer n = BUFFER(octets_n), e = BUFFER(octets_e);
	TRY(read_octets(read, "n", 0, &n));
	TRY(read_octets(read, "e", 0, &e));
	TRY(judge_rsa(buffer_view(&n), buffer_view(&e)));
	TRY(write_rsa(buffer_view(&e), buffer_view(&n), canonical));
	__attribute__((cleanup(free_bn))) BIGNUM *modulus = BN_bin2bn(n.data, (int)n.size, NULL);
	__attribute__((cleanup(free_bn))) BIGNUM *exponent = BN_bin2bn(e.data, (int)e.size, NULL);
	__attribute__((cleanup(free_builder))) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (modulus == NULL || exponent == NULL || builder == NULL ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
		return REFUSE(internal);
	__attribute__((cleanup(free_params))) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	return params == NULL ? REFUSE(internal) : rsa_key_from(params, key);
}

/* The y of every point of small order, little-endian, 0 and 1 in both their spellings. For such a key anybody can make
 * signatures: with the neutral point, one that fits every message. */
static bool is_of_small_order(const uint8_t point[ed25519_size])
{
	static const uint8_t small[][ed25519_size] = {
		{0},
		{1},
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
		{0xec, [1 ... 30] = 0xff, 0x7f},
		{0xed, [1 ... 30] = 0xff, 0x7f},
		{0xee, [1 ... 30] = 0xff, 0x7f},
	};
	uint8_t y[ed25519_size];
	memcpy(y, point, sizeof y);
	y[ed25519_size - 1] &= 0x7f; /* the sign of x */
	for (size_t i = 0; i < sizeof small / sizeof *small; i++)
		if (memcmp(y, small[i], sizeof y) == 0)
			return true;
	return false;
}

static status parse_okp(const struct json_read *read, struct buffer *canonical, EVP_PKEY **key)
{
	struct bytes name;
	uint8_t octets[ed25519_size];
	struct buffer x = BUFFER(octets);
	if (is_refused(json_text(read, "crv", &name)) || !bytes_equal_text(name, "Ed25519"))
		return REFUSE(public_key_bad);
	TRY(read_octets(read, "x", ed25519_size, &x));
	if (is_of_small_order(octets))
		return REFUSE(public_key_weak);
	TRY(write_okp(buffer_view(&x), canonical));
	EVP_PKEY *made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, octets, sizeof octets);
	if (made == NULL)
		return REFUSE(public_key_bad);
	*key = made;
	return OK;
}

static bool has_private_member(const struct json_read *read)
{
	static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (json_find(read, members[i]) != NULL)
			return true;
	return false;
}

static status parse_kind(struct bytes jwk, struct buffer *canonical, EVP_PKEY **key)
{
	struct json_read read;
	struct bytes type;
	uint8_t unescaped[2048];
	struct buffer room = BUFFER(unescaped);
	if (is_refused(json_parse(jwk, &room, &read)) || has_private_member(&read) ||
	    is_refused(json_text(&read, "kty", &type)))
		return REFUSE(public_key_bad);
	if (bytes_equal_text(type, "EC"))
		return parse_ec(&read, canonical, key);
	if (bytes_equal_text(type, "RSA"))
		return parse_rsa(&read, canonical, key);
	return bytes_equal_text(type, "OKP") ? parse_okp(&read, canonical, key) : REFUSE(public_key_bad);
}

status jwk_parse(struct bytes jwk, struct buffer *canonical, uint8_t thumbprint[jwk_thumbprint_size], EVP_PKEY **key)
{
	EVP_PKEY *made = NULL;
	uint8_t digest[jwk_thumbprint_size];
	const size_t before = canonical->size;
	status result = parse_kind(jwk, canonical, &made);
	if (!is_refused(result) &&
	    EVP_Digest(canonical->data + before, canonical->size - before, digest, NULL, EVP_sha256(), NULL) != 1)
		result = REFUSE(internal);
	if (is_refused(result)) {
		EVP_PKEY_free(made);
		canonical->size = before;
		return result;
	}
	memcpy(thumbprint, digest, sizeof digest);
	*key = made;
	return OK;
}

static const struct curve *curve_of(EVP_PKEY *key)
{
	char group[32];
	size_t size;
	if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1)
		return NULL;
	const int nid = OBJ_sn2nid(group);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (curves[i].nid == nid)
			return &curves[i];
	return NULL;
}

enum jwk_kind jwk_kind(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "EC")) {
		const struct curve *curve = curve_of(key);
		return curve == NULL ? jwk_none : curve->kind;
	}
	if (EVP_PKEY_is_a(key, "RSA"))
		return jwk_rsa;
	return EVP_PKEY_is_a(key, "ED25519") ? jwk_ed25519 : jwk_none;
}

static status build_ec(EVP_PKEY *key, struct buffer *canonical)
{
	const struct curve *curve = curve_of(key);
	uint8_t x[most_point / 2], y[most_point / 2];
	BIGNUM *got = NULL, *got_y = NULL;
	bool is_read = curve != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &got) == 1 &&
		       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &got_y) == 1 &&
		       BN_bn2binpad(got, x, (int)curve->size) > 0 && BN_bn2binpad(got_y, y, (int)curve->size) > 0;
	BN_free(got);
	BN_free(got_y);
	if (!is_read)
		return REFUSE(public_key_bad);
	return write_ec(curve, bytes_from(x, curve->size), bytes_from(y, curve->size), canonical);
}

static status build_rsa(EVP_PKEY *key, struct buffer *canonical)
{
	uint8_t modulus[most_modulus], exponent[4];
	size_t modulus_size = 0, exponent_size = 0;
	BIGNUM *n = NULL, *e = NULL;
	bool is_read = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		       BN_num_bits(n) <= most_modulus_bits &&
		       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_num_bits(e) <= 32;
	if (is_read) {
		modulus_size = (size_t)BN_bn2bin(n, modulus);
		exponent_size = (size_t)BN_bn2bin(e, exponent);
	}
	BN_free(n);
	BN_free(e);
	if (!is_read)
		return REFUSE(public_key_bad);
	TRY(judge_rsa(bytes_from(modulus, modulus_size), bytes_from(exponent, exponent_size)));
	return write_rsa(bytes_from(exponent, exponent_size), bytes_from(modulus, modulus_size), canonical);
}

static status build_okp(EVP_PKEY *key, struct buffer *canonical)
{
	uint8_t x[ed25519_size];
	size_t size = sizeof x;
	if (EVP_PKEY_get_raw_public_key(key, x, &size) != 1 || size != sizeof x)
		return REFUSE(public_key_bad);
	return write_okp(bytes_from(x, size), canonical);
}

status jwk_build(EVP_PKEY *key, struct buffer *canonical)
{
	static status (*const builders[])(EVP_PKEY *, struct buffer *) = {
		[jwk_p256] = build_ec, [jwk_p384] = build_ec, [jwk_p521] = build_ec, [jwk_rsa] = build_rsa, [jwk_ed25519] = build_okp};
	const enum jwk_kind kind = jwk_kind(key);
	const size_t before = canonical->size;
	if (kind == jwk_none)
		return REFUSE(public_key_bad);
	status result = builders[kind](key, canonical);
	if (is_refused(result))
		canonical->size = before;
	return result;
}
