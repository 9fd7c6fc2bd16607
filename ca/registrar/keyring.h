/* SPDX-License-Identifier: Apache-2.0
 * The public keys that requests are verified with: accounts' from the store, kept decoded in a bounded cache;
 * administrators' from the settings alone, never from the store. */
#ifndef KEYWARD_KEYRING_H
#define KEYWARD_KEYRING_H

#include <openssl/evp.h>

#include "ca/registrar/store.h"

struct keyring;

/* Who signed. The key belongs to the holder (EVP_PKEY_free). */
struct key_holder {
	EVP_PKEY *key;
	int64_t account; /* 0: none yet, or an administrator */
	int64_t directory; /* of the account */
	char jwk[1025];	 /* canonical */
	uint8_t thumbprint[store_hash_size];
	char administrator[65], role[33]; /* empty: an account */
};

struct keyring *keyring_new(void);
void keyring_free(struct keyring *keyring);

/* Takes one encoded `administrator` record. message_malformed, public_key_bad. */
status keyring_add_administrator(struct keyring *keyring, struct bytes record);

/* account_unknown; enters the store when the key is not at hand. Says nothing about the account's state. */
status keyring_find_account(struct keyring *keyring, struct store *store, int64_t account, struct key_holder *out);
/* role_missing: no administrator of that name. */
status keyring_find_administrator(struct keyring *keyring, struct bytes name, struct key_holder *out);
/* How many accounts' keys were replaced so far. */
uint64_t keyring_changes(struct keyring *keyring);
/* Keeps the key of a holder at hand, whose account is in the store by now; not its name or role. `changes`, counted
 * before the store was read, says whether it may have been replaced since; then it is not kept. */
void keyring_keep(struct keyring *keyring, const struct key_holder *holder, uint64_t changes);
/* The holder's account has this key now, and the store says so. */
void keyring_replace(struct keyring *keyring, const struct key_holder *holder);
/* The key of a jwk that was sent along. public_key_bad. */
status keyring_take(struct bytes jwk, struct key_holder *out);

#endif
