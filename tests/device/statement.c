/* SPDX-License-Identifier: Apache-2.0
 * TPMS_ATTEST, TPMT_SIGNATURE and the attestation object around them, honest or not. For tests only. */
#include "tests/device/statement.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <tss2/tss2_mu.h>

void device_cbor_head(struct device_octets *out, unsigned major, uint64_t value)
{
	const unsigned extra = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
	const unsigned low = extra == 0 ? (unsigned)value : extra == 1 ? 24 : extra == 2 ? 25 : extra == 4 ? 26 : 27;
	const uint8_t first = (uint8_t)(major << 5 | low);
	device_append(out, &first, 1);
	for (unsigned i = extra; i > 0; i--) {
		const uint8_t octet = (uint8_t)(value >> (8 * (i - 1)));
		device_append(out, &octet, 1);
	}
}

void device_cbor_text(struct device_octets *out, const char *text)
{
	device_cbor_head(out, 3, strlen(text));
	device_append(out, text, strlen(text));
}

void device_cbor_octets(struct device_octets *out, struct bytes octets)
{
	device_cbor_head(out, 2, octets.size);
	device_append(out, octets.data, octets.size);
}

void device_cbor_integer(struct device_octets *out, int64_t value)
{
	if (value >= 0)
		device_cbor_head(out, 0, (uint64_t)value);
	else
		device_cbor_head(out, 1, (uint64_t)(-1 - value));
}

void device_cbor_list(struct device_octets *out, const struct bytes *list, size_t count)
{
	device_cbor_head(out, 4, count);
	for (size_t i = 0; i < count; i++)
		device_cbor_octets(out, list[i]);
}

static const EVP_MD *hash_of(uint16_t algorithm)
{
	return algorithm == TPM2_ALG_SHA1     ? EVP_sha1()
	       : algorithm == TPM2_ALG_SHA384 ? EVP_sha384()
	       : algorithm == TPM2_ALG_SHA512 ? EVP_sha512()
					      : EVP_sha256();
}

static void put_attested(const struct device_statement *s, TPMS_ATTEST *attest)
{
	TPM2B_NAME name = {.size = 0};
	const struct device_key *named = s->named != NULL ? s->named : s->key;
	const struct bytes of = s->name != NULL ? *s->name : bytes_from(named->name, named->name_size);
	name.size = (uint16_t)of.size;
	memcpy(name.name, of.data, of.size);
	if (attest->type == TPM2_ST_ATTEST_CERTIFY) {
		attest->attested.certify.name = name;
		attest->attested.certify.qualifiedName = name;
	} else if (attest->type == TPM2_ST_ATTEST_QUOTE) {
		attest->attested.quote.pcrSelect.count = 1;
		attest->attested.quote.pcrSelect.pcrSelections[0] =
		    (TPMS_PCR_SELECTION){.hash = TPM2_ALG_SHA256, .sizeofSelect = 3, .pcrSelect = {1}};
		attest->attested.quote.pcrDigest.size = 32;
	} else if (attest->type == TPM2_ST_ATTEST_CREATION) {
		attest->attested.creation.objectName = name;
		attest->attested.creation.creationHash.size = 32;
		if (s->creation_hash != NULL)
			memcpy(attest->attested.creation.creationHash.buffer, s->creation_hash->data, 32);
	} else if (attest->type == TPM2_ST_ATTEST_NV) {
		attest->attested.nv.indexName = name;
	} else if (attest->type == TPM2_ST_ATTEST_SESSION_AUDIT) {
		attest->attested.sessionAudit.sessionDigest.size = 32;
	} else if (attest->type == TPM2_ST_ATTEST_COMMAND_AUDIT) {
		attest->attested.commandAudit.digestAlg = TPM2_ALG_SHA256;
	}
}

