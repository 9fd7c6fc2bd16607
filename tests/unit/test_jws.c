/* SPDX-License-Identifier: Apache-2.0
 * Signed requests: the examples of RFC 7515, 7638 and 8037, and everything that is nearly one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"

#define URL "https://ca.example:14000/acme/devices/new-order"
#define KID "https://ca.example:14000/acme/devices/account/1"
#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P256_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}"
#define RFC7515_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static uint8_t octets[65536];

static struct bytes text(const char *characters)
{
	return bytes_from_text(characters);
}

static EVP_PKEY *key_of(const char *jwk)
{
	uint8_t form[jwk_canonical_room], thumbprint[32];
	struct buffer canonical = BUFFER(form);
	EVP_PKEY *key = NULL;
	assert_false(is_refused(jwk_parse(text(jwk), &canonical, thumbprint, &key)));
	return key;
}

/* A request around a header and a payload that are written as they stand; the signature is `signature`, base64url. */
static struct bytes wrap(const char *header, const char *payload, const char *signature, struct buffer *out)
{
	out->size = 0;
	assert_true(buffer_add(out, "{\"protected\":\"", 14) && base64url_encode(text(header), out) &&
		    buffer_add(out, "\",\"payload\":\"", 13) && base64url_encode(text(payload), out) &&
		    buffer_add(out, "\",\"signature\":\"", 15) && buffer_add(out, signature, strlen(signature)) &&
		    buffer_add(out, "\"}", 2));
	return buffer_view(out);
}

static enum refusal parse_refusal(struct bytes body)
{
	struct buffer room = {.data = octets, .room = 2 * body.size};
	struct jws jws;
	status s = jws_parse(body, &room, &jws);
	if (is_refused(s))
		assert_int_equal(room.size, 0);
	return s.refusal;
}

static enum refusal header_refusal(const char *header)
{
	uint8_t written[16384];
	struct buffer out = BUFFER(written);
	return parse_refusal(wrap(header, "{}", "AAAA", &out));
}

/* Parsed and verified, as the registrar does it. */
static enum refusal judge(struct bytes body, EVP_PKEY *key)
{
	struct buffer room = BUFFER(octets);
	struct jws jws;
	status s = jws_parse(body, &room, &jws);
	return is_refused(s) ? s.refusal : jws_verify(&jws, key).refusal;
}

static struct bytes good_request(EVP_PKEY *key, bool has_kid, struct buffer *out)
{
	const struct jws_header header = {
		.nonce = text("bm9uY2U"), .url = text(URL), .kid = text(has_kid ? KID : NULL)};
	out->size = 0;
	assert_false(is_refused(jws_build(key, &header, text("{\"identifiers\":[]}"), out)));
	return buffer_view(out);
}

/* ---- examples of the standards ---- */

static enum refusal verify_example(const char *algorithm, const char *protected_text, const char *payload,
				   const char *signature, const char *jwk)
{
	uint8_t decoded[1024];
	struct buffer out = BUFFER(decoded);
	assert_false(is_refused(base64url_decode(text(signature), &out)));
	const struct jws jws = {.algorithm = text(algorithm),
				.protected_text = text(protected_text),
				.payload_text = text(payload),
				.signature = buffer_view(&out)};
	EVP_PKEY *key = key_of(jwk);
	const enum refusal refusal = jws_verify(&jws, key).refusal;
	EVP_PKEY_free(key);
	return refusal;
}

static const char rfc7515_a2_n[] =
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
	"pCgNMsD1W_"
	"YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
	"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
	"Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

static void the_example_of_rfc_7515_a_2_verifies(void **state)
{
	(void)state;
	char jwk[512];
	(void)snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", rfc7515_a2_n);
	assert_int_equal(
		verify_example("RS256", "eyJhbGciOiJSUzI1NiJ9", RFC7515_PAYLOAD,
			       "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
			       "O8W2Fp5jujGbds9uJdb"
			       "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
			       "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
			       "LcOLn6_dO--xi12jzDwusC-"
			       "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
			       "wlVmtVrBp0igcN_IoypGlUPQGe77Rw",
			       jwk),
		refusal_none);
}

