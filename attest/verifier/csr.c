/* SPDX-License-Identifier: Apache-2.0
 * Decides whether a certificate request is taken. It is walked as DER before OpenSSL reads it, since OpenSSL keeps the octets of
 * some parts as they came and would sign or compare BER unseen. Distrusts every byte. */
#include "attest/verifier/csr.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "attest/verifier/certificate.h"
#include "attest/verifier/rsa_key.h"
#include "attest/verifier/tpm_key.h"

enum { deepest = 16, least_rsa_bits = 2048, most_rsa_bits = 4096, pss_parameters_size = 54 };

static void free_request(X509_REQ **request)
{
	X509_REQ_free(*request);
}
static void free_octets(uint8_t **octets)
{
	OPENSSL_free(*octets);
}
static void free_number(BIGNUM **number)
{
	BN_free(*number);
}
static void free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}
static void free_extensions(STACK_OF(X509_EXTENSION) **extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}
static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}
static void free_usages(EXTENDED_KEY_USAGE **usages)
{
	EXTENDED_KEY_USAGE_free(*usages);
}
static void free_bits(ASN1_BIT_STRING **bits)
{
	ASN1_BIT_STRING_free(*bits);
}
static void free_constraints(BASIC_CONSTRAINTS **constraints)
{
	BASIC_CONSTRAINTS_free(*constraints);
}
#define OWNED(free) __attribute__((cleanup(free)))

