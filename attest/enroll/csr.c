/* SPDX-License-Identifier: Apache-2.0
 * Builds PKCS #10 with OpenSSL and lets the TPM sign it. Whose bytes: the command line's and our own TPM's. */
#include "attest/enroll/csr.h"

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "attest/enroll/permanent_identifier.h"
#include "attest/enroll/public_key.h"

enum { longest_common_name = 64 }; /* RFC 5280 A.1, ub-common-name */

static void free_request(X509_REQ **request)
{
	X509_REQ_free(*request);
}
static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static bool set_subject(X509_REQ *request, const char *identifier)
{
	X509_NAME *name = X509_REQ_get_subject_name(request);
	return strlen(identifier) > longest_common_name ||
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)identifier, -1,
					  -1, 0) == 1;
}

static bool set_names(X509_REQ *request, const char *identifier)
{
	GENERAL_NAMES *names = permanent_identifier_build(identifier);
	X509_EXTENSION *extension = names == NULL ? NULL : X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
	X509_EXTENSIONS *extensions = sk_X509_EXTENSION_new_null();
	const bool is_pushed =
		extension != NULL && extensions != NULL && sk_X509_EXTENSION_push(extensions, extension) > 0;
	const bool is_set = is_pushed && X509_REQ_add_extensions(request, extensions) == 1;
	if (!is_pushed)
		X509_EXTENSION_free(extension);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	GENERAL_NAMES_free(names);
	return is_set;
}

static bool digest_tbs(X509_REQ *request, uint8_t digest[tpm_digest_size])
{
	unsigned char *der = NULL;
	const int size = i2d_re_X509_REQ_tbs(request, &der);
	const bool is_made = size > 0 && EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	return is_made;
}

/* RFC 5758 3.2: no parameters for ECDSA; RFC 4055 5: NULL for RSA. */
static bool set_signature(X509_REQ *request, bool is_rsa, struct bytes octets)
{
	X509_ALGOR *algorithm = X509_ALGOR_new();
	ASN1_BIT_STRING *signature = ASN1_BIT_STRING_new();
	const int nid = is_rsa ? NID_sha256WithRSAEncryption : NID_ecdsa_with_SHA256;
	const bool is_set =
		algorithm != NULL && signature != NULL &&
		X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), is_rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) == 1 &&
		ASN1_BIT_STRING_set(signature, (unsigned char *)(uintptr_t)octets.data, (int)octets.size) == 1 &&
		X509_REQ_set1_signature_algo(request, algorithm) == 1;
	X509_ALGOR_free(algorithm);
	if (!is_set) {
		ASN1_BIT_STRING_free(signature);
		return false;
	}
	signature->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 7);
	signature->flags |= ASN1_STRING_FLAG_BITS_LEFT; /* no unused bits */
	X509_REQ_set0_signature(request, signature);
	return true;
}

static outcome sign(struct tpm *tpm, const struct tpm_blob *key, X509_REQ *request, bool is_rsa)
{
	uint8_t digest[tpm_digest_size], octets[512];
	struct buffer signature = BUFFER(octets);
	if (!digest_tbs(request, digest))
		return outcome_fail(exit_other, "the certificate request cannot be built");
	STEP(tpm_sign(tpm, key, digest, &signature));
	return set_signature(request, is_rsa, buffer_view(&signature))
		       ? DONE
		       : outcome_fail(exit_other, "the certificate request cannot be built");
}

outcome csr_build(struct tpm *tpm, const struct tpm_blob *key, const char *identifier, struct buffer *out)
{
	__attribute__((cleanup(free_request))) X509_REQ *request = X509_REQ_new();
	__attribute__((cleanup(free_key))) EVP_PKEY *public = public_key_from(tpm_area(key));
	unsigned char *der = NULL;
	if (request == NULL || public == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(request, public) != 1 || !set_subject(request, identifier))
		return outcome_fail(exit_other, "the certificate request cannot be built");
	if (!set_names(request, identifier))
		return outcome_fail(exit_usage, "%s is not an identifier: VALUE or VALUE/ASSIGNER-OID", identifier);
	STEP(sign(tpm, key, request, EVP_PKEY_is_a(public, "RSA")));
	const int size = i2d_X509_REQ(request, &der);
	const bool is_added = size > 0 && buffer_add(out, der, (size_t)size);
	OPENSSL_free(der);
	return is_added ? DONE : outcome_fail(exit_other, "the certificate request is too long");
}
