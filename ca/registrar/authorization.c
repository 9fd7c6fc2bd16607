/* SPDX-License-Identifier: Apache-2.0
 * Authorizations (RFC 8555 7.1.4, 7.5): one for each identifier of an order, never shared between orders. */
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"

#include <stdio.h>

/* An open order cannot be fulfilled without it; of one that was, the certificate stays, but it proves nothing more. */
static status give_up(struct registrar *registrar, const char *name, size_t number)
{
	struct order_row *order = &desk_here()->order;
	struct authorization_row *authorization = &order->authorizations[number];
	TRY(store_order_find(registrar->store, name, order));
	if (order->state == order_invalid || order->end != order_end_none)
		return OK;
	if (authorization->state == authorization_pending || authorization->state == authorization_valid)
		authorization->state = authorization_deactivated;
	if (order->state != order_valid) {
		order->state = order_invalid;
		snprintf(order->error, sizeof order->error, "%s",
			 describe_problem(REFUSE(authorization_deactivated), NULL, authorization).text);
	}
	order->end = order_end_deactivated;
	return store_order_write(registrar->store, order);
}

/* RFC 8555 7.5.2 */
static status deactivate(struct registrar *registrar, const struct request *request, size_t number)
{
	const char *wanted = NULL;
	TRY(payload_text(request->payload, "status", &wanted));
	if (strcmp(wanted, "deactivated") != 0)
		return REFUSE(payload_malformed);
	store_enter(registrar->store);
	return store_leave(registrar->store, give_up(registrar, request->part, number));
}

status authorization_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	size_t number = 0;
	TRY(describe_load(registrar, request->part, request->account, order));
	TRY(describe_find(order, request->parts.at[1], &number));
	if (request->payload != NULL) {
		TRY(deactivate(registrar, request, number));
		TRY(describe_load(registrar, request->part, request->account, order));
	}
	reply->retry_after_s = describe_wait_s(registrar, order);
	return reply_json(reply, 200, describe_authorization(registrar, order, number));
}