static void the_example_of_rfc_7515_a_3_verifies(void **state)
{
	(void)state;
	assert_int_equal(
		verify_example("ES256", "eyJhbGciOiJFUzI1NiJ9", RFC7515_PAYLOAD,
			       "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
			       P256_JWK),
		refusal_none);
	assert_int_equal(
		verify_example("ES256", "eyJhbGciOiJFUzI1NiJ9", RFC7515_PAYLOAD,
			       "EtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
			       P256_JWK),
		refusal_signature_wrong);
}

#define ED25519_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static void the_example_of_rfc_8037_a_4_verifies(void **state)
{
	(void)state;
	assert_int_equal(
		verify_example("EdDSA", "eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			       "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
			       ED25519_JWK),
		refusal_none);
}

static void the_example_of_rfc_7515_a_4_verifies(void **state)
{
	(void)state;
	assert_int_equal(
		verify_example("ES512", "eyJhbGciOiJFUzUxMiJ9", "UGF5bG9hZA",
			       "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_"
			       "7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
			       "{\"kty\":\"EC\",\"crv\":\"P-521\","
			       "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","
			       "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}"),
		refusal_none);
}

/* ---- our own requests ---- */

static EVP_PKEY *new_key(enum jwk_kind kind)
{
	switch (kind) {
	case jwk_p256:
		return EVP_EC_gen("P-256");
	case jwk_p384:
		return EVP_EC_gen("P-384");
	case jwk_p521:
		return EVP_EC_gen("P-521");
	case jwk_rsa:
		return EVP_RSA_gen(2048);
	case jwk_ed25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case jwk_none:
		break;
	}
	return NULL;
}

static void a_request_with_each_kind_of_key_verifies_and_with_another_key_never(void **state)
{
	(void)state;
	for (enum jwk_kind kind = jwk_p256; kind <= jwk_ed25519; kind++) {
		uint8_t written[8192];
		struct buffer out = BUFFER(written), room = BUFFER(octets);
		struct jws jws;
		EVP_PKEY *key = new_key(kind), *other = new_key(kind);
		const struct bytes body = good_request(key, kind == jwk_p384, &out);
		assert_false(is_refused(jws_parse(body, &room, &jws)));
		assert_true(bytes_equal_text(jws.url, URL) && bytes_equal_text(jws.nonce, "bm9uY2U"));
		assert_true(bytes_equal_text(jws.payload, "{\"identifiers\":[]}"));
		assert_true((jws.jwk.size > 0) == (kind != jwk_p384) && (jws.kid.size > 0) == (kind == jwk_p384));
		assert_int_equal(jws_verify(&jws, key).refusal, refusal_none);
		assert_int_equal(jws_verify(&jws, other).refusal, refusal_signature_wrong);
		EVP_PKEY_free(key);
		EVP_PKEY_free(other);
	}
}

/* A signature of `{alg}.{}` by OpenSSL itself. */
static size_t sign_rsa(EVP_PKEY *key, const char *input, const EVP_MD *digest, int padding, int salt, uint8_t out[512])
{
	size_t size = 512;
	EVP_PKEY_CTX *scheme = NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, &scheme, digest, NULL, key), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(scheme, padding), 1);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(scheme, salt), 1);
	assert_int_equal(EVP_DigestSign(context, out, &size, (const uint8_t *)input, strlen(input)), 1);
	EVP_MD_CTX_free(context);
	return size;
}

static void an_rsa_signature_is_taken_only_with_the_padding_digest_and_salt_of_its_algorithm(void **state)
{
	(void)state;
	static const struct {
		const char *algorithm;
		int padding, salt, bits;
		enum refusal refusal;
	} rows[] = {
		{"PS256", RSA_PKCS1_PSS_PADDING, 32, 256, refusal_none},
		{"RS256", RSA_PKCS1_PADDING, 0, 256, refusal_none},
		{"PS256", RSA_PKCS1_PADDING, 0, 256, refusal_signature_wrong},
		{"RS256", RSA_PKCS1_PSS_PADDING, 32, 256, refusal_signature_wrong},
		{"PS256", RSA_PKCS1_PSS_PADDING, 20, 256, refusal_signature_wrong},
		{"PS256", RSA_PKCS1_PSS_PADDING, 0, 256, refusal_signature_wrong},
		{"PS256", RSA_PKCS1_PSS_PADDING, 32, 384, refusal_signature_wrong},
		{"RS256", RSA_PKCS1_PADDING, 0, 384, refusal_signature_wrong},
		{"PS384", RSA_PKCS1_PSS_PADDING, 48, 384, refusal_algorithm_unsupported},
		{"RS1", RSA_PKCS1_PADDING, 0, 256, refusal_algorithm_unsupported},
	};
	EVP_PKEY *key = new_key(jwk_rsa);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t signature[512];
		const EVP_MD *digest = rows[i].bits == 256 ? EVP_sha256() : EVP_sha384();
		const size_t size = sign_rsa(key, "e30.e30", digest, rows[i].padding, rows[i].salt, signature);
		struct jws jws = {.algorithm = text(rows[i].algorithm),
				  .protected_text = text("e30"),
				  .payload_text = text("e30"),
				  .signature = bytes_from(signature, size)};
		assert_int_equal(jws_verify(&jws, key).refusal, rows[i].refusal);
		for (size_t bit = 0; bit < 8 * size; bit++) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(jws_verify(&jws, key).refusal, refusal_none);
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	EVP_PKEY_free(key);
}