static struct bytes octets_of(const ASN1_STRING *string)
{
	return bytes_from(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* One identifier and length of DER before `end`: short tags, definite and shortest lengths, only SEQUENCE and SET constructed. */
static bool read_head(const uint8_t **at, const uint8_t *end, bool *is_constructed, size_t *size)
{
	if (end - *at < 2)
		return false;
	const uint8_t tag = *(*at)++, first = *(*at)++;
	*is_constructed = (tag & 0x20) != 0;
	if ((tag & 0x1f) == 0x1f || ((tag & 0xc0) == 0 && *is_constructed != ((tag & 0x1f) == 16 || (tag & 0x1f) == 17)))
		return false;
	*size = first;
	if (first >= 0x80) {
		const size_t count = first & 0x7f;
		if (count < 1 || count > 3 || (size_t)(end - *at) < count || **at == 0)
			return false;
		*size = 0;
		for (size_t i = 0; i < count; i++)
			*size = *size << 8 | *(*at)++;
		if (*size < 0x80)
			return false;
	}
	return *size <= (size_t)(end - *at);
}

/* Exactly one element, all the way down. */
static bool is_one_element(struct bytes der)
{
	const uint8_t *ends[deepest], *at = der.data;
	size_t depth = 0, size;
	bool is_constructed;
	if (der.size == 0)
		return false;
	ends[depth++] = der.data + der.size;
	while (depth > 0) {
		if (!read_head(&at, ends[depth - 1], &is_constructed, &size))
			return false;
		if (is_constructed) {
			if (depth == deepest)
				return false;
			ends[depth++] = at + size;
		} else {
			at += size;
		}
		while (depth > 0 && at == ends[depth - 1])
			depth--;
		if (depth == 1) /* the one element has ended, and something follows it */
			return false;
	}
	return true;
}

static bool is_encoding(uint8_t *made, int size, struct bytes der)
{
	return made != NULL && size > 0 && bytes_equal(bytes_from(made, (size_t)size), der);
}

static status parse(struct bytes der, X509_REQ **out)
{
	OWNED(free_octets) uint8_t *again = NULL, *info = NULL;
	if (der.size > csr_most_octets || !is_one_element(der))
		return REFUSE(csr_malformed);
	const uint8_t *at = der.data;
	OWNED(free_request) X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.size);
	if (request == NULL || at != der.data + der.size || X509_REQ_get_version(request) != X509_REQ_VERSION_1)
		return REFUSE(csr_malformed);
	/* This forgets the octets that were kept, so that what follows is truly made anew. */
	if (i2d_re_X509_REQ_tbs(request, &info) <= 0)
		return REFUSE(csr_malformed);
	const int size = i2d_X509_REQ(request, &again);
	if (!is_encoding(again, size, der))
		return REFUSE(csr_malformed);
	*out = request;
	request = NULL;
	return OK;
}

/* OpenSSL's own judgement: the modulus has no small factor and is no prime or power of one. */
static bool is_composite_of_large(EVP_PKEY *key)
{
	OWNED(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	return context != NULL && EVP_PKEY_public_check(context) == 1;
}

static bool is_sound_rsa(EVP_PKEY *key, const X509_ALGOR *algorithm)
{
	OWNED(free_number) BIGNUM *modulus = NULL;
	OWNED(free_number) BIGNUM *exponent = NULL;
	int type;
	X509_ALGOR_get0(NULL, &type, NULL, algorithm);
	if (type != V_ASN1_NULL || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
		return false;
	const int bits = BN_num_bits(modulus), exponent_bits = BN_num_bits(exponent);
	return bits >= least_rsa_bits && bits <= most_rsa_bits && BN_is_odd(modulus) && exponent_bits >= 17 && exponent_bits <= 32 &&
	       BN_is_odd(exponent) && BN_get_word(exponent) >= 65537 && !rsa_key_is_factorable(key) &&
	       is_composite_of_large(key);
}

/* That the point is on the curve was seen when it was read; these curves have no small subgroups. */
static bool is_sound_ec(const X509_ALGOR *algorithm, struct bytes point)
{
	int type;
	const void *value;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_OBJECT || point.size == 0 || point.data[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	const int curve = OBJ_obj2nid(value);
	return curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1;
}

static bool find_thumbprint(EVP_PKEY *key, uint8_t out[jwk_thumbprint_size])
{
	uint8_t form[jwk_canonical_room];
	struct buffer canonical = BUFFER(form);
	return !is_refused(jwk_build(key, &canonical)) &&
	       EVP_Digest(canonical.data, canonical.size, out, NULL, EVP_sha256(), NULL) == 1;
}

static status judge_key(X509_REQ *request, EVP_PKEY *account_key, struct csr *out)
{
	OWNED(free_octets) uint8_t *spki = NULL;
	uint8_t again_room[csr_most_spki];
	struct buffer again = BUFFER(again_room);
	X509_ALGOR *algorithm = NULL;
	const uint8_t *point;
	int point_size;
	X509_PUBKEY *info = X509_REQ_get_X509_PUBKEY(request);
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	if (key == NULL || X509_PUBKEY_get0_param(NULL, &point, &point_size, &algorithm, info) != 1)
		return REFUSE(csr_key_weak);
	const bool is_sound = EVP_PKEY_is_a(key, "RSA") ? is_sound_rsa(key, algorithm)
							 : EVP_PKEY_is_a(key, "EC") &&
								   is_sound_ec(algorithm, bytes_from(point, (size_t)point_size));
	if (!is_sound)
		return REFUSE(csr_key_weak);
	const int size = i2d_X509_PUBKEY(info, &spki);
	if (size <= 0 || size > csr_most_spki || !tpm_key_spki(key, &again) || !is_encoding(spki, size, buffer_view(&again)))
		return REFUSE(csr_malformed);
	if (EVP_PKEY_eq(key, account_key) == 1)
		return REFUSE(csr_key_is_account_key);
	if (!find_thumbprint(key, out->thumbprint))
		return REFUSE(internal);
	out->spki_size = (size_t)size;
	memcpy(out->spki, spki, out->spki_size);
	return OK;
}

/* RSASSA-PSS-params of RFC 4055 with one hash (2.16.840.1.101.3.4.2.N) throughout and a salt as long as it. */
static bool is_usual_pss(const ASN1_STRING *parameters)
{
	static const uint8_t usual[pss_parameters_size] = {
		0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
		0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d,
		0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20};
	static const uint8_t salts[] = {0x20, 0x30, 0x40};
	for (uint8_t i = 0; i < sizeof salts; i++) {
		uint8_t wanted[pss_parameters_size];
		memcpy(wanted, usual, sizeof wanted);
		wanted[16] = wanted[46] = (uint8_t)(i + 1);
		wanted[pss_parameters_size - 1] = salts[i];
		if (bytes_equal(octets_of(parameters), BYTES_OF(wanted)))
			return true;
	}
	return false;
}

/* The signature's algorithm fits the key and is said in the one way: its parameters are under no signature. */
static bool is_algorithm_taken(const X509_ALGOR *algorithm, EVP_PKEY *key)
{
	const ASN1_OBJECT *object;
	const void *value;
	int type;
	X509_ALGOR_get0(&object, &type, &value, algorithm);
	switch (OBJ_obj2nid(object)) {
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		return EVP_PKEY_is_a(key, "RSA") && (type == V_ASN1_NULL || type == V_ASN1_UNDEF);
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
		return EVP_PKEY_is_a(key, "EC") && type == V_ASN1_UNDEF;
	case NID_rsassaPss:
		return EVP_PKEY_is_a(key, "RSA") && type == V_ASN1_SEQUENCE && is_usual_pss(value);
	default:
		return false;
	}
}

static status judge_signature(X509_REQ *request)
{
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *algorithm;
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	X509_REQ_get0_signature(request, &signature, &algorithm);
	return is_algorithm_taken(algorithm, key) && X509_REQ_verify(request, key) == 1 ? OK : REFUSE(csr_signature_wrong);
}

static status judge_usage(X509_EXTENSION *extension)
{
	OWNED(free_bits) ASN1_BIT_STRING *bits = X509V3_EXT_d2i(extension);
	if (bits == NULL || ASN1_STRING_length(bits) == 0)
		return REFUSE(csr_extension_refused);
	for (int i = 0; i < ASN1_STRING_length(bits) * 8; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i) && i != 0 && i != 2) /* digitalSignature, keyEncipherment */
			return REFUSE(csr_extension_refused);
	return OK;
}

/* What is granted is the envelope's; a wish for what no envelope has is refused. */
static status judge_extended_usage(X509_EXTENSION *extension)
{
	OWNED(free_usages) EXTENDED_KEY_USAGE *usages = X509V3_EXT_d2i(extension);
	const int count = sk_ASN1_OBJECT_num(usages);
	bool is_taken = count >= 1 && count <= 2;
	for (int i = 0; is_taken && i < count; i++) {
		const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));
		is_taken = nid == NID_client_auth || nid == NID_server_auth;
	}
	return is_taken ? OK : REFUSE(csr_extension_refused);
}

static status judge_constraints(X509_EXTENSION *extension)
{
	OWNED(free_constraints) BASIC_CONSTRAINTS *constraints = X509V3_EXT_d2i(extension);
	return constraints != NULL && !constraints->ca && constraints->pathlen == NULL ? OK : REFUSE(csr_extension_refused);
}

static status judge_alternative_names(X509_EXTENSION *extension, struct csr_names *order)
{
	OWNED(free_names) GENERAL_NAMES *names = X509V3_EXT_d2i(extension);
	if (sk_GENERAL_NAME_num(names) <= 0)
		return REFUSE(csr_name_wrong);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		TRY(csr_names_take(order, sk_GENERAL_NAME_value(names, i)));
	return OK;
}

static status judge_extension(X509_EXTENSION *extension, struct csr_names *order, struct detail *detail)
{
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
	const int nid = OBJ_obj2nid(object);
	char oid[80] = "";
	OBJ_obj2txt(oid, sizeof oid, object, 1);
	detail_say(detail, "extension %s", oid);
	if (!is_one_element(octets_of(X509_EXTENSION_get_data(extension))))
		return REFUSE(csr_extension_refused);
	if (nid == NID_subject_alt_name)
		return judge_alternative_names(extension, order);
	if (nid == NID_key_usage)
		return judge_usage(extension);
	if (nid == NID_ext_key_usage)
		return judge_extended_usage(extension);
	return nid == NID_basic_constraints ? judge_constraints(extension) : REFUSE(csr_extension_refused);
}

static status judge_extensions(const ASN1_STRING *value, struct csr_names *order, struct detail *detail)
{
	OWNED(free_octets) uint8_t *again = NULL;
	const struct bytes der = octets_of(value);
	const uint8_t *at = der.data;
	OWNED(free_extensions) STACK_OF(X509_EXTENSION) *extensions = d2i_X509_EXTENSIONS(NULL, &at, (long)der.size);
	if (extensions == NULL)
		return REFUSE(csr_malformed);
	const int size = i2d_X509_EXTENSIONS(extensions, &again);
	if (!is_encoding(again, size, der))
		return REFUSE(csr_malformed);
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
		TRY(judge_extension(extension, order, detail));
		if (X509v3_get_ext_by_OBJ(extensions, X509_EXTENSION_get_object(extension), i) >= 0)
			return REFUSE(csr_extension_refused);
	}
	return OK;
}

