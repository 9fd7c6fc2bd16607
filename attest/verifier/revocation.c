/* SPDX-License-Identifier: Apache-2.0
 * Reads the lists, and looks the certificates of a path up in them. */
#include "attest/verifier/revocation.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static X509_CRL *read_crl(struct bytes file)
{
	const unsigned char *at = file.data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)file.size);
	if (crl != NULL && at != file.data + file.size) {
		X509_CRL_free(crl);
		crl = NULL;
	}
	BIO *text = crl == NULL ? BIO_new_mem_buf(file.data, (int)file.size) : NULL;
	if (text != NULL)
		crl = PEM_read_bio_X509_CRL(text, NULL, NULL, NULL);
	BIO_free(text);
	ERR_clear_error();
	return crl;
}

static bool is_indirect(const X509_CRL *crl)
{
	int state = 0;
	ISSUING_DIST_POINT *point = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &state, NULL);
	const bool is = point == NULL ? state != -1 : point->indirectCRL > 0;
	ISSUING_DIST_POINT_free(point);
	return is;
}

static const char *judge_crl(const X509_CRL *crl)
{
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *extension = X509_CRL_get_ext(crl, i);
		const int kind = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
		if (kind == NID_delta_crl)
			return "it is a delta CRL";
		if (X509_EXTENSION_get_critical(extension) && kind != NID_issuing_distribution_point)
			return "it has a critical extension that is not understood";
	}
	return is_indirect(crl) ? "it is an indirect CRL" : NULL;
}

const char *revocation_read(struct bytes file, struct revocation_list *out)
{
	struct revocation_list list = {.crl = read_crl(file)};
	const char *what = NULL;
	if (list.crl != NULL)
		what = judge_crl(list.crl);
	else if (!status_list_parse(file, &list.serials))
		what = "it is neither a CRL nor a status list";
	if (what == NULL)
		*out = list;
	else
		revocation_free(&list);
	return what;
}

void revocation_free(struct revocation_list *list)
{
	X509_CRL_free(list->crl);
	list->crl = NULL;
	status_list_free(&list->serials);
}

static bool passes_crl(X509_CRL *crl, const X509 *certificate, const X509 *issuer, const char **why)
{
	X509_REVOKED *entry = NULL;
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(certificate)) != 0)
		return true;
	const bool is_signed = key != NULL && X509_CRL_verify(crl, key) == 1;
	ERR_clear_error();
	if (!is_signed)
		*why = "the CRL with its issuer's name is not signed by it";
	else if (X509_CRL_get0_by_serial(crl, &entry, X509_get0_serialNumber(certificate)) == 1)
		*why = "it is revoked by its issuer's CRL";
	return *why == NULL;
}

static bool passes_status_list(const struct status_list *list, const X509 *certificate, const char **why)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	if (status_list_has(list, bytes_from(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial))))
		*why = "it is revoked by a status list";
	return *why == NULL;
}

bool revocation_judge(const struct revocation_lists *lists, const STACK_OF(X509) *path, struct detail *detail)
{
	for (int i = 0; i + 1 < sk_X509_num(path); i++)
		for (size_t k = 0; k < lists->count; k++) {
			const struct revocation_list *list = lists->at[k];
			const X509 *certificate = sk_X509_value(path, i);
			const char *why = NULL;
			if (list->crl != NULL ? passes_crl(list->crl, certificate, sk_X509_value(path, i + 1), &why)
					      : passes_status_list(&list->serials, certificate, &why))
				continue;
			detail_say(detail, "certificate %d of the chain: %s", i, why);
			return false;
		}
	return true;
}