static void the_embedded_key_of_a_request_verifies_it(void **state)
{
	(void)state;
	uint8_t written[8192], form[jwk_canonical_room], thumbprint[32];
	struct buffer out = BUFFER(written), room = BUFFER(octets), canonical = BUFFER(form);
	struct jws jws;
	EVP_PKEY *key = new_key(jwk_p256), *embedded = NULL;
	assert_false(is_refused(jws_parse(good_request(key, false, &out), &room, &jws)));
	assert_false(is_refused(jwk_parse(jws.jwk, &canonical, thumbprint, &embedded)));
	assert_int_equal(jws_verify(&jws, embedded).refusal, refusal_none);
	EVP_PKEY_free(embedded);
	EVP_PKEY_free(key);
}

static void a_stored_request_without_nonce_parses(void **state)
{
	(void)state;
	uint8_t written[4096];
	struct buffer out = BUFFER(written), room = BUFFER(octets);
	struct jws jws;
	const struct bytes body = wrap("{\"alg\":\"ES256\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}", "", "AAAA", &out);
	assert_false(is_refused(jws_parse(body, &room, &jws)));
	assert_int_equal(jws.nonce.size, 0);
	assert_int_equal(jws.payload.size, 0);
}

/* ---- numbered cases ---- */

#define HEADER(algorithm) "{\"alg\":\"" algorithm "\",\"nonce\":\"bm9uY2U\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}"

static void case_1_none_hs256_and_an_algorithm_of_another_key_are_refused(void **state)
{
	(void)state;
	static const char *const headers[] = {HEADER("none"),	HEADER("None"),	  HEADER("HS256"), HEADER("HS512"),
					      HEADER("ES256K"), HEADER("PS512"),  HEADER("RS384"), HEADER("es256"),
					      HEADER("ES256 "), HEADER("Ed25519")};
	static const char *const fitting[][2] = {[jwk_p256] = {HEADER("ES256"), HEADER("ES256")},
						 [jwk_p384] = {HEADER("ES384"), HEADER("ES384")},
						 [jwk_p521] = {HEADER("ES512"), HEADER("ES512")},
						 [jwk_rsa] = {HEADER("RS256"), HEADER("PS256")},
						 [jwk_ed25519] = {HEADER("EdDSA"), HEADER("EdDSA")}};
	uint8_t written[4096];
	struct buffer out = BUFFER(written);
	for (enum jwk_kind kind = jwk_p256; kind <= jwk_ed25519; kind++) {
		EVP_PKEY *key = new_key(kind);
		for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
			assert_int_equal(judge(wrap(headers[i], "{}", "", &out), key), refusal_algorithm_unsupported);
			assert_int_equal(judge(wrap(headers[i], "{}", "AAAA", &out), key), refusal_algorithm_unsupported);
		}
		for (enum jwk_kind other = jwk_p256; other <= jwk_ed25519; other++)
			for (size_t i = 0; i < 2; i++)
				assert_int_equal(judge(wrap(fitting[other][i], "{}", "AAAA", &out), key),
						 other == kind ? refusal_signature_wrong : refusal_algorithm_unsupported);
		EVP_PKEY_free(key);
	}
}

