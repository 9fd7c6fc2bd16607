/* SPDX-License-Identifier: Apache-2.0
 * Orders, authorizations and challenges as JSON (RFC 8555 7.1.3 to 7.1.5), and the problems that stay with them. */
#ifndef KEYWARD_DESCRIBE_H
#define KEYWARD_DESCRIBE_H

#include "ca/registrar/registrar.h"

struct json_t;

/* The order of the path, of the account that signed, as it stands now: one that is past its time is invalid and its
 * authorizations expired, without anybody having written so; one whose certificate was revoked is invalid. not_found,
 * account_wrong. Enters the store. */
status describe_load(struct registrar *registrar, const char *name, int64_t account, struct order_row *out);

/* The authorization whose number a path has. not_found */
status describe_find(const struct order_row *order, const char *number, size_t *out);

/* New references; NULL: no memory. */
struct json_t *describe_order(struct registrar *registrar, const struct order_row *order);
struct json_t *describe_authorization(struct registrar *registrar, const struct order_row *order, size_t number);
struct json_t *describe_challenge(struct registrar *registrar, const struct order_row *order, size_t number,
				  const struct challenge_row *challenge);

/* Seconds after which a client that waits for the order may ask again; 0: nothing is in hand. */
uint32_t describe_wait_s(struct registrar *registrar, const struct order_row *order);

/* RFC 3339, UTC. */
struct time_text {
	char text[32];
};
struct time_text describe_time(uint64_t s);

/* The problem document of a refusal, to be kept with an order; `of`, may be NULL: whose challenge failed, for the
 * subproblem. */
struct problem_text {
	char text[5121];
};
struct problem_text describe_problem(status why, const char *detail, const struct authorization_row *of);

#endif
