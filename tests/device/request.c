/* SPDX-License-Identifier: Apache-2.0
 * Certificate requests and signed requests, honest or not. For tests only. */
#include "tests/device/request.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void push_text(STACK_OF(X509_EXTENSION) *extensions, int nid, const char *value)
{
	X509V3_CTX context;
	if (value == NULL)
		return;
	X509V3_set_ctx_test(&context);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension == NULL)
		ERR_print_errors_fp(stderr);
	DEVICE_NEED(extension != NULL && sk_X509_EXTENSION_push(extensions, extension) > 0);
}

static void push_raw(STACK_OF(X509_EXTENSION) *extensions, const char *oid, struct bytes value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	DEVICE_NEED(object != NULL && octets != NULL && ASN1_OCTET_STRING_set(octets, value.data, (int)value.size) == 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	DEVICE_NEED(extension != NULL && sk_X509_EXTENSION_push(extensions, extension) > 0);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

/* One GeneralName: otherName with a PermanentIdentifier; all lengths below 128. */
static void append_permanent_identifier(struct device_octets *out, const char *value, const char *assigner)
{
	uint8_t oid[64], *end = oid;
	size_t oid_size = 0;
	static const uint8_t type[] = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x03};
	const size_t length = strlen(value);
	if (assigner != NULL) {
		ASN1_OBJECT *object = OBJ_txt2obj(assigner, 1);
		oid_size = (size_t)i2d_ASN1_OBJECT(object, &end);
		ASN1_OBJECT_free(object);
	}
	const size_t sequence = 2 + length + oid_size;
	DEVICE_NEED(sizeof type + 4 + sequence < 128);
	device_append(out, (const uint8_t[]){0xa0, (uint8_t)(sizeof type + 4 + sequence)}, 2);
	device_append(out, type, sizeof type);
	device_append(out, (const uint8_t[]){0xa0, (uint8_t)(2 + sequence), 0x30, (uint8_t)sequence, 0x0c, (uint8_t)length}, 6);
	device_append(out, value, length);
	device_append(out, oid, oid_size);
}

static void push_permanent_identifiers(STACK_OF(X509_EXTENSION) *extensions, const struct device_csr *csr)
{
	struct device_octets names = {.size = 0}, value = {.size = 0};
	if (csr->permanent_identifier == NULL)
		return;
	append_permanent_identifier(&names, csr->permanent_identifier, csr->assigner);
	if (csr->second_permanent_identifier != NULL)
		append_permanent_identifier(&names, csr->second_permanent_identifier, NULL);
	if (names.size < 128)
		device_append(&value, (const uint8_t[]){0x30, (uint8_t)names.size}, 2);
	else
		device_append(&value, (const uint8_t[]){0x30, 0x82, (uint8_t)(names.size >> 8), (uint8_t)names.size}, 4);
	device_append(&value, names.data, names.size);
	push_raw(extensions, "2.5.29.17", device_view(&value));
}

static void add_extensions(X509_REQ *request, const struct device_csr *csr)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	push_permanent_identifiers(extensions, csr);
	if (csr->raw_alternative_name != NULL)
		push_raw(extensions, "2.5.29.17", *csr->raw_alternative_name);
	push_text(extensions, NID_subject_alt_name, csr->alternative_name);
	push_text(extensions, NID_key_usage, csr->key_usage);
	push_text(extensions, NID_ext_key_usage, csr->extended_usage);
	push_text(extensions, NID_basic_constraints, csr->constraints);
	if (csr->extension_oid != NULL)
		push_raw(extensions, csr->extension_oid, bytes_from("\x05", 2));
	if (csr->has_two_extension_requests && sk_X509_EXTENSION_num(extensions) == 0)
		push_text(extensions, NID_key_usage, "digitalSignature");
	if (sk_X509_EXTENSION_num(extensions) > 0)
		DEVICE_NEED(X509_REQ_add_extensions(request, extensions) == 1);
	if (csr->has_two_extension_requests)
		DEVICE_NEED(X509_REQ_add_extensions_nid(request, extensions, NID_ms_ext_req) == 1 ||
			    X509_REQ_add_extensions(request, extensions) == 1);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static void sign(X509_REQ *request, const struct device_csr *csr)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding = NULL;
	EVP_PKEY *key = csr->signer != NULL ? csr->signer : csr->key;
	const EVP_MD *hash = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_get_digestbyname(csr->digest ? csr->digest : "SHA256");
	DEVICE_NEED(context != NULL && EVP_DigestSignInit(context, &padding, hash, NULL, key) == 1);
	if (csr->is_pss)
		DEVICE_NEED(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
			    EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, 11) == 1);
	DEVICE_NEED(X509_REQ_sign_ctx(request, context) > 0);
	EVP_MD_CTX_free(context);
}

static void add_name(X509_NAME *name, const char *attribute, const char *value)
{
	if (value != NULL)
		DEVICE_NEED(X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0) == 1);
}

