/* SPDX-License-Identifier: Apache-2.0
 * Builds lists with OpenSSL. */
#include "tests/device/revocation.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <strings.h>

static void add_revoked(X509_CRL *crl, const X509 *certificate)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	DEVICE_NEED(entry != NULL && now != NULL);
	DEVICE_NEED(X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(certificate)) == 1 &&
		    X509_REVOKED_set_revocationDate(entry, now) == 1 && X509_CRL_add0_revoked(crl, entry) == 1);
	ASN1_TIME_free(now);
}

static void add_extension(X509_CRL *crl, const struct device_crl *from)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, NULL, NULL, NULL, crl, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf(NULL, &context, from->extension, from->value);
	DEVICE_NEED(extension != NULL && X509_CRL_add_ext(crl, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void put(X509_CRL *crl, bool is_pem, struct device_octets *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *octets = NULL;
	DEVICE_NEED(text != NULL && (is_pem ? PEM_write_bio_X509_CRL(text, crl) : i2d_X509_CRL_bio(text, crl)) == 1);
	const long size = BIO_get_mem_data(text, &octets);
	out->size = 0;
	device_append(out, octets, (size_t)size);
	BIO_free(text);
}

void device_crl_build(const struct device_crl *from, struct device_octets *out)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *start = X509_gmtime_adj(NULL, -7200), *end = X509_gmtime_adj(NULL, from->ends_s != 0 ? from->ends_s : 3600);
	const X509 *issuer = from->named != NULL ? from->named : from->authority->certificate;
	DEVICE_NEED(crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
		    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) == 1 &&
		    X509_CRL_set1_lastUpdate(crl, start) == 1 && X509_CRL_set1_nextUpdate(crl, end) == 1);
	if (from->revoked != NULL)
		add_revoked(crl, from->revoked);
	if (from->extension != NULL)
		add_extension(crl, from);
	DEVICE_NEED(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, from->authority->key, EVP_sha256()) > 0);
	put(crl, from->is_pem, out);
	ASN1_TIME_free(start);
	ASN1_TIME_free(end);
	X509_CRL_free(crl);
}

void device_status_list_build(const char *spelling, const char *status, struct device_octets *out)
{
	char text[512];
	const int size = snprintf(text, sizeof text, "{\"entries\":{\"%s\":{\"status\":\"%s\"}}}", spelling, status);
	out->size = 0;
	device_append(out, text, (size_t)size);
}

const char *device_serial(const X509 *certificate)
{
	static char kept[64];
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *text = BN_bn2hex(number);
	DEVICE_NEED(text != NULL && strlen(text) < sizeof kept);
	for (size_t i = 0; i <= strlen(text); i++)
		kept[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]);
	OPENSSL_free(text);
	BN_free(number);
	return kept;
}