static void case_1_a_key_on_another_curve_is_of_no_kind(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("secp256k1");
	uint8_t written[4096];
	struct buffer out = BUFFER(written);
	assert_int_equal(judge(wrap(HEADER("ES256"), "{}", "AAAA", &out), key), refusal_algorithm_unsupported);
	assert_true(is_refused(jwk_build(key, &out)));
	EVP_PKEY_free(key);
}

#define REST ",\"nonce\":\"bm9uY2U\",\"url\":\"" URL "\""

static void case_2_a_header_with_both_jwk_and_kid_or_neither_is_refused(void **state)
{
	(void)state;
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"jwk\":" P256_JWK "}"), refusal_none);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"" KID "\"}"), refusal_none);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"jwk\":" P256_JWK ",\"kid\":\"" KID "\"}"),
			 refusal_jws_header_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST "}"), refusal_jws_header_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"jwk\":\"x\"}"), refusal_jws_header_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"jwk\":null,\"kid\":\"" KID "\"}"),
			 refusal_jws_header_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"\"}"), refusal_jws_header_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":7}"), refusal_jws_header_malformed);
}

static void a_header_that_lacks_a_member_or_makes_one_critical_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"nonce\":\"bm9uY2U\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"bm9uY2U\",\"kid\":\"" KID "\"}",
		"{\"alg\":256" REST ",\"kid\":\"" KID "\"}",
		"{\"alg\":\"\"" REST ",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"a b\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"bm9uY2U=\",\"url\":\"" URL "\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":17,\"url\":\"" URL "\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"nonce\":\"bm9uY2U\",\"url\":[\"" URL "\"],\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\"" REST ",\"kid\":\"" KID "\",\"crit\":[\"b64\"],\"b64\":false}",
		"{\"alg\":\"ES256\"" REST ",\"kid\":\"" KID "\",\"crit\":[]}",
		"{\"alg\":\"ES256\"" REST ",\"kid\":\"" KID "\",\"b64\":true}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(header_refusal(bad[i]), refusal_jws_header_malformed);
	assert_int_equal(header_refusal("[]"), refusal_json_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\",\"alg\":\"none\"" REST ",\"kid\":\"" KID "\"}"),
			 refusal_json_duplicate);
}

static void a_body_with_other_members_than_the_three_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		enum refusal refusal;
	} bad[] = {
		{"{\"protected\":\"e30\",\"payload\":\"\"}", refusal_jws_malformed},
		{"{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\",\"header\":{}}", refusal_jws_malformed},
		{"{\"payload\":\"\",\"signatures\":[]}", refusal_jws_malformed},
		{"{\"protected\":\"e30\",\"payload\":\"\",\"signatures\":[]}", refusal_jws_malformed},
		{"{\"protected\":{},\"payload\":\"\",\"signature\":\"\"}", refusal_jws_malformed},
		{"{\"protected\":\"e30\",\"payload\":null,\"signature\":\"\"}", refusal_jws_malformed},
		{"{\"protected\":\"\\u0065yJ9\",\"payload\":\"\",\"signature\":\"\"}", refusal_jws_malformed},
		{"e30.e30.AAAA", refusal_json_malformed},
		{"{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"\"}", refusal_base64url_malformed},
		{"{\"protected\":\"e30\",\"payload\":\"e31\",\"signature\":\"A\"}", refusal_base64url_malformed},
		{"{\"protected\":\"\",\"payload\":\"\",\"signature\":\"\"}", refusal_json_malformed},
		{"{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\"}", refusal_jws_header_malformed},
		{"{\"protected\":\"e30\",\"protected\":\"e30\",\"payload\":\"\"}", refusal_json_duplicate},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse_refusal(text(bad[i].body)), bad[i].refusal);
}

