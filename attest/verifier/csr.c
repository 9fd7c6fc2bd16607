/* SPDX-License-Identifier: Apache-2.0
 * Reads and judges certificate requests. Distrusts every byte; what is granted is the signer's to write, so all that
 * counts here is that the request wishes for nothing else. */
#include "attest/verifier/csr.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "attest/verifier/certificate.h"

enum { longest_request = 16384, least_rsa_bits = 2048, most_rsa_bits = 4096, least_exponent = 65537 };

static void request_free(X509_REQ **request)
{
	X509_REQ_free(*request);
}
static void extensions_free(STACK_OF(X509_EXTENSION) **extensions)
{
	sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

static X509_REQ *parse(struct bytes der)
{
	const unsigned char *at = der.data;
	unsigned char *again = NULL;
	if (der.size == 0 || der.size > longest_request)
		return NULL;
	X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.size);
	if (request == NULL)
		return NULL;
	(void)i2d_re_X509_REQ_tbs(request, NULL); /* encoded anew, so that BER shows */
	const int size = i2d_X509_REQ(request, &again);
	const bool is_der = size > 0 && bytes_equal(der, bytes_from(again, (size_t)size)) &&
			    X509_REQ_get_version(request) == X509_REQ_VERSION_1;
	OPENSSL_free(again);
	if (is_der)
		return request;
	X509_REQ_free(request);
	return NULL;
}

static bool rsa_is_strong(EVP_PKEY *key)
{
	BIGNUM *modulus = NULL, *exponent = NULL;
	const int bits = EVP_PKEY_get_bits(key);
	const bool is_strong = EVP_PKEY_get_bn_param(key, "n", &modulus) == 1 &&
			       EVP_PKEY_get_bn_param(key, "e", &exponent) == 1 && bits >= least_rsa_bits &&
			       bits <= most_rsa_bits && BN_is_odd(modulus) && BN_is_odd(exponent) &&
			       BN_num_bits(exponent) <= 32 && BN_get_word(exponent) >= least_exponent;
	BN_free(modulus);
	BN_free(exponent);
	return is_strong;
}

static bool key_is_strong(EVP_PKEY *key)
{
	char curve[32] = "";
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return EVP_PKEY_is_a(key, "RSA") && rsa_is_strong(key);
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1)
		return false;
	return strcmp(curve, "prime256v1") == 0 || strcmp(curve, "secp384r1") == 0 || strcmp(curve, "secp521r1") == 0;
}

/* SHA-2 with ECDSA or RSA PKCS#1 v1.5: RSA-PSS has parameters that nobody needs here. */
static bool signature_is_right(X509_REQ *request, EVP_PKEY *key)
{
	switch (X509_REQ_get_signature_nid(request)) {
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
		return X509_REQ_verify(request, key) == 1;
	default:
		return false;
	}
}

static bool attributes_are_taken(const X509_REQ *request)
{
	const int count = X509_REQ_get_attr_count(request);
	if (count == 0)
		return true;
	X509_ATTRIBUTE *attribute = X509_REQ_get_attr(request, 0);
	return count == 1 && OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute)) == NID_ext_req &&
	       X509_ATTRIBUTE_count(attribute) == 1;
}

static bool usage_is_taken(X509_EXTENSION *extension)
{
	ASN1_BIT_STRING *usage = X509V3_EXT_d2i(extension);
	bool is_taken = usage != NULL && usage->length == 1;
	if (is_taken) /* digitalSignature 0x80, keyEncipherment 0x20 */
		is_taken = (usage->data[0] & ~(0x80 | 0x20)) == 0;
	ASN1_BIT_STRING_free(usage);
	return is_taken;
}

static bool extended_usage_is_taken(X509_EXTENSION *extension)
{
	EXTENDED_KEY_USAGE *usages = X509V3_EXT_d2i(extension);
	const bool is_taken = usages != NULL && sk_ASN1_OBJECT_num(usages) == 1 &&
			      OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, 0)) == NID_client_auth;
	EXTENDED_KEY_USAGE_free(usages);
	return is_taken;
}

static bool constraints_are_taken(X509_EXTENSION *extension)
{
	BASIC_CONSTRAINTS *constraints = X509V3_EXT_d2i(extension);
	const bool is_taken = constraints != NULL && constraints->ca == 0 && constraints->pathlen == NULL;
	BASIC_CONSTRAINTS_free(constraints);
	return is_taken;
}

