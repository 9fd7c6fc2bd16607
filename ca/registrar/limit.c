/* SPDX-License-Identifier: Apache-2.0
 * One table a limit. A place is found by a hash under a secret of this process, so nobody can choose whom he meets there. */
#include "ca/registrar/limit.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

#include "firmware/boundary/identifier.h"

enum { set_count = 1024, ways = 8, secret_size = 32, second_us = 1000000 };

struct place {
	uint64_t who, paid_until_us; /* in the past: free */
};

struct limit_tables {
	pthread_mutex_t lock;
	uint8_t secret[secret_size];
	struct place places[limit_count][set_count][ways];
};

static const struct {
	uint32_t period_s;
	enum refusal refusal;
} rows[limit_count] = {
    [limit_requests_per_address] = {60, refusal_address_requests_limited},
    [limit_accounts_per_address] = {3600, refusal_address_accounts_limited},
    [limit_orders_per_address] = {3600, refusal_address_orders_limited},
    [limit_orders_per_account] = {3600, refusal_account_orders_limited},
    [limit_orders_per_device] = {3600, refusal_device_orders_limited},
    [limit_failures_per_account] = {3600, refusal_account_failures_limited},
    [limit_failures_per_device] = {3600, refusal_device_failures_limited},
    [limit_notes_per_address] = {60, refusal_address_requests_limited},
};

bool limit_admit(uint32_t most, uint32_t period_s, uint64_t now_us, uint64_t *paid_until_us, uint32_t *wait_s)
{
	const uint64_t period_us = (uint64_t)period_s * second_us, each_us = most == 0 ? 0 : period_us / most;
	const uint64_t paid_us = (*paid_until_us > now_us ? *paid_until_us : now_us) + each_us;
	if (paid_us > now_us + period_us) {
		*wait_s = (uint32_t)((paid_us - now_us - period_us + second_us - 1) / second_us);
		return false;
	}
	*paid_until_us = paid_us;
	return true;
}

struct limit_tables *limit_open(void)
{
	struct limit_tables *tables = calloc(1, sizeof *tables);
	if (tables == NULL || pthread_mutex_init(&tables->lock, NULL) != 0 ||
	    RAND_bytes(tables->secret, sizeof tables->secret) != 1)
		status_broken("no memory, lock or random bytes for the limits");
	return tables;
}

void limit_close(struct limit_tables *tables)
{
	free(tables);
}

/* Their place, or the one of who has done least there, which is free for them. */
static struct place *find(struct limit_tables *tables, enum limit limit, struct bytes key, uint64_t *who)
{
	uint8_t text[secret_size + 1 + limit_key_most], digest[SHA256_DIGEST_LENGTH];
	const size_t size = key.size < limit_key_most ? key.size : limit_key_most;
	memcpy(text, tables->secret, secret_size);
	text[secret_size] = (uint8_t)limit;
	if (size != 0)
		memcpy(text + secret_size + 1, key.data, size);
	SHA256(text, secret_size + 1 + size, digest);
	memcpy(who, digest, sizeof *who);
	struct place *set = tables->places[limit][(digest[8] << 8 | digest[9]) % set_count], *least = set;
	for (size_t i = 0; i < ways; i++) {
		if (set[i].who == *who)
			return &set[i];
		if (set[i].paid_until_us < least->paid_until_us)
			least = &set[i];
	}
	return least;
}

static status count(struct limit_tables *tables, enum limit limit, uint32_t most, struct bytes key, uint64_t now_us,
		    bool is_kept, uint32_t *wait_s)
{
	uint64_t who = 0;
	if (most == 0)
		return OK;
	pthread_mutex_lock(&tables->lock);
	struct place *place = find(tables, limit, key, &who);
	uint64_t paid_until_us = place->who == who ? place->paid_until_us : 0;
	const bool is_admitted = limit_admit(most, rows[limit].period_s, now_us, &paid_until_us, wait_s);
	if (is_admitted && is_kept)
		*place = (struct place){who, paid_until_us};
	pthread_mutex_unlock(&tables->lock);
	return is_admitted ? OK : (status){rows[limit].refusal};
}

status limit_take(struct limit_tables *tables, enum limit limit, uint32_t most, struct bytes key, uint64_t now_us,
		  uint32_t *wait_s)
{
	return count(tables, limit, most, key, now_us, true, wait_s);
}

status limit_look(struct limit_tables *tables, enum limit limit, uint32_t most, struct bytes key, uint64_t now_us,
		  uint32_t *wait_s)
{
	return count(tables, limit, most, key, now_us, false, wait_s);
}

void limit_address(struct bytes text, uint8_t out[limit_address_size])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint8_t octets[16];
	const size_t size = identifier_read_address(text, octets);
	memset(out, 0, limit_address_size);
	if (size == 4) {
		memcpy(out, mapped, sizeof mapped);
		memcpy(out + sizeof mapped, octets, size);
	} else if (size == 16) {
		memcpy(out, octets, memcmp(octets, mapped, sizeof mapped) == 0 ? size : size / 2);
	}
}