static void key_authorization_hash(const struct device_statement *s, uint8_t out[32])
{
	struct device_octets text = {.size = 0};
	device_append(&text, s->token.data, s->token.size);
	device_append(&text, ".", 1);
	device_base64url(bytes_from(s->thumbprint, 32), &text);
	DEVICE_NEED(EVP_Digest(text.data, text.size, out, NULL, EVP_sha256(), NULL) == 1);
}

static void build_certinfo(const struct device_statement *s, struct device_octets *out)
{
	TPMS_ATTEST attest = {.magic = TPM2_GENERATED_VALUE, .type = s->type != 0 ? s->type : TPM2_ST_ATTEST_CERTIFY};
	attest.qualifiedSigner.size = 34;
	attest.qualifiedSigner.name[1] = 0x0b;
	attest.extraData.size = 32;
	if (s->extra_data != NULL) {
		attest.extraData.size = (uint16_t)s->extra_data->size;
		memcpy(attest.extraData.buffer, s->extra_data->data, s->extra_data->size);
	} else {
		key_authorization_hash(s, attest.extraData.buffer);
	}
	attest.clockInfo = (TPMS_CLOCK_INFO){.clock = 123456789, .resetCount = 7, .restartCount = 1, .safe = !s->clock_unsafe};
	attest.firmwareVersion = 0x2019102300163636;
	put_attested(s, &attest);
	out->size = 0;
	DEVICE_NEED(Tss2_MU_TPMS_ATTEST_Marshal(&attest, out->data, sizeof out->data, &out->size) == 0);
	for (unsigned i = 0; s->magic != 0 && i < 4; i++)
		out->data[i] = (uint8_t)(s->magic >> (24 - 8 * i));
}

static void append_sized(struct device_octets *out, const uint8_t *data, size_t size)
{
	const uint8_t length[2] = {(uint8_t)(size >> 8), (uint8_t)size};
	device_append(out, length, sizeof length);
	device_append(out, data, size);
}

static void append_ecdsa(struct device_octets *out, const uint8_t *der, size_t size, int width)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
	uint8_t number[66];
	DEVICE_NEED(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), number, width) == width);
	append_sized(out, number, (size_t)width);
	DEVICE_NEED(BN_bn2binpad(ECDSA_SIG_get0_s(pair), number, width) == width);
	append_sized(out, number, (size_t)width);
	ECDSA_SIG_free(pair);
}

static void build_signature(const struct device_statement *s, struct bytes covered, struct device_octets *out)
{
	EVP_PKEY *const signer = s->signer != NULL ? s->signer : s->ak->key;
	const bool is_rsa = EVP_PKEY_is_a(signer, "RSA") == 1;
	const uint16_t hash = s->hash != 0 ? s->hash : TPM2_ALG_SHA256;
	const uint16_t scheme = s->scheme != 0 ? s->scheme : is_rsa ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA;
	const uint16_t said[2] = {s->said_scheme != 0 ? s->said_scheme : scheme, s->said_hash != 0 ? s->said_hash : hash};
	uint8_t made[1024];
	size_t size = sizeof made;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding = NULL;
	DEVICE_NEED(context != NULL && EVP_DigestSignInit(context, &padding, hash_of(hash), NULL, signer) == 1);
	if (scheme == TPM2_ALG_RSAPSS)
		DEVICE_NEED(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
			    EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) == 1);
	DEVICE_NEED(EVP_DigestSign(context, made, &size, covered.data, covered.size) == 1);
	EVP_MD_CTX_free(context);
	out->size = 0;
	if (s->is_raw) {
		device_append(out, made, size);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		device_append(out, (const uint8_t[]){(uint8_t)(said[i] >> 8), (uint8_t)said[i]}, 2);
	if (is_rsa)
		append_sized(out, made, size);
	else
		append_ecdsa(out, made, size, (EVP_PKEY_get_bits(signer) + 7) / 8);
}

