/* SPDX-License-Identifier: Apache-2.0
 * The limits of a directory applied to what clients do. Distrusts what they name; the listener's word on addresses is
 * believed, for one that lies can refuse everybody anyway. */
#include "ca/registrar/allowance.h"

#include "firmware/boundary/clock.h"

static uint64_t now_us(void)
{
	return clock_boot_ms() * 1000;
}

static status take(struct registrar *registrar, enum limit limit, struct bytes key, struct reply *reply)
{
	return limit_take(registrar->limit_tables, limit, registrar->limits.most[limit], key, now_us(),
			  &reply->retry_after_s);
}

static status look(struct registrar *registrar, enum limit limit, struct bytes key, struct reply *reply)
{
	return limit_look(registrar->limit_tables, limit, registrar->limits.most[limit], key, now_us(),
			  &reply->retry_after_s);
}

/* The account's number, in the octets that the request has it in. */
static struct bytes account_of(const struct request *request)
{
	return bytes_from(&request->account, sizeof request->account);
}

/* Its type, a NUL, its identifier, and the address when that matters too. */
static struct bytes device_of(const struct order_row *order, const uint8_t *address, struct buffer *room)
{
	room->size = 0;
	if (!buffer_add(room, order->identifier_type, strlen(order->identifier_type) + 1) ||
	    !buffer_add(room, order->identifier, strlen(order->identifier) + 1) ||
	    (address != NULL && !buffer_add(room, address, limit_address_size)))
		status_broken("a device's key is longer than any can be");
	return buffer_view(room);
}

status allowance_request(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	return take(registrar, limit_requests_per_address, BYTES_OF(request->address), reply);
}

bool allowance_is_news(struct registrar *registrar, const struct message_request *in, status why)
{
	uint8_t address[limit_address_size];
	uint32_t wait_s = 0;
	if (why.refusal != refusal_address_requests_limited)
		return true;
	limit_address(in->remote, address);
	return !is_refused(limit_take(registrar->limit_tables, limit_notes_per_address, 1, BYTES_OF(address), now_us(),
				      &wait_s));
}

status allowance_account(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	return take(registrar, limit_accounts_per_address, BYTES_OF(request->address), reply);
}

status allowance_order(struct registrar *registrar, const struct request *request, const struct order_row *order,
		       struct reply *reply)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	TRY(look(registrar, limit_orders_per_device, device_of(order, NULL, &room), reply));
	TRY(take(registrar, limit_orders_per_account, account_of(request), reply));
	return take(registrar, limit_orders_per_address, BYTES_OF(request->address), reply);
}

status allowance_challenge(struct registrar *registrar, const struct request *request, const struct order_row *order,
			   struct reply *reply)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	TRY(look(registrar, limit_failures_per_account, account_of(request), reply));
	TRY(look(registrar, limit_failures_per_device, device_of(order, request->address, &room), reply));
	return look(registrar, limit_orders_per_device, device_of(order, NULL, &room), reply);
}

/* What is over the limit by now is refused the next time; here the work is done already. */
static void add(struct registrar *registrar, enum limit limit, struct bytes key)
{
	uint32_t wait_s = 0;
	(void)is_refused(limit_take(registrar->limit_tables, limit, registrar->limits.most[limit], key, now_us(), &wait_s));
}

void allowance_count(struct registrar *registrar, const struct request *request, const struct order_row *order,
		     status judged)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	if (!is_refused(judged)) {
		add(registrar, limit_orders_per_device, device_of(order, NULL, &room));
		return;
	}
	add(registrar, limit_failures_per_account, account_of(request));
	add(registrar, limit_failures_per_device, device_of(order, request->address, &room));
}
