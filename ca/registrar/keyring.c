/* SPDX-License-Identifier: Apache-2.0
 * A cache of sets of four, least recently used first out: decoding a key costs more than the look-up it saves.
 * A replaced key goes at once, and who read the store before that cannot bring it back. */
#include "ca/registrar/keyring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/jose/jwk.h"
#include "firmware/boundary/wire.h"

enum { sets = 256, ways = 4, administrators_most = 16 };

struct cached {
	int64_t account; /* 0: free */
	int64_t directory;
	uint64_t used;
	EVP_PKEY *key;
	char *jwk;
	uint8_t thumbprint[store_hash_size];
};

struct keyring {
	pthread_mutex_t lock;
	uint64_t clock, changes;
	struct cached cache[sets][ways];
	struct key_holder administrators[administrators_most];
	size_t administrator_count;
};

struct keyring *keyring_new(void)
{
	struct keyring *keyring = calloc(1, sizeof *keyring);
	if (keyring == NULL || pthread_mutex_init(&keyring->lock, NULL) != 0)
		status_broken("no memory for keys");
	return keyring;
}

static void drop(struct cached *cached)
{
	EVP_PKEY_free(cached->key);
	free(cached->jwk);
	*cached = (struct cached){0};
}

void keyring_free(struct keyring *keyring)
{
	if (keyring == NULL)
		return;
	for (size_t set = 0; set < sets; set++)
		for (size_t way = 0; way < ways; way++)
			drop(&keyring->cache[set][way]);
	for (size_t i = 0; i < keyring->administrator_count; i++)
		EVP_PKEY_free(keyring->administrators[i].key);
	pthread_mutex_destroy(&keyring->lock);
	free(keyring);
}

status keyring_take(struct bytes jwk, struct key_holder *out)
{
	struct key_holder holder = {0};
	struct buffer canonical = {.data = (uint8_t *)holder.jwk, .room = sizeof holder.jwk - 1};
	TRY(jwk_parse(jwk, &canonical, holder.thumbprint, &holder.key));
	*out = holder;
	return OK;
}

status keyring_add_administrator(struct keyring *keyring, struct bytes record)
{
	struct message_administrator administrator;
	struct key_holder holder;
	TRY(wire_decode(message_administrator, record, &administrator));
	if (keyring->administrator_count == administrators_most || administrator.name.size == 0)
		return REFUSE(message_malformed);
	TRY(keyring_take(administrator.jwk, &holder));
	snprintf(holder.administrator, sizeof holder.administrator, "%.*s", (int)administrator.name.size,
		 (const char *)administrator.name.data);
	snprintf(holder.role, sizeof holder.role, "%.*s", (int)administrator.role.size,
		 (const char *)administrator.role.data);
	keyring->administrators[keyring->administrator_count++] = holder;
	return OK;
}

status keyring_find_administrator(struct keyring *keyring, struct bytes name, struct key_holder *out)
{
	for (size_t i = 0; i < keyring->administrator_count; i++) {
		if (!bytes_equal_text(name, keyring->administrators[i].administrator))
			continue;
		if (EVP_PKEY_up_ref(keyring->administrators[i].key) != 1)
			return REFUSE(internal);
		*out = keyring->administrators[i];
		return OK;
	}
	return REFUSE(role_missing);
}

static bool look_up(struct keyring *keyring, int64_t account, struct key_holder *out)
{
	struct cached *set = keyring->cache[(uint64_t)account % sets];
	for (size_t way = 0; way < ways; way++) {
		if (set[way].account != account || EVP_PKEY_up_ref(set[way].key) != 1)
			continue;
		set[way].used = ++keyring->clock;
		*out = (struct key_holder){.key = set[way].key, .account = account, .directory = set[way].directory};
		snprintf(out->jwk, sizeof out->jwk, "%s", set[way].jwk);
		memcpy(out->thumbprint, set[way].thumbprint, store_hash_size);
		return true;
	}
	return false;
}

static void keep(struct keyring *keyring, const struct key_holder *holder)
{
	struct cached *set = keyring->cache[(uint64_t)holder->account % sets], *oldest = set;
	for (size_t way = 0; way < ways; way++) {
		if (set[way].account == holder->account)
			return;
		if (set[way].used < oldest->used)
			oldest = &set[way];
	}
	char *jwk = strdup(holder->jwk);
	if (jwk == NULL || EVP_PKEY_up_ref(holder->key) != 1) {
		free(jwk);
		return;
	}
	drop(oldest);
	*oldest = (struct cached){.account = holder->account, .directory = holder->directory, .used = ++keyring->clock, .key = holder->key, .jwk = jwk};
	memcpy(oldest->thumbprint, holder->thumbprint, store_hash_size);
}

uint64_t keyring_changes(struct keyring *keyring)
{
	pthread_mutex_lock(&keyring->lock);
	const uint64_t changes = keyring->changes;
	pthread_mutex_unlock(&keyring->lock);
	return changes;
}

void keyring_keep(struct keyring *keyring, const struct key_holder *holder, uint64_t changes)
{
	pthread_mutex_lock(&keyring->lock);
	if (keyring->changes == changes)
		keep(keyring, holder);
	pthread_mutex_unlock(&keyring->lock);
}

void keyring_replace(struct keyring *keyring, const struct key_holder *holder)
{
	struct cached *set = keyring->cache[(uint64_t)holder->account % sets];
	pthread_mutex_lock(&keyring->lock);
	keyring->changes++;
	for (size_t way = 0; way < ways; way++)
		if (set[way].account == holder->account)
			drop(&set[way]);
	keep(keyring, holder);
	pthread_mutex_unlock(&keyring->lock);
}

status keyring_find_account(struct keyring *keyring, struct store *store, int64_t account, struct key_holder *out)
{
	struct account_row row;
	struct key_holder holder;
	pthread_mutex_lock(&keyring->lock);
	bool is_at_hand = look_up(keyring, account, out);
	const uint64_t changes = keyring->changes;
	pthread_mutex_unlock(&keyring->lock);
	if (is_at_hand)
		return OK;
	store_enter(store);
	TRY(store_leave(store, store_account_find(store, account, &row)));
	TRY(keyring_take(bytes_from_text(row.jwk), &holder));
	holder.account = account;
	holder.directory = row.directory;
	keyring_keep(keyring, &holder, changes);
	*out = holder;
	return OK;
}