void device_evidence_build(const struct device_statement *s, struct device_evidence *out)
{
	build_certinfo(s, &out->certinfo);
	build_signature(s, device_view(&out->certinfo), &out->signature);
	out->area.size = 0;
	if (s->area != NULL)
		device_append(&out->area, s->area->data, s->area->size);
	else
		device_append(&out->area, s->key->area, s->key->area_size);
}

static int64_t algorithm_of(const struct device_statement *s)
{
	const bool is_rsa = s->key->public.type == TPM2_ALG_RSA;
	const uint16_t hash = s->hash;
	if (s->algorithm != 0)
		return s->algorithm;
	if (hash == TPM2_ALG_SHA1)
		return -65535;
	if (hash == TPM2_ALG_SHA384)
		return is_rsa ? -258 : -35;
	if (hash == TPM2_ALG_SHA512)
		return is_rsa ? -259 : -36;
	return is_rsa ? -257 : -7;
}

static void put_member(const struct device_statement *s, const struct device_evidence *e, const char *name, struct device_octets *out)
{
	device_cbor_text(out, name);
	if (strcmp(name, "ver") == 0)
		device_cbor_text(out, s->version != NULL ? s->version : "2.0");
	if (strcmp(name, "alg") == 0)
		device_cbor_integer(out, algorithm_of(s));
	if (strcmp(name, "sig") == 0)
		device_cbor_octets(out, device_view(&e->signature));
	if (strcmp(name, "certInfo") == 0)
		device_cbor_octets(out, device_view(&e->certinfo));
	if (strcmp(name, "pubArea") == 0)
		device_cbor_octets(out, device_view(&e->area));
	if (strcmp(name, "x5c") == 0)
		device_cbor_list(out, s->chain, s->chain_count);
}

static bool is_named(const char *wanted, const char *name)
{
	return wanted != NULL && strcmp(wanted, name) == 0;
}

static void put_attstmt(const struct device_statement *s, const struct device_evidence *e, struct device_octets *out)
{
	static const char *const names[] = {"ver", "alg", "x5c", "sig", "certInfo", "pubArea"};
	uint64_t count = 6;
	for (unsigned i = 0; i < 6; i++)
		count = count - is_named(s->left_out, names[i]) + is_named(s->twice, names[i]);
	device_cbor_text(out, "attStmt");
	device_cbor_head(out, 5, count);
	for (unsigned i = 0; i < 6; i++) {
		const char *name = names[(i + s->rotation) % 6];
		if (!is_named(s->left_out, name))
			put_member(s, e, name, out);
		if (is_named(s->twice, name))
			put_member(s, e, name, out);
	}
}

static void put_outer(const struct device_statement *s, const struct device_evidence *e, unsigned which, struct device_octets *out)
{
	if (which == 0 && !is_named(s->left_out, "fmt")) {
		device_cbor_text(out, "fmt");
		device_cbor_text(out, s->format != NULL ? s->format : "tpm");
	}
	if (which == 1 && !is_named(s->left_out, "attStmt"))
		put_attstmt(s, e, out);
	if (which == 2 && s->has_auth_data) {
		device_cbor_text(out, "authData");
		device_cbor_octets(out, bytes_from("\0\1\2\3", 4));
	}
}

void device_statement_build(const struct device_statement *s, struct device_octets *out)
{
	struct device_evidence evidence;
	device_evidence_build(s, &evidence);
	uint64_t count = s->has_auth_data ? 3 : 2;
	count = count - is_named(s->left_out, "fmt") - is_named(s->left_out, "attStmt");
	count = count + is_named(s->twice, "fmt") + is_named(s->twice, "attStmt");
	out->size = 0;
	device_cbor_head(out, 5, count);
	for (unsigned i = 0; i < 3; i++)
		put_outer(s, &evidence, (i + s->rotation) % 3, out);
	if (is_named(s->twice, "fmt"))
		put_outer(s, &evidence, 0, out);
	if (is_named(s->twice, "attStmt"))
		put_outer(s, &evidence, 1, out);
}