void device_csr_build(const struct device_csr *csr, struct device_octets *out)
{
	X509_REQ *request = X509_REQ_new();
	X509_NAME *subject = X509_NAME_new();
	uint8_t *der = NULL;
	DEVICE_NEED(request != NULL && subject != NULL);
	add_name(subject, "CN", csr->subject);
	add_name(subject, "O", csr->organization);
	DEVICE_NEED(X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 && X509_REQ_set_subject_name(request, subject) == 1 &&
		    X509_REQ_set_pubkey(request, csr->key) == 1);
	add_extensions(request, csr);
	if (csr->has_challenge_password)
		DEVICE_NEED(X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_ASC,
						      (const uint8_t *)"open sesame", -1) == 1);
	if (csr->has_unknown_attribute)
		DEVICE_NEED(X509_REQ_add1_attr_by_NID(request, NID_pkcs9_unstructuredName, MBSTRING_ASC,
						      (const uint8_t *)"something", -1) == 1);
	sign(request, csr);
	const int size = i2d_X509_REQ(request, &der);
	DEVICE_NEED(size > 0);
	out->size = 0;
	device_append(out, der, (size_t)size);
	if (csr->is_changed)
		out->data[out->size - 1] ^= 1;
	OPENSSL_free(der);
	X509_NAME_free(subject);
	X509_REQ_free(request);
}

void device_base64url(struct bytes octets, struct device_octets *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t i = 0; i < octets.size; i += 3) {
		const size_t have = octets.size - i < 3 ? octets.size - i : 3;
		uint32_t group = 0;
		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (k < have ? octets.data[i + k] : 0u);
		for (size_t k = 0; k <= have; k++)
			device_append(out, &digits[group >> (18 - 6 * k) & 63], 1);
	}
}

static void coordinate(const struct device_account *account, const char *name, struct device_octets *out)
{
	uint8_t octets[32];
	BIGNUM *number = NULL;
	DEVICE_NEED(EVP_PKEY_get_bn_param(account->key, name, &number) == 1 && BN_bn2binpad(number, octets, 32) == 32);
	device_base64url(BYTES_OF(octets), out);
	BN_free(number);
}

static void append_text(struct device_octets *out, const char *text)
{
	device_append(out, text, strlen(text));
}

void device_account_new(struct device_account *out)
{
	struct device_octets jwk = {.size = 0};
	*out = (struct device_account){.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
	DEVICE_NEED(out->key != NULL);
	append_text(&jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	coordinate(out, OSSL_PKEY_PARAM_EC_PUB_X, &jwk);
	append_text(&jwk, "\",\"y\":\"");
	coordinate(out, OSSL_PKEY_PARAM_EC_PUB_Y, &jwk);
	append_text(&jwk, "\"}");
	memcpy(out->jwk, jwk.data, jwk.size);
	out->jwk_size = jwk.size;
	DEVICE_NEED(EVP_Digest(jwk.data, jwk.size, out->thumbprint, NULL, EVP_sha256(), NULL) == 1);
}

void device_account_free(struct device_account *account)
{
	EVP_PKEY_free(account->key);
	account->key = NULL;
}

static void append_signature(const struct device_account *account, struct bytes covered, struct device_octets *out)
{
	uint8_t der[80], pair[64];
	size_t size = sizeof der;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	DEVICE_NEED(context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, account->key) == 1);
	DEVICE_NEED(EVP_DigestSign(context, der, &size, covered.data, covered.size) == 1);
	const uint8_t *start = der;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &start, (long)size);
	DEVICE_NEED(signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), pair, 32) == 32 &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(signature), pair + 32, 32) == 32);
	device_base64url(BYTES_OF(pair), out);
	ECDSA_SIG_free(signature);
	EVP_MD_CTX_free(context);
}

void device_jws_build(const struct device_jws *jws, struct device_octets *out)
{
	struct device_octets head = {.size = 0}, covered = {.size = 0};
	char text[2048];
	const int length = snprintf(text, sizeof text, "{\"alg\":\"%s\",\"nonce\":\"%s\",\"url\":\"%s\",%s%s%s}",
				    jws->algorithm != NULL ? jws->algorithm : "ES256",
				    jws->nonce != NULL ? jws->nonce : "bm9uY2U", jws->url,
				    jws->kid != NULL ? "\"kid\":\"" : "\"jwk\":",
				    jws->kid != NULL ? jws->kid : (const char *)jws->account->jwk, jws->kid != NULL ? "\"" : "");
	DEVICE_NEED(length > 0 && (size_t)length < sizeof text);
	device_append(&head, text, (size_t)length);
	device_base64url(device_view(&head), &covered);
	const size_t head_size = covered.size;
	append_text(&covered, ".");
	device_base64url(bytes_from_text(jws->payload), &covered);
	out->size = 0;
	append_text(out, "{\"protected\":\"");
	device_append(out, covered.data, head_size);
	append_text(out, "\",\"payload\":\"");
	device_append(out, covered.data + head_size + 1, covered.size - head_size - 1);
	append_text(out, "\",\"signature\":\"");
	append_signature(jws->account, device_view(&covered), out);
	append_text(out, "\"}");
}
