/* SPDX-License-Identifier: Apache-2.0
 * Reads the certificate by OpenSSL and believes nothing of it but what is asked. Distrusts every octet. */
#include "ca/prober/acme_certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <strings.h>

#include "firmware/boundary/identifier.h"

static const char acme_identifier[] = "1.3.6.1.5.5.7.1.31";
enum { most_octets = 16384 };

static bool is_name(const GENERAL_NAME *general, const char *name)
{
	const struct bytes text = {ASN1_STRING_get0_data(general->d.dNSName), (size_t)ASN1_STRING_length(general->d.dNSName)};
	return text.size == strlen(name) && strncasecmp((const char *)text.data, name, text.size) == 0;
}

static bool is_address(const GENERAL_NAME *general, const char *name)
{
	uint8_t octets[16];
	const size_t size = identifier_address(bytes_from_text(name), octets);
	const struct bytes found = {ASN1_STRING_get0_data(general->d.iPAddress),
				    (size_t)ASN1_STRING_length(general->d.iPAddress)};
	return size != 0 && bytes_equal(found, bytes_from(octets, size));
}

static bool names_it_alone(X509 *certificate, const char *name, bool is_ip)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool is_alone = names != NULL && sk_GENERAL_NAME_num(names) == 1;
	if (is_alone) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, 0);
		is_alone = is_ip ? one->type == GEN_IPADD && is_address(one, name) : one->type == GEN_DNS && is_name(one, name);
	}
	GENERAL_NAMES_free(names);
	return is_alone;
}

static const char *judge_identifier(X509 *certificate, const uint8_t digest[32])
{
	uint8_t wanted[34] = {0x04, 32}; /* OCTET STRING */
	ASN1_OBJECT *oid = OBJ_txt2obj(acme_identifier, 1);
	const int at = oid == NULL ? -1 : X509_get_ext_by_OBJ(certificate, oid, -1);
	const bool is_twice = at >= 0 && X509_get_ext_by_OBJ(certificate, oid, at) >= 0;
	ASN1_OBJECT_free(oid);
	if (at < 0)
		return "it has no acmeIdentifier";
	if (is_twice)
		return "it has more than one acmeIdentifier";
	X509_EXTENSION *extension = X509_get_ext(certificate, at);
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	if (X509_EXTENSION_get_critical(extension) != 1)
		return "its acmeIdentifier is not critical";
	memcpy(wanted + 2, digest, 32);
	const struct bytes found = {ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
	return bytes_equal(found, BYTES_OF(wanted)) ? NULL : "its acmeIdentifier is not the digest of the key authorization";
}

static const char *judge(X509 *certificate, const char *name, bool is_ip, const uint8_t digest[32])
{
	if (X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) != 0 ||
	    X509_verify(certificate, X509_get0_pubkey(certificate)) != 1)
		return "it is not self-signed";
	if (!names_it_alone(certificate, name, is_ip))
		return "its subjectAltName is not the name alone";
	return judge_identifier(certificate, digest);
}

const char *acme_certificate_judge(struct bytes der, const char *name, bool is_ip, const uint8_t digest[32])
{
	const unsigned char *at = der.data;
	X509 *certificate = der.size == 0 || der.size > most_octets ? NULL : d2i_X509(NULL, &at, (long)der.size);
	const char *lack = certificate == NULL || at != der.data + der.size ? "it is no certificate"
									     : judge(certificate, name, is_ip, digest);
	X509_free(certificate);
	ERR_clear_error();
	return lack;
}
