/* SPDX-License-Identifier: Apache-2.0
 * Orders (RFC 8555 7.1.3, 7.4). One order names one device; its name in URLs is the string by which the verifier knows
 * its own orders again. */
#include "ca/registrar/order.h"
#include "ca/registrar/allowance.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/identifier.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/renewal.h"
#include "firmware/boundary/clock.h"

#include <stdio.h>

/* Absent, or what Go writes for no time at all; a validity of the client's own choice is not granted. */
static status judge_time(const json_t *payload, const char *name)
{
	const json_t *value = json_object_get(payload, name);
	if (value == NULL)
		return OK;
	if (!json_is_string(value))
		return REFUSE(payload_malformed);
	return strcmp(json_string_value(value), "0001-01-01T00:00:00Z") == 0 ? OK : REFUSE(validity_unsupported);
}

static status read_payload(const json_t *payload, struct order_row *order)
{
	const char *type = NULL, *value = NULL;
	const json_t *list = json_object_get(payload, "identifiers");
	if (!json_is_array(list))
		return REFUSE(payload_malformed);
	if (json_array_size(list) != 1)
		return REFUSE(identifier_count);
	TRY(payload_text(json_array_get(list, 0), "type", &type));
	TRY(payload_text(json_array_get(list, 0), "value", &value));
	TRY(identifier_judge(type, value));
	TRY(judge_time(payload, "notBefore"));
	TRY(judge_time(payload, "notAfter"));
	TRY(renewal_read(payload, order));
	snprintf(order->identifier_type, sizeof order->identifier_type, "%s", type);
	snprintf(order->identifier, sizeof order->identifier, "%s", value);
	return OK;
}

/* The verifier's order goes into URLs and paths: it must be what its message says, base64url. */
static status take_opened(const struct message_order_opened *opened, struct order_row *order)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint64_t now_boot_s = clock_boot_s();
	snprintf(order->name, sizeof order->name, "%.*s", (int)opened->order.size, (const char *)opened->order.data);
	snprintf(order->token, sizeof order->token, "%.*s", (int)opened->token.size, (const char *)opened->token.data);
	if (order->name[0] == 0 || order->name[strspn(order->name, alphabet)] != 0 ||
	    opened->expires_boot_s <= now_boot_s)
		return REFUSE(message_malformed);
	order->expires_boot_s = opened->expires_boot_s;
	order->expires_s = clock_wall_s() + (opened->expires_boot_s - now_boot_s);
	return OK;
}

static status add(struct registrar *registrar, struct order_row *order)
{
	uint64_t pending = 0;
	TRY(store_order_count(registrar->store, order->account, clock_boot_s(), &pending));
	if (pending >= registrar->limits.pending_most)
		return REFUSE(orders_too_many);
	TRY(renewal_judge(registrar->store, order));
	TRY(store_room_take(registrar->store, store_room_orders, order->account, registrar->orders_most,
			    clock_boot_s()));
	return store_order_add(registrar->store, order, clock_wall_s());
}

status order_give(struct registrar *registrar, const struct order_row *order, uint32_t http_status, struct reply *reply)
{
	reply_locate(reply, registrar_url(registrar, "order/%s", order->name).text);
	reply->retry_after_s = describe_wait_s(registrar, order);
	return reply_json(reply, http_status, describe_order(registrar, order));
}

status order_open(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row order = {.account = request->account};
	struct message_order_opened opened;
	TRY(read_payload(request->payload, &order));
	TRY(allowance_order(registrar, request, &order, reply));
	const struct message_order_open ask = {
	    .directory = bytes_from_text(registrar->directory),
	    .identifier_type = bytes_from_text(order.identifier_type),
	    .identifier = bytes_from_text(order.identifier),
	};
	TRY(ask_verifier(registrar, message_order_open, &ask, &opened, reply));
	TRY(take_opened(&opened, &order));
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, add(registrar, &order)));
	return order_give(registrar, &order, 201, reply);
}

status order_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row order;
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	TRY(describe_load(registrar, request->part, request->account, &order));
	return order_give(registrar, &order, 200, reply);
}
