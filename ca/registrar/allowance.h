/* SPDX-License-Identifier: Apache-2.0
 * What is counted when, and by whom. A refusal is the limit's (limit.c); the reply gets the time to wait.
 *
 * Only the device itself is counted by its identifier: orders when their challenge was judged valid, so that a stranger's
 * orders in its name keep it from nothing; failed challenges by the identifier and the address they came from, or, since a
 * name is probed from here, the account. */
#ifndef KEYWARD_ALLOWANCE_H
#define KEYWARD_ALLOWANCE_H

#include "ca/registrar/request.h"

/* Any request, before anything of it is looked at; by address. */
status allowance_request(struct registrar *registrar, const struct request *request, struct reply *reply);
/* Whether the log should hear that it was refused: of a flood, once a minute. */
bool allowance_is_news(struct registrar *registrar, const struct message_request *in, status why);
/* A new account; by address. */
status allowance_account(struct registrar *registrar, const struct request *request, struct reply *reply);
/* A new order; by account and address, and refused to a device that has had too many. */
status allowance_order(struct registrar *registrar, const struct request *request, const struct order_row *order,
		       struct reply *reply);
/* An activation by nobody; by address, as if it were an order. */
status allowance_activation(struct registrar *registrar, const struct request *request, struct reply *reply);
/* Whether a challenge may be answered: by account, by device and address, by name and account. */
status allowance_challenge(struct registrar *registrar, const struct request *request,
			   const struct authorization_row *row, struct reply *reply);
/* It was judged. The address: limit_address_size octets; NULL for a name, which is probed later. */
void allowance_count(struct registrar *registrar, int64_t account, const uint8_t *address,
		     const struct authorization_row *row, status judged);

#endif