static status judge_attributes(X509_REQ *request, struct csr_names *order, struct detail *detail)
{
	const int count = X509_REQ_get_attr_count(request);
	if (count <= 0)
		return OK;
	X509_ATTRIBUTE *attribute = X509_REQ_get_attr(request, 0);
	const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, 0);
	if (count != 1 || X509_ATTRIBUTE_count(attribute) != 1 || value == NULL || value->type != V_ASN1_SEQUENCE ||
	    OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) != NID_ext_req)
		return REFUSE(csr_attribute_refused);
	return judge_extensions(value->value.sequence, order, detail);
}

static status judge_subject(X509_REQ *request, struct csr_names *order, struct detail *detail)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(request);
	const int count = X509_NAME_entry_count(subject);
	if (count == 0)
		return OK;
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, 0);
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	const int type = ASN1_STRING_type(value);
	const bool is_common_name =
		count == 1 && OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_commonName &&
		(type == V_ASN1_UTF8STRING || type == V_ASN1_PRINTABLESTRING || type == V_ASN1_IA5STRING);
	if (is_common_name && !is_refused(csr_names_take_subject(order, octets_of(value))))
		return OK;
	detail_say(detail, "the subject is neither empty nor one common name that is an identifier of the order");
	return REFUSE(csr_name_wrong);
}

status csr_judge(struct bytes der, struct csr_names *order, EVP_PKEY *account_key, struct csr *out, struct detail *detail)
{
	OWNED(free_request) X509_REQ *request = NULL;
	struct csr made = {0};
	struct detail said = {{0}};
	TRY(parse(der, &request));
	TRY(judge_key(request, account_key, &made));
	TRY(judge_signature(request));
	status result = judge_attributes(request, order, &said);
	if (!is_refused(result))
		result = judge_subject(request, order, &said);
	if (!is_refused(result))
		result = csr_names_judge(order, &said);
	if (is_refused(result)) {
		detail_say(detail, "%s", said.text);
		return result;
	}
	*out = made;
	return OK;
}
