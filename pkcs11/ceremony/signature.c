/* SPDX-License-Identifier: Apache-2.0
 * libp11. The module's settings in the environment must still be those of token_load. */
#include "pkcs11/ceremony/signature.h"

#include <libp11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_keys = 16 };

struct signature {
	PKCS11_CTX *context;
	PKCS11_SLOT *slots, *slot;
	unsigned slot_count;
	bool is_loaded;
	EVP_PKEY *given[most_keys];
	size_t given_count;
};

static bool fails(const char *what)
{
	fprintf(stderr, "The token: %s\n", what);
	return false;
}

static bool find_token(struct signature *signature, const char *label)
{
	if (PKCS11_enumerate_slots(signature->context, &signature->slots, &signature->slot_count) != 0)
		return fails("the slots cannot be listed");
	for (unsigned i = 0; i < signature->slot_count; i++) {
		const PKCS11_TOKEN *token = signature->slots[i].token;
		if (token != NULL && token->initialized && token->label != NULL && strcmp(token->label, label) == 0) {
			signature->slot = &signature->slots[i];
			return true;
		}
	}
	return fails("it is gone");
}

bool signature_open(const char *module, const char *label, const char *pin, struct signature **out)
{
	struct signature *signature = calloc(1, sizeof *signature);
	*out = signature;
	if (signature == NULL || (signature->context = PKCS11_CTX_new()) == NULL)
		return fails("no memory");
	signature->is_loaded = PKCS11_CTX_load(signature->context, module) == 0;
	if (!signature->is_loaded)
		return fails("the module cannot be loaded a second time");
	return find_token(signature, label) &&
	       (PKCS11_login(signature->slot, 0, pin) == 0 || fails("the login failed"));
}

void signature_close(struct signature *signature)
{
	if (signature == NULL)
		return;
	for (size_t i = 0; i < signature->given_count; i++)
		EVP_PKEY_free(signature->given[i]);
	if (signature->slots != NULL)
		PKCS11_release_all_slots(signature->context, signature->slots, signature->slot_count);
	if (signature->is_loaded)
		PKCS11_CTX_unload(signature->context);
	if (signature->context != NULL)
		PKCS11_CTX_free(signature->context);
	free(signature);
}

bool signature_key(struct signature *signature, const uint8_t id[token_id_size], EVP_PKEY **private)
{
	PKCS11_KEY *keys;
	unsigned count;
	if (signature->given_count == most_keys || PKCS11_enumerate_keys(signature->slot->token, &keys, &count) != 0)
		return fails("the keys cannot be listed");
	for (unsigned i = 0; i < count; i++) {
		if (keys[i].id_len != token_id_size || memcmp(keys[i].id, id, token_id_size) != 0)
			continue;
		*private = PKCS11_get_private_key(&keys[i]);
		if (*private == NULL)
			break;
		signature->given[signature->given_count++] = *private;
		return true;
	}
	return fails("a key that was just made is missing");
}
