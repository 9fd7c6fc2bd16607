/* SPDX-License-Identifier: Apache-2.0
 * What each role's certificate says. Distrusts the token's signature until it verified. */
#include "pkcs11/ceremony/certificate.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { serial_size = 20, backdate_s = 300 };

static void certificate_free(X509 **certificate)
{
	X509_free(*certificate);
}

static const struct usage {
	const char *role, *constraints, *key_usage;
} usages[] = {
    /* below the root stand issuers, below issuers only leaves */
    {"root", "critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign"},
    {"issuer", "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign"},
    {"ak-issuer", "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign"},
    {"audit", "critical,CA:FALSE", "critical,digitalSignature"},
};

static const struct usage *find_usage(const char *role)
{
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
		if (strcmp(usages[i].role, role) == 0)
			return &usages[i];
	return NULL;
}

static bool set_serial(X509 *certificate)
{
	uint8_t octets[serial_size];
	if (RAND_bytes(octets, sizeof octets) != 1)
		return false;
	octets[0] = (uint8_t)((octets[0] & 0x7f) | 0x40); /* positive, and always of this length (RFC 5280 4.1.2.2) */
	BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
	const bool is_set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return is_set;
}

static bool set_validity(X509 *certificate, const struct certificate_wish *wish)
{
	time_t now = time(NULL);
	if (X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -backdate_s, &now) == NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)wish->days, 0, &now) == NULL)
		return false;
	if (wish->issuer == NULL ||
	    ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(wish->issuer)) <= 0)
		return true;
	return X509_set1_notAfter(certificate, X509_get0_notAfter(wish->issuer)) == 1;
}

static bool set_names(X509 *certificate, const struct certificate_wish *wish)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->subject, -1, -1, 0) ==
		   1 &&
	       X509_set_issuer_name(certificate, wish->issuer == NULL ? name : X509_get_subject_name(wish->issuer)) ==
		   1;
}

static bool add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
	const bool is_added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

/* The interface takes the issuer as if it changed it; this copy is given up again. */
static bool add_extensions(X509 *certificate, const struct certificate_wish *wish, const struct usage *usage)
{
	X509 *issuer __attribute__((cleanup(certificate_free))) = wish->issuer == NULL ? NULL : X509_dup(wish->issuer);
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer == NULL ? certificate : issuer, certificate, NULL, NULL, 0);
	return add_extension(certificate, &context, NID_basic_constraints, usage->constraints) &&
	       add_extension(certificate, &context, NID_key_usage, usage->key_usage) &&
	       add_extension(certificate, &context, NID_subject_key_identifier, "hash") &&
	       add_extension(certificate, &context, NID_authority_key_identifier, "keyid:always");
}

static const EVP_MD *hash_for(const EVP_PKEY *key)
{
	return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256();
}

/* Verifies with the public key out of the encoded issuer, so without the token. */
static bool signature_verifies(const X509 *certificate, const struct certificate_wish *wish)
{
	X509 *copy __attribute__((cleanup(certificate_free))) = X509_dup(certificate);
	X509 *issuer __attribute__((cleanup(certificate_free))) =
	    X509_dup(wish->issuer == NULL ? certificate : wish->issuer);
	return copy != NULL && issuer != NULL && X509_verify(copy, X509_get0_pubkey(issuer)) == 1;
}

X509 *certificate_issue(const struct certificate_wish *wish)
{
	const struct usage *usage = find_usage(wish->role);
	X509 *certificate __attribute__((cleanup(certificate_free))) = X509_new();
	if (usage == NULL || certificate == NULL || X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    !set_serial(certificate) || !set_names(certificate, wish) || !set_validity(certificate, wish) ||
	    X509_set_pubkey(certificate, wish->key) != 1 || !add_extensions(certificate, wish, usage)) {
		fprintf(stderr, "The certificate %s cannot be built\n", wish->subject);
		return NULL;
	}
	if (X509_sign(certificate, wish->issuer_key, hash_for(wish->issuer_key)) == 0) {
		fprintf(stderr, "The token did not sign the certificate %s\n", wish->subject);
		return NULL;
	}
	if (!signature_verifies(certificate, wish)) {
		fprintf(stderr, "The token's signature on the certificate %s does not verify\n", wish->subject);
		return NULL;
	}
	X509 *out = certificate;
	certificate = NULL;
	return out;
}