/* At most one name, of the order's kind; another kind is an extension that is not granted. */
static status judge_names(X509_EXTENSION *extension, struct bytes identifier)
{
	char name[257];
	GENERAL_NAMES *names = X509V3_EXT_d2i(extension);
	if (names == NULL)
		return REFUSE(csr_extension_refused);
	const bool is_one = sk_GENERAL_NAME_num(names) == 1 &&
			    certificate_permanent_identifier(sk_GENERAL_NAME_value(names, 0), name, sizeof name);
	GENERAL_NAMES_free(names);
	return is_one && bytes_equal_text(identifier, name) ? OK : REFUSE(csr_name_wrong);
}

static status judge_extension(X509_EXTENSION *extension, struct bytes identifier)
{
	bool is_taken = false;
	switch (OBJ_obj2nid(X509_EXTENSION_get_object(extension))) {
	case NID_subject_alt_name:
		return judge_names(extension, identifier);
	case NID_key_usage:
		is_taken = usage_is_taken(extension);
		break;
	case NID_ext_key_usage:
		is_taken = extended_usage_is_taken(extension);
		break;
	case NID_basic_constraints:
		is_taken = constraints_are_taken(extension);
		break;
	default:
		break;
	}
	return is_taken ? OK : REFUSE(csr_extension_refused);
}

static status judge_extensions(X509_REQ *request, struct bytes identifier, struct detail *detail)
{
	__attribute__((cleanup(extensions_free))) STACK_OF(X509_EXTENSION) *extensions =
		X509_REQ_get_attr_count(request) == 0 ? NULL : X509_REQ_get_extensions(request);
	if (X509_REQ_get_attr_count(request) != 0 && extensions == NULL)
		return REFUSE(csr_attribute_refused);
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *extension = sk_X509_EXTENSION_value(extensions, i);
		const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
		char oid[64] = "";
		OBJ_obj2txt(oid, sizeof oid, object, 1);
		detail_say(detail, "extension %s", oid);
		if (X509v3_get_ext_by_OBJ(extensions, object, i) >= 0)
			return REFUSE(csr_extension_refused); /* twice */
		TRY(judge_extension(extension, identifier));
	}
	detail_say(detail, "%s", "");
	return OK;
}

/* Empty, or one CN that is the identifier. */
static bool subject_is_taken(const X509_REQ *request, struct bytes identifier)
{
	const X509_NAME *subject = X509_REQ_get_subject_name(request);
	if (X509_NAME_entry_count(subject) == 0)
		return true;
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, 0);
	const ASN1_STRING *name = X509_NAME_ENTRY_get_data(entry);
	return X509_NAME_entry_count(subject) == 1 &&
	       OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_commonName &&
	       bytes_equal(identifier, bytes_from(ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)));
}

static bool read_spki(X509_REQ *request, struct csr *out)
{
	unsigned char *spki = NULL;
	const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &spki);
	const bool is_read = size > 0 && (size_t)size <= sizeof out->spki;
	if (is_read) {
		out->spki_size = (size_t)size;
		memcpy(out->spki, spki, out->spki_size);
	}
	OPENSSL_free(spki);
	return is_read;
}

static status judge(X509_REQ *request, struct bytes identifier, EVP_PKEY *account_key, struct csr *out,
		    struct detail *detail)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	if (key == NULL || !key_is_strong(key) || !read_spki(request, out))
		return REFUSE(csr_key_weak);
	if (EVP_PKEY_eq(key, account_key) == 1)
		return REFUSE(csr_key_is_account_key);
	if (!signature_is_right(request, key))
		return REFUSE(csr_signature_wrong);
	if (!attributes_are_taken(request))
		return REFUSE(csr_attribute_refused);
	TRY(judge_extensions(request, identifier, detail));
	return subject_is_taken(request, identifier) ? OK : REFUSE(csr_name_wrong);
}

status csr_judge(struct bytes der, struct bytes identifier, EVP_PKEY *account_key, struct csr *out, struct detail *detail)
{
	struct csr read = {0};
	__attribute__((cleanup(request_free))) X509_REQ *request = parse(der);
	if (request == NULL) {
		ERR_clear_error();
		return REFUSE(csr_malformed);
	}
	const status judged = judge(request, identifier, account_key, &read, detail);
	ERR_clear_error();
	if (!is_refused(judged))
		*out = read;
	return judged;
}