/* The order of P-256, and with it r or s that are not below it. */
static const uint8_t order_p256[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,	   0,	 0,    0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
				       0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void case_5_an_ecdsa_signature_that_is_not_exactly_r_and_s_is_refused(void **state)
{
	(void)state;
	uint8_t written[8192], changed[200];
	struct buffer out = BUFFER(written), room = BUFFER(octets);
	struct jws jws;
	EVP_PKEY *key = new_key(jwk_p256);
	assert_false(is_refused(jws_parse(good_request(key, true, &out), &room, &jws)));
	const struct bytes good = jws.signature;
	assert_int_equal(good.size, 64);
	assert_int_equal(jws_verify(&jws, key).refusal, refusal_none);
	for (size_t size = 0; size <= 128; size++) {
		memset(changed, 0, sizeof changed);
		memcpy(changed, good.data, 64);
		jws.signature = bytes_from(changed, size);
		assert_int_equal(jws_verify(&jws, key).refusal, size == 64 ? refusal_none : refusal_signature_wrong);
	}
	jws.signature = bytes_from(changed, 64);
	for (size_t half = 0; half < 2; half++) {
		static const uint8_t zero[32], all[32] = {[0 ... 31] = 0xff};
		const uint8_t *const values[] = {zero, order_p256, all};
		for (size_t i = 0; i < 3; i++) {
			memcpy(changed, good.data, 64);
			memcpy(changed + 32 * half, values[i], 32);
			assert_int_equal(jws_verify(&jws, key).refusal, refusal_signature_wrong);
		}
	}
	EVP_PKEY_free(key);
}

static void case_5_an_es512_signature_has_132_octets(void **state)
{
	(void)state;
	uint8_t written[8192], changed[140] = {0};
	struct buffer out = BUFFER(written), room = BUFFER(octets);
	struct jws jws;
	EVP_PKEY *key = new_key(jwk_p521);
	assert_false(is_refused(jws_parse(good_request(key, true, &out), &room, &jws)));
	assert_int_equal(jws.signature.size, 132);
	memcpy(changed, jws.signature.data, 132);
	for (size_t size = 0; size <= sizeof changed; size++) {
		jws.signature = bytes_from(changed, size);
		assert_int_equal(jws_verify(&jws, key).refusal, size == 132 ? refusal_none : refusal_signature_wrong);
	}
	memset(changed, 0xff, 132);
	jws.signature = bytes_from(changed, 132);
	assert_int_equal(jws_verify(&jws, key).refusal, refusal_signature_wrong);
	EVP_PKEY_free(key);
}

static void case_5_an_ecdsa_signature_in_der_or_by_p_384_is_refused(void **state)
{
	(void)state;
	uint8_t written[8192], other[8192], der[128], *to = der, second[8192];
	struct buffer out = BUFFER(written), out384 = BUFFER(other), room = BUFFER(octets), room384 = BUFFER(second);
	struct jws jws, jws384;
	EVP_PKEY *key = new_key(jwk_p256), *key384 = new_key(jwk_p384);
	assert_false(is_refused(jws_parse(good_request(key, true, &out), &room, &jws)));
	assert_false(is_refused(jws_parse(good_request(key384, true, &out384), &room384, &jws384)));
	ECDSA_SIG *signature = ECDSA_SIG_new();
	assert_int_equal(ECDSA_SIG_set0(signature, BN_bin2bn(jws.signature.data, 32, NULL),
					BN_bin2bn(jws.signature.data + 32, 32, NULL)),
			 1);
	jws.signature = bytes_from(der, (size_t)i2d_ECDSA_SIG(signature, &to));
	ECDSA_SIG_free(signature);
	assert_int_equal(jws_verify(&jws, key).refusal, refusal_signature_wrong);
	jws.signature = jws384.signature;
	assert_int_equal(jws_verify(&jws, key).refusal, refusal_signature_wrong);
	EVP_PKEY_free(key);
	EVP_PKEY_free(key384);
}

static void case_8_hostile_json_in_body_or_header_is_refused(void **state)
{
	(void)state;
	EVP_PKEY *key = new_key(jwk_p256);
	uint8_t written[8192];
	struct buffer out = BUFFER(written);
	struct bytes good = good_request(key, true, &out);
	assert_int_equal(parse_refusal(good), refusal_none);
	for (int byte = 0; byte < 256; byte++) {
		written[good.size] = (uint8_t)byte;
		const bool is_space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
		assert_int_equal(parse_refusal(bytes_from(written, good.size + 1)),
				 is_space ? refusal_none : refusal_json_malformed);
	}
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"a\\u0000b\"}"), refusal_json_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"a\\ud800b\"}"), refusal_json_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"a\",\"v\":1e999}"),
			 refusal_json_malformed);
	assert_int_equal(header_refusal("{\"alg\":\"ES256\"" REST ",\"kid\":\"a\"} x"), refusal_json_malformed);
	EVP_PKEY_free(key);
}

