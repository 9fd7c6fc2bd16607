/* SPDX-License-Identifier: Apache-2.0
 * Reads bundles by OpenSSL's own reader of PEM. */
#include "attest/verifier/bundle.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* Takes the certificate over. */
static bool push(STACK_OF(X509) *bundle, X509 *certificate)
{
	if (sk_X509_push(bundle, certificate) > 0)
		return true;
	X509_free(certificate);
	return false;
}

/* What stands between certificates is nobody's business; what looks like one has to be one. */
static bool read_all(BIO *text, STACK_OF(X509) *bundle)
{
	for (X509 *one; (one = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL;)
		if (!push(bundle, one))
			return false;
	const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return is_end && sk_X509_num(bundle) > 0;
}

static bool read_file(struct bytes file, STACK_OF(X509) *bundle)
{
	const unsigned char *at = file.data;
	X509 *one = d2i_X509(NULL, &at, (long)file.size);
	if (one != NULL && at == file.data + file.size)
		return push(bundle, one);
	X509_free(one);
	ERR_clear_error();
	BIO *text = BIO_new_mem_buf(file.data, (int)file.size);
	const bool is_read = text != NULL && read_all(text, bundle);
	BIO_free(text);
	return is_read;
}

STACK_OF(X509) *bundle_read(struct bytes file)
{
	STACK_OF(X509) *bundle = sk_X509_new_null();
	if (bundle != NULL && read_file(file, bundle))
		return bundle;
	bundle_free(bundle);
	return NULL;
}

void bundle_free(STACK_OF(X509) *bundle)
{
	sk_X509_pop_free(bundle, X509_free);
}

bool bundle_add_one(X509 *certificate, STACK_OF(X509) *to)
{
	return X509_up_ref(certificate) == 1 && push(to, certificate);
}

bool bundle_add(const STACK_OF(X509) *from, STACK_OF(X509) *to)
{
	for (int i = 0; i < sk_X509_num(from); i++)
		if (!bundle_add_one(sk_X509_value(from, i), to))
			return false;
	return true;
}
