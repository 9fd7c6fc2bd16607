/* SPDX-License-Identifier: Apache-2.0
 * Stands before OpenSSL's own check of a built path's signatures and times, and gives it less of the path to check. */
#include "attest/verifier/chain_memory.h"

#include <openssl/evp.h>

#include "attest/verifier/certificate.h"

enum { hash_size = 32, remembered_most = 64, longest_path = 16, checked_always = 2 /* the leaf and who issued it */ };

static uint8_t remembered[remembered_most][hash_size]; /* whoever comes to a place that is taken takes it */
static unsigned uses;
static X509_STORE_CTX_verify_fn check; /* OpenSSL's own */

void chain_memory_forget(void)
{
	memset(remembered, 0, sizeof remembered);
	uses = 0;
}

unsigned chain_memory_uses(void)
{
	return uses;
}

/* Of all certificates above the leaf, octet for octet, in their order. */
static bool name_path(const STACK_OF(X509) *path, uint8_t out[hash_size])
{
	uint8_t hashes[longest_path][hash_size];
	const int count = sk_X509_num(path) - 1;
	if (count > longest_path)
		return false;
	for (int i = 0; i < count; i++)
		if (!certificate_hash(sk_X509_value(path, i + 1), hashes[i]))
			return false;
	return EVP_Digest(hashes, (size_t)count * hash_size, out, NULL, EVP_sha256(), NULL) == 1;
}

/* Those that OpenSSL will not see this time; one that is not valid now is for it to refuse. */
static bool are_times_good(X509_STORE_CTX *context, const STACK_OF(X509) *path)
{
	const X509_VERIFY_PARAM *when = X509_STORE_CTX_get0_param(context);
	for (int i = checked_always; i < sk_X509_num(path); i++) {
		const X509 *one = sk_X509_value(path, i);
		if (X509_cmp_timeframe(when, X509_get0_notBefore(one), X509_get0_notAfter(one)) != 0)
			return false;
	}
	return true;
}

/* A path may end at any certificate that is trusted (X509_V_FLAG_PARTIAL_CHAIN), and the signature of the last is not checked. */
static int check_lowest(X509_STORE_CTX *context, STACK_OF(X509) *path)
{
	X509 *above[longest_path];
	size_t count = 0;
	while (sk_X509_num(path) > checked_always)
		above[count++] = sk_X509_pop(path);
	const int is_good = check(context);
	while (count > 0)
		if (sk_X509_push(path, above[--count]) <= 0)
			status_broken("no memory for a path that was there before");
	return is_good;
}

static int check_what_is_new(X509_STORE_CTX *context)
{
	uint8_t name[hash_size];
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
	if (sk_X509_num(path) <= checked_always || !name_path(path, name))
		return check(context);
	uint8_t *place = remembered[name[0] % remembered_most];
	if (memcmp(place, name, hash_size) == 0 && are_times_good(context, path)) {
		uses++;
		return check_lowest(context, path);
	}
	const int is_good = check(context);
	if (is_good == 1 && X509_STORE_CTX_get_error(context) == X509_V_OK)
		memcpy(place, name, hash_size);
	return is_good;
}

void chain_memory_use(X509_STORE_CTX *context)
{
	check = X509_STORE_CTX_get_verify(context);
	X509_STORE_CTX_set_verify(context, check_what_is_new);
}
