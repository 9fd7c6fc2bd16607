/* SPDX-License-Identifier: Apache-2.0
 * Two generations of an open hash table: the younger takes, both are asked, the older goes when the younger is old
 * enough. */
#include "pkcs11/signer/orders.h"

#include <stdlib.h>
#include <string.h>

enum { first_room = 1024, most_room = 1 << 21 };

static const uint64_t nothing = UINT64_MAX;

struct slot {
	uint8_t key[status_file_key_size]; /* zero: free */
	uint64_t entry;                    /* nothing: dropped */
};

struct generation {
	struct slot *slots;
	size_t room, used;
	uint64_t born_boot_s;
};

struct orders {
	struct generation young, old;
};

struct orders *orders_new(void)
{
	return calloc(1, sizeof(struct orders));
}

void orders_free(struct orders *orders)
{
	if (orders == NULL)
		return;
	free(orders->young.slots);
	free(orders->old.slots);
	free(orders);
}

static bool is_free(const struct slot *slot)
{
	static const uint8_t zero[status_file_key_size];
	return memcmp(slot->key, zero, sizeof zero) == 0;
}

/* The slot of the key, or the free one where it would go. The key is a hash: any of its octets spread. */
static struct slot *seek(const struct generation *generation, const uint8_t key[status_file_key_size])
{
	size_t at;
	memcpy(&at, key, sizeof at);
	for (;; at++) {
		struct slot *slot = &generation->slots[at & (generation->room - 1)];
		if (is_free(slot) || memcmp(slot->key, key, sizeof slot->key) == 0)
			return slot;
	}
}

static bool grow(struct generation *generation)
{
	const size_t room = generation->room == 0 ? first_room : generation->room * 2;
	if (room > most_room)
		return false;
	struct generation wider = {.slots = calloc(room, sizeof(struct slot)),
				   .room = room,
				   .used = generation->used,
				   .born_boot_s = generation->born_boot_s};
	if (wider.slots == NULL)
		return false;
	for (size_t i = 0; i < generation->room; i++)
		if (!is_free(&generation->slots[i]))
			*seek(&wider, generation->slots[i].key) = generation->slots[i];
	free(generation->slots);
	*generation = wider;
	return true;
}

static void age(struct orders *orders, uint64_t now_boot_s)
{
	/* born at 0: the very first. A generation that found no memory is young all the same */
	if (orders->young.born_boot_s != 0 && now_boot_s - orders->young.born_boot_s < orders_kept_s)
		return;
	free(orders->old.slots);
	orders->old = orders->young;
	orders->young = (struct generation){.born_boot_s = now_boot_s};
}

status orders_put(struct orders *orders, const uint8_t key[status_file_key_size], uint64_t entry, uint64_t now_boot_s)
{
	struct generation *young = &orders->young;
	age(orders, now_boot_s);
	if (young->used >= young->room / 4 * 3 && !grow(young))
		return REFUSE(busy);
	struct slot *slot = seek(young, key);
	young->used += is_free(slot);
	memcpy(slot->key, key, sizeof slot->key);
	slot->entry = entry;
	return OK;
}

static bool find_in(const struct generation *generation, const uint8_t key[status_file_key_size], uint64_t *entry)
{
	if (generation->room == 0)
		return false;
	const struct slot *slot = seek(generation, key);
	if (is_free(slot) || slot->entry == nothing)
		return false;
	*entry = slot->entry;
	return true;
}

bool orders_find(const struct orders *orders, const uint8_t key[status_file_key_size], uint64_t *entry)
{
	return find_in(&orders->young, key, entry) || find_in(&orders->old, key, entry);
}

void orders_drop(struct orders *orders, const uint8_t key[status_file_key_size])
{
	uint64_t entry;
	if (find_in(&orders->young, key, &entry))
		seek(&orders->young, key)->entry = nothing;
}
