/* SPDX-License-Identifier: Apache-2.0
 * RFC 5280 path validation by OpenSSL over the given roots alone, with what it leaves open by default closed. */
#include "attest/verifier/chain.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "attest/verifier/chain_memory.h"

/* Level 2 refuses SHA-1, MD5 and keys below 112 bits everywhere in the chain but the anchor's own signature. */
enum { least_level = 2, most_depth = 8 };

static void store_free(X509_STORE **store)
{
	X509_STORE_free(*store);
}
static void context_free(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

/* OpenSSL takes a certificate with keyCertSign but without basicConstraints for a CA; RFC 5280 4.2.1.9 does not. */
static bool are_authorities(const STACK_OF(X509) *chain, struct detail *detail)
{
	for (int i = 1; i < sk_X509_num(chain); i++) {
		if (X509_check_ca(sk_X509_value(chain, i)) == 1)
			continue;
		detail_say(detail, "certificate %d of the chain is not a CA", i);
		return false;
	}
	return true;
}

/* Every octet that came counts: one that no signature covers would be evidence that nobody gave. */
static bool is_the_path(const STACK_OF(X509) *chain, const STACK_OF(X509) *given, struct detail *detail)
{
	for (int i = 0; i < sk_X509_num(given); i++) {
		if (i + 1 < sk_X509_num(chain) && X509_cmp(sk_X509_value(chain, i + 1), sk_X509_value(given, i)) == 0)
			continue;
		detail_say(detail, "certificate %d of those sent is not the next of the path to the root", i + 1);
		return false;
	}
	return true;
}

static enum chain_verdict judge(X509_STORE_CTX *context, const struct chain_question *question, uint8_t root_hash[32],
				struct detail *detail)
{
	if (X509_verify_cert(context) != 1) {
		detail_say(detail, "%s, at certificate %d of the chain",
			   X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)),
			   X509_STORE_CTX_get_error_depth(context));
		return chain_untrusted;
	}
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	if (!are_authorities(chain, detail))
		return chain_untrusted;
	if (question->order == chain_in_order && !is_the_path(chain, question->intermediates, detail))
		return chain_untrusted;
	if (!certificate_hash(sk_X509_value(chain, sk_X509_num(chain) - 1), root_hash))
		return chain_untrusted;
	return revocation_judge(question->lists, chain, detail) ? chain_good : chain_revoked;
}

static int pass_expired_leaf(int is_good, X509_STORE_CTX *context)
{
	if (is_good == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_CERT_HAS_EXPIRED ||
	    X509_STORE_CTX_get_error_depth(context) != 0)
		return is_good;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

enum chain_verdict chain_verify(const struct chain_question *question, uint8_t root_hash[32], struct detail *detail)
{
	const struct chain_roots *roots = question->roots;
	__attribute__((cleanup(store_free))) X509_STORE *store = X509_STORE_new();
	__attribute__((cleanup(context_free))) X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (store == NULL || context == NULL)
		return chain_untrusted;
	for (size_t i = 0; i < roots->count; i++)
		if (X509_STORE_add_cert(store, roots->at[i]) != 1)
			return chain_untrusted;
	if (roots->count == 0) {
		detail_say(detail, "no root is configured");
		return chain_untrusted;
	}
	if (X509_STORE_CTX_init(context, store, question->leaf, question->intermediates) != 1)
		return chain_untrusted;
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_auth_level(parameters, least_level);
	X509_VERIFY_PARAM_set_depth(parameters, most_depth);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	if (roots->at_s != 0)
		X509_VERIFY_PARAM_set_time(parameters, (time_t)roots->at_s);
	if (roots->may_leaf_be_expired)
		X509_STORE_CTX_set_verify_cb(context, pass_expired_leaf);
	chain_memory_use(context);
	const enum chain_verdict verdict = judge(context, question, root_hash, detail);
	ERR_clear_error();
	return verdict;
}
