/* SPDX-License-Identifier: Apache-2.0
 * Authorizations (RFC 8555 7.1.4, 7.5): one an order, never shared between orders. */
#include "ca/registrar/describe.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"

/* RFC 8555 7.5.2. The order cannot be fulfilled without it. */
static status deactivate(struct registrar *registrar, const struct request *request)
{
	const char *wanted = NULL;
	struct problem_text error = describe_problem(REFUSE(authorization_deactivated), NULL, NULL);
	TRY(payload_text(request->payload, "status", &wanted));
	if (strcmp(wanted, "deactivated") != 0)
		return REFUSE(payload_malformed);
	store_enter(registrar->store);
	return store_leave(registrar->store,
			   store_order_close(registrar->store, request->part, authorization_deactivated, error.text));
}

status authorization_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row order;
	TRY(describe_load(registrar, request->part, request->account, &order));
	if (request->payload != NULL) {
		TRY(deactivate(registrar, request));
		TRY(describe_load(registrar, request->part, request->account, &order));
	}
	reply->retry_after_s = describe_wait_s(registrar, &order);
	return reply_json(reply, 200, describe_authorization(registrar, &order));
}