static void a_request_cut_anywhere_is_refused(void **state)
{
	(void)state;
	EVP_PKEY *key = new_key(jwk_p256);
	uint8_t written[8192];
	struct buffer out = BUFFER(written);
	const struct bytes good = good_request(key, false, &out);
	for (size_t size = 0; size < good.size; size++)
		assert_int_not_equal(judge(bytes_from(good.data, size), key), refusal_none);
	assert_int_equal(judge(good, key), refusal_none);
	EVP_PKEY_free(key);
}

static void a_request_with_any_bit_flipped_is_never_accepted(void **state)
{
	(void)state;
	for (enum jwk_kind kind = jwk_p256; kind <= jwk_ed25519; kind++) {
		EVP_PKEY *key = new_key(kind);
		uint8_t written[8192];
		struct buffer out = BUFFER(written);
		const struct bytes good = good_request(key, true, &out);
		for (size_t bit = 0; bit < 8 * good.size; bit++) {
			written[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(judge(good, key), refusal_none);
			written[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(judge(good, key), refusal_none);
		EVP_PKEY_free(key);
	}
}

static void what_is_built_with_a_secret_verifies_with_it_alone(void **state)
{
	(void)state;
	const struct bytes secret = text("thirty-two octets that nobody has"), other = text("thirty-two octets that others have");
	const struct jws_header named = {.url = text(URL), .kid = text("tenant")}, nameless = {.url = text(URL)};
	uint8_t written[2048], decoded[4096];
	struct buffer out = BUFFER(written), room = BUFFER(decoded);
	struct jws jws;
	assert_int_equal(jws_build_mac(secret, &nameless, text("{}"), &out).refusal, refusal_jws_jwk_not_allowed);
	assert_int_equal(out.size, 0);
	assert_false(is_refused(jws_build_mac(secret, &named, text("{}"), &out)));
	assert_false(is_refused(jws_parse(buffer_view(&out), &room, &jws)));
	assert_true(bytes_equal_text(jws.kid, "tenant") && bytes_equal_text(jws.url, URL) && bytes_equal_text(jws.payload, "{}"));
	assert_int_equal(jws.nonce.size, 0);
	assert_true(bytes_equal_text(jws.algorithm, "HS256"));
	assert_false(is_refused(jws_verify_mac(&jws, secret)));
	assert_int_equal(jws_verify_mac(&jws, other).refusal, refusal_eab_mac_wrong);
	for (out.room = 0; out.room < 180; out.room++) {
		out.size = 0;
		assert_true(is_refused(jws_build_mac(secret, &named, text("{}"), &out)));
		assert_int_equal(out.size, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_rfc_7515_a_2_verifies),
		cmocka_unit_test(the_example_of_rfc_7515_a_3_verifies),
		cmocka_unit_test(the_example_of_rfc_7515_a_4_verifies),
		cmocka_unit_test(the_example_of_rfc_8037_a_4_verifies),
		cmocka_unit_test(a_request_with_each_kind_of_key_verifies_and_with_another_key_never),
		cmocka_unit_test(an_rsa_signature_is_taken_only_with_the_padding_digest_and_salt_of_its_algorithm),
		cmocka_unit_test(the_embedded_key_of_a_request_verifies_it),
		cmocka_unit_test(a_stored_request_without_nonce_parses),
		cmocka_unit_test(what_is_built_with_a_secret_verifies_with_it_alone),
		cmocka_unit_test(case_1_none_hs256_and_an_algorithm_of_another_key_are_refused),
		cmocka_unit_test(case_1_a_key_on_another_curve_is_of_no_kind),
		cmocka_unit_test(case_2_a_header_with_both_jwk_and_kid_or_neither_is_refused),
		cmocka_unit_test(a_header_that_lacks_a_member_or_makes_one_critical_is_refused),
		cmocka_unit_test(a_body_with_other_members_than_the_three_is_refused),
		cmocka_unit_test(case_5_an_ecdsa_signature_that_is_not_exactly_r_and_s_is_refused),
		cmocka_unit_test(case_5_an_es512_signature_has_132_octets),
		cmocka_unit_test(case_5_an_ecdsa_signature_in_der_or_by_p_384_is_refused),
		cmocka_unit_test(case_8_hostile_json_in_body_or_header_is_refused),
		cmocka_unit_test(a_request_cut_anywhere_is_refused),
		cmocka_unit_test(a_request_with_any_bit_flipped_is_never_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
