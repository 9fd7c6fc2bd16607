/* SPDX-License-Identifier: Apache-2.0
 * Public keys as JWK: the thumbprints of RFC 7638 and 8037, and every key that is malformed or weak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/ec.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jwk.h"

#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P256_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}"
#define ED25519_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static struct bytes text(const char *characters)
{
	return bytes_from_text(characters);
}

static void assert_thumbprint(const char *jwk, const char *expected)
{
	uint8_t form[jwk_canonical_room], thumbprint[32], characters[64], again[jwk_canonical_room];
	struct buffer canonical = BUFFER(form), encoded = BUFFER(characters), rebuilt = BUFFER(again);
	EVP_PKEY *key = NULL;
	assert_false(is_refused(jwk_parse(text(jwk), &canonical, thumbprint, &key)));
	assert_true(base64url_encode(BYTES_OF(thumbprint), &encoded));
	assert_true(bytes_equal_text(buffer_view(&encoded), expected));
	assert_false(is_refused(jwk_build(key, &rebuilt)));
	assert_true(bytes_equal(buffer_view(&rebuilt), buffer_view(&canonical)));
	EVP_PKEY_free(key);
}

static void the_thumbprints_of_rfc_7638_and_rfc_8037_come_out(void **state)
{
	(void)state;
	assert_thumbprint("{\"kty\":\"RSA\",\"n\":"
			  "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
			  "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
			  "FDW2QvzqY368QQMicAtaSqzs8KJZ"
			  "gnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
			  "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-cs"
			  "FCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
			  "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	assert_thumbprint(ED25519_JWK, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static enum refusal jwk_refusal(const char *jwk)
{
	uint8_t form[jwk_canonical_room], thumbprint[32];
	struct buffer canonical = BUFFER(form);
	EVP_PKEY *key = NULL;
	status s = jwk_parse(text(jwk), &canonical, thumbprint, &key);
	assert_true(is_refused(s) == (key == NULL));
	assert_true(!is_refused(s) || canonical.size == 0);
	EVP_PKEY_free(key);
	return s.refusal;
}

#define ZEROES_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void case_6_a_point_that_is_not_a_point_of_its_curve_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_Y "\",\"y\":\"" P256_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ZEROES_32 "\",\"y\":\"" ZEROES_32 "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":1}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-224\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-192\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"p-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\",\"d\":\"AQ\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" P256_X "\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" P256_X "\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{}",
		"[]",
		"",
	};
	assert_int_equal(jwk_refusal(P256_JWK), refusal_none);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(jwk_refusal(bad[i]), refusal_public_key_bad);
}

/* A key whose x begins with a zero octet: taken in 32 octets, refused in 31. */
static void case_6_a_coordinate_with_its_leading_zero_dropped_is_refused(void **state)
{
	(void)state;
	uint8_t point[65] = {0}, characters[128], shorter[128], end[128];
	size_t size = 0;
	EVP_PKEY *key = NULL;
	for (int i = 0; i < 20000 && (key == NULL || point[1] != 0); i++) {
		EVP_PKEY_free(key);
		key = EVP_EC_gen("P-256");
		assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &size), 1);
	}
	assert_int_equal(point[1], 0);
	struct buffer x = BUFFER(characters), cut = BUFFER(shorter), y = BUFFER(end);
	assert_true(base64url_encode(bytes_from(point + 1, 32), &x) &&
		    base64url_encode(bytes_from(point + 2, 31), &cut) &&
		    base64url_encode(bytes_from(point + 33, 32), &y));
	char jwk[400];
	(void)snprintf(jwk, sizeof jwk, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"}", (int)x.size,
		       characters, (int)y.size, end);
	assert_int_equal(jwk_refusal(jwk), refusal_none);
	(void)snprintf(jwk, sizeof jwk, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
		       (int)cut.size, shorter, (int)y.size, end);
	assert_int_equal(jwk_refusal(jwk), refusal_public_key_bad);
	EVP_PKEY_free(key);
}

