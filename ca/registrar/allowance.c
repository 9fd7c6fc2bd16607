/* SPDX-License-Identifier: Apache-2.0
 * The limits of a directory applied to what clients do. Distrusts what they name; the listener's word on addresses is
 * believed, for one that lies can refuse everybody anyway. */
#include "ca/registrar/allowance.h"

#include "firmware/boundary/clock.h"

static uint64_t now_us(void)
{
	return clock_boot_ms() * 1000;
}

enum { directory_size = sizeof(int64_t) };

/* Each directory counts for itself; requests are counted together, for no directory may be asked in vain. */
static struct bytes count_of(const struct registrar *registrar, enum limit limit, struct bytes key, struct buffer *room,
			     uint32_t *most)
{
	const bool is_of_all = limit == limit_requests_per_address;
	const int64_t directory = is_of_all ? 0 : registrar->directory->id;
	*most = is_of_all ? registrar->requests_per_address : registrar->directory->limits.most[limit];
	if (!buffer_add(room, &directory, directory_size) || !buffer_add(room, key.data, key.size))
		status_broken("a key of a limit is longer than any can be");
	return buffer_view(room);
}

static status take(struct registrar *registrar, enum limit limit, struct bytes key, struct reply *reply)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	uint32_t most = 0;
	key = count_of(registrar, limit, key, &room, &most);
	return limit_take(registrar->limit_tables, limit, most, key, now_us(), &reply->retry_after_s);
}

static status look(struct registrar *registrar, enum limit limit, struct bytes key, struct reply *reply)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	uint32_t most = 0;
	key = count_of(registrar, limit, key, &room, &most);
	return limit_look(registrar->limit_tables, limit, most, key, now_us(), &reply->retry_after_s);
}

/* Its type, a NUL, its identifier, and what else matters, if anything does. */
static struct bytes device_of(const struct authorization_row *row, struct bytes more, struct buffer *room)
{
	room->size = 0;
	if (!buffer_add(room, row->type, strlen(row->type) + 1) || !buffer_add(room, row->value, strlen(row->value) + 1) ||
	    !buffer_add(room, more.data, more.size))
		status_broken("a device's key is longer than any can be");
	return buffer_view(room);
}

/* Who failed at it: a device is where it is, a name may be anybody's. */
static struct bytes culprit_of(const struct authorization_row *row, int64_t *account, const uint8_t *address)
{
	return address != NULL && identifier_is_device(bytes_from_text(row->type)) ? bytes_from(address, limit_address_size)
										   : bytes_from(account, sizeof *account);
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
	uint8_t octets[limit_key_most - directory_size];
	struct buffer room = BUFFER(octets);
	for (size_t i = 0; i < order->authorization_count; i++)
		TRY(look(registrar, limit_orders_per_device, device_of(&order->authorizations[i], (struct bytes){0}, &room),
			 reply));
	TRY(take(registrar, limit_orders_per_account, bytes_from(&request->account, sizeof request->account), reply));
	return take(registrar, limit_orders_per_address, BYTES_OF(request->address), reply);
}

status allowance_activation(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	return take(registrar, limit_orders_per_address, BYTES_OF(request->address), reply);
}

status allowance_challenge(struct registrar *registrar, const struct request *request,
			   const struct authorization_row *row, struct reply *reply)
{
	uint8_t octets[limit_key_most - directory_size];
	struct buffer room = BUFFER(octets);
	int64_t account = request->account;
	const struct bytes culprit = culprit_of(row, &account, request->address);
	TRY(look(registrar, limit_failures_per_account, bytes_from(&account, sizeof account), reply));
	TRY(look(registrar, limit_failures_per_device, device_of(row, culprit, &room), reply));
	return look(registrar, limit_orders_per_device, device_of(row, (struct bytes){0}, &room), reply);
}

/* What is over the limit by now is refused the next time; here the work is done already. */
static void add(struct registrar *registrar, enum limit limit, struct bytes key)
{
	uint8_t octets[limit_key_most];
	struct buffer room = BUFFER(octets);
	uint32_t wait_s = 0, most = 0;
	key = count_of(registrar, limit, key, &room, &most);
	(void)is_refused(limit_take(registrar->limit_tables, limit, most, key, now_us(), &wait_s));
}

void allowance_count(struct registrar *registrar, int64_t account, const uint8_t *address,
		     const struct authorization_row *row, status judged)
{
	uint8_t octets[limit_key_most - directory_size];
	struct buffer room = BUFFER(octets);
	if (!is_refused(judged)) {
		add(registrar, limit_orders_per_device, device_of(row, (struct bytes){0}, &room));
		return;
	}
	add(registrar, limit_failures_per_account, bytes_from(&account, sizeof account));
	add(registrar, limit_failures_per_device, device_of(row, culprit_of(row, &account, address), &room));
}
