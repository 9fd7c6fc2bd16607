/* SPDX-License-Identifier: Apache-2.0
 * How often somebody may do something, counted in tables of fixed size. Whoever fills a table makes it forget those
 * who have done least: too much is let through then, and nobody is shut out for what others did. A start forgets all. */
#ifndef KEYWARD_LIMIT_H
#define KEYWARD_LIMIT_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

/* Periods and refusals: limit.c. What each is counted by: allowance.h. */
enum limit {
	limit_requests_per_address,
	limit_accounts_per_address,
	limit_orders_per_address,
	limit_orders_per_account,
	limit_orders_per_device,
	limit_failures_per_account,
	limit_failures_per_device,
	limit_notes_per_address, /* in the log, of requests beyond the first limit */
	limit_count
};

/* As a directory has them. */
struct limits {
	uint32_t most[limit_count]; /* in a period; 0: no limit */
	uint32_t pending_most;	    /* open orders of an account */
	char help[257];		    /* URL that a refusal links to; empty: none */
};

enum { limit_key_most = 400, limit_address_size = 16 };

/* Whether one more fits, `most` at once and spread over the period thereafter (the generic cell rate algorithm): then
 * *paid_until_us moves on; else *wait_s says when to come again, rounded up. */
bool limit_admit(uint32_t most, uint32_t period_s, uint64_t now_us, uint64_t *paid_until_us, uint32_t *wait_s);

struct limit_tables;
struct limit_tables *limit_open(void);
void limit_close(struct limit_tables *tables);

/* One more by the one whom `key` names (at most limit_key_most octets) at that time. The limit's refusal, and how long to
 * wait. Called by many threads. */
status limit_take(struct limit_tables *tables, enum limit limit, uint32_t most, struct bytes key, uint64_t now_us,
		  uint32_t *wait_s);
/* Whether it would be refused; counts nothing. */
status limit_look(struct limit_tables *tables, enum limit limit, uint32_t most, struct bytes key, uint64_t now_us,
		  uint32_t *wait_s);

/* By whom an address is counted: IPv4 as it is, also when written as IPv6; of IPv6 the network of 64 bits, which a client
 * has for itself. What is no address is counted as one. */
void limit_address(struct bytes text, uint8_t out[limit_address_size]);

#endif