/* An RSA JWK with a modulus of `size` octets, all 0xff but the first and the last. */
static enum refusal rsa_refusal(size_t size, uint8_t first, uint8_t last, const char *exponent)
{
	uint8_t *modulus = malloc(size), *characters = malloc(2 * size + 8);
	char *jwk = malloc(2 * size + 100);
	struct buffer n = {.data = characters, .room = 2 * size + 8};
	memset(modulus, 0xff, size);
	modulus[0] = first;
	modulus[size - 1] = last;
	assert_true(base64url_encode(bytes_from(modulus, size), &n));
	(void)snprintf(jwk, 2 * size + 100, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%s\"}", (int)n.size,
		       (char *)characters, exponent);
	const enum refusal refusal = jwk_refusal(jwk);
	free(modulus);
	free(characters);
	free(jwk);
	return refusal;
}

static void case_6_an_rsa_key_of_unsound_size_exponent_or_modulus_is_refused(void **state)
{
	(void)state;
	assert_int_equal(rsa_refusal(256, 0x80, 0xff, "AQAB"), refusal_none);
	assert_int_equal(rsa_refusal(512, 0xff, 0xff, "_____w"), refusal_none);
	static const struct {
		size_t size;
		uint8_t first, last;
		const char *exponent;
		enum refusal refusal;
	} bad[] = {
		{128, 0xff, 0xff, "AQAB", refusal_public_key_weak},   {256, 0x7f, 0xff, "AQAB", refusal_public_key_weak},
		{256, 0xff, 0xff, "AQ", refusal_public_key_weak},     {256, 0xff, 0xff, "Aw", refusal_public_key_weak},
		{256, 0xff, 0xff, "__8", refusal_public_key_weak},    {257, 0x00, 0xff, "AQAB", refusal_public_key_bad},
		{513, 0x01, 0xff, "AQAB", refusal_public_key_bad},    {8192, 0xff, 0xff, "AQAB", refusal_public_key_bad},
		{256, 0xff, 0xfe, "AQAB", refusal_public_key_bad},    {256, 0xff, 0xff, "AQAA", refusal_public_key_bad},
		{256, 0xff, 0xff, "AAEAAQ", refusal_public_key_bad},  {256, 0xff, 0xff, "AQAAAAE", refusal_public_key_bad},
		{256, 0xff, 0xff, "", refusal_public_key_bad},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(rsa_refusal(bad[i].size, bad[i].first, bad[i].last, bad[i].exponent), bad[i].refusal);
}

/* An Ed25519 JWK of these octets. */
static enum refusal ed25519_refusal(const uint8_t point[32])
{
	char characters[64], jwk[128];
	struct buffer x = {.data = (uint8_t *)characters, .room = sizeof characters};
	assert_true(base64url_encode(bytes_from(point, 32), &x));
	(void)snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"}", (int)x.size, characters);
	return jwk_refusal(jwk);
}

/* OpenSSL takes this signature by the neutral point for any message at all. */
static void assert_forged(const uint8_t point[32])
{
	static const uint8_t forged[64] = {1};
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, 32);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(context, forged, sizeof forged, (const uint8_t *)"any", 3), 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

static void case_6_an_ed25519_point_of_small_order_is_refused(void **state)
{
	(void)state;
	static const uint8_t small[][32] = {
		{1},
		{0},
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
		{0xec, [1 ... 30] = 0xff, 0x7f},
		{0xed, [1 ... 30] = 0xff, 0x7f},
		{0xee, [1 ... 30] = 0xff, 0x7f},
	};
	assert_forged(small[0]);
	for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
		uint8_t point[32];
		memcpy(point, small[i], sizeof point);
		assert_int_equal(ed25519_refusal(point), refusal_public_key_weak);
		point[31] |= 0x80;
		assert_int_equal(ed25519_refusal(point), refusal_public_key_weak);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_thumbprints_of_rfc_7638_and_rfc_8037_come_out),
		cmocka_unit_test(case_6_a_point_that_is_not_a_point_of_its_curve_is_refused),
		cmocka_unit_test(case_6_a_coordinate_with_its_leading_zero_dropped_is_refused),
		cmocka_unit_test(case_6_an_rsa_key_of_unsound_size_exponent_or_modulus_is_refused),
		cmocka_unit_test(case_6_an_ed25519_point_of_small_order_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
