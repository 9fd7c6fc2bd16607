/* SPDX-License-Identifier: Apache-2.0
 * Decides whether a certificate is the CA's and for this TPM's key. Distrusts what the CA sent and what lay on disk. */
#include "attest/enroll/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "attest/enroll/public_key.h"
#include "ca/client/key_file.h"
#include "firmware/boundary/clock.h"

static void free_bio(BIO **bio)
{
	BIO_free_all(*bio);
}
static void free_store(X509_STORE **store)
{
	X509_STORE_free(*store);
}
static void free_context(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

void chain_free(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

/* The next certificate; NULL at the end and for anything else, which *is_broken tells apart. */
static X509 *next_certificate(BIO *bio, bool *is_broken)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long size = 0;
	X509 *certificate = NULL;
	if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) {
		*is_broken = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
		ERR_clear_error();
		return NULL;
	}
	const uint8_t *at = data;
	if (strcmp(name, PEM_STRING_X509) == 0)
		certificate = d2i_X509(NULL, &at, size);
	if (certificate == NULL || at != data + size) {
		X509_free(certificate);
		certificate = NULL;
		*is_broken = true;
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	return certificate;
}

outcome chain_read(struct bytes pem, const char *from, STACK_OF(X509) * *out)
{
	__attribute__((cleanup(free_bio))) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool is_broken = bio == NULL || chain == NULL;
	while (!is_broken) {
		X509 *certificate = next_certificate(bio, &is_broken);
		if (certificate == NULL)
			break;
		if (sk_X509_num(chain) == chain_longest || sk_X509_push(chain, certificate) <= 0) {
			X509_free(certificate);
			is_broken = true;
		}
	}
	if (is_broken || sk_X509_num(chain) == 0) {
		chain_free(chain);
		return outcome_fail(exit_refused, "%s is not a chain of up to %d certificates in PEM", from,
				    chain_longest);
	}
	*out = chain;
	return DONE;
}

outcome chain_load(const char *path, STACK_OF(X509) * *out)
{
	uint8_t text[key_file_room];
	struct buffer pem = BUFFER(text);
	STEP(key_file_load(path, false, &pem));
	return chain_read(buffer_view(&pem), path, out).code == exit_done ? DONE : (outcome){exit_other};
}

bool chain_write(const STACK_OF(X509) * chain, struct buffer *out)
{
	__attribute__((cleanup(free_bio))) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (bio == NULL || PEM_write_bio_X509(bio, sk_X509_value(chain, i)) != 1)
			return false;
	const long size = bio == NULL ? 0 : BIO_get_mem_data(bio, &text);
	return size > 0 && buffer_add(out, text, (size_t)size);
}

outcome chain_judge(STACK_OF(X509) * chain, const char *root_file, struct bytes area)
{
	X509 *leaf = sk_X509_value(chain, 0);
	__attribute__((cleanup(free_store))) X509_STORE *store = X509_STORE_new();
	__attribute__((cleanup(free_context))) X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (store == NULL || context == NULL)
		return outcome_fail(exit_other, "there is no memory");
	if (X509_STORE_load_file(store, root_file) != 1)
		return outcome_fail(exit_other, "%s holds no certificate", root_file);
	if (X509_STORE_CTX_init(context, store, leaf, chain) != 1)
		return outcome_fail(exit_other, "there is no memory");
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
	/* The appliance's clock when both are one machine; OpenSSL's own time() lags it by a few milliseconds. */
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)clock_wall_s());
	if (X509_verify_cert(context) != 1)
		return outcome_fail(exit_refused, "the CA's certificate does not chain to %s: %s", root_file,
				    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	EVP_PKEY *ours = public_key_from(area);
	const bool is_ours =
		ours != NULL && X509_get0_pubkey(leaf) != NULL && EVP_PKEY_eq(X509_get0_pubkey(leaf), ours) == 1;
	EVP_PKEY_free(ours);
	return is_ours ? DONE : outcome_fail(exit_refused, "the CA certified another key than the TPM's");
}

/* NULL: now. */
static uint64_t seconds_between(const ASN1_TIME *from, const ASN1_TIME *to)
{
	int days = 0, seconds = 0;
	if (ASN1_TIME_diff(&days, &seconds, from, to) != 1 || days < 0 || seconds < 0)
		return 0;
	return (uint64_t)days * 86400 + (uint64_t)seconds;
}

uint64_t chain_remaining_s(const STACK_OF(X509) * chain)
{
	return seconds_between(NULL, X509_get0_notAfter(sk_X509_value(chain, 0)));
}

uint64_t chain_life_s(const STACK_OF(X509) * chain)
{
	const X509 *leaf = sk_X509_value(chain, 0);
	return seconds_between(X509_get0_notBefore(leaf), X509_get0_notAfter(leaf));
}

bool chain_tbs(const STACK_OF(X509) * chain, struct buffer *out)
{
	unsigned char *der = NULL;
	/* The encoding as it came is kept; re_ would write it anew. */
	const int size = i2d_X509(sk_X509_value(chain, 0), &der);
	const unsigned char *at = der;
	long length = 0;
	int tag = 0, class = 0;
	bool is_added = false;
	if (size > 0 && (ASN1_get_object(&at, &length, &tag, &class, size) & 0x80) == 0) {
		const unsigned char *start = at;
		if ((ASN1_get_object(&at, &length, &tag, &class, der + size - at) & 0x80) == 0)
			is_added = buffer_add(out, start, (size_t)(at - start) + (size_t)length);
	}
	OPENSSL_free(der);
	return is_added;
}
