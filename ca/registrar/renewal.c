/* SPDX-License-Identifier: Apache-2.0
 * Renewal information, which anybody may ask for and which costs one look by a serial number, and the judgement of
 * `replaces`. Distrusts the name of the certificate. */
#include "ca/registrar/renewal.h"

#include <stdio.h>

#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/renewal_id.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

enum { leaf_most = 4096, shortest_wait_s = 60, longest_wait_s = 21600 };

struct renewal_window renewal_suggest(uint64_t not_before_s, uint64_t not_after_s, uint64_t revoked_s)
{
	const uint64_t life_s = not_after_s > not_before_s ? not_after_s - not_before_s : 0;
	const uint64_t wait_s = life_s / 24;
	struct renewal_window window = {
	    .start_s = not_before_s + life_s / 3 * 2,
	    .retry_after_s = (uint32_t)(wait_s < shortest_wait_s  ? shortest_wait_s
					: wait_s > longest_wait_s ? longest_wait_s
								  : wait_s),
	};
	window.end_s = window.start_s + (life_s < 6 ? 1 : life_s / 6);
	if (revoked_s != 0) {
		window.start_s = revoked_s > 3600 ? revoked_s - 3600 : 0;
		window.end_s = window.start_s + 1;
	}
	return window;
}

/* Our certificates are made by one builder, and this is how it writes the key identifier of the issuer. */
static bool is_under(struct bytes leaf, const struct renewal_id *id)
{
	static const uint8_t lead[] = {0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14};
	uint8_t extension[sizeof lead + 20];
	if (id->key_id_size != 20)
		return false;
	memcpy(extension, lead, sizeof lead);
	memcpy(extension + sizeof lead, id->key_id, 20);
	return leaf.size != 0 && memmem(leaf.data, leaf.size, extension, sizeof extension) != NULL;
}

static status find(struct store *store, int64_t directory, struct bytes text, struct predecessor_row *out)
{
	uint8_t octets[leaf_most];
	struct buffer room = BUFFER(octets);
	struct renewal_id id;
	TRY(renewal_id_parse(text, &id));
	if (id.serial_size != store_serial_size)
		return REFUSE(renewal_unknown);
	TRY(store_predecessor_find(store, id.serial, &room, out));
	const bool is_ours = out->directory == directory && is_under(out->leaf, &id);
	out->leaf = (struct bytes){0}; /* it pointed here */
	return is_ours ? OK : REFUSE(renewal_unknown);
}

status renewal_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct predecessor_row row;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, find(registrar->store, registrar->directory->id, bytes_from_text(request->part), &row)));
	const struct renewal_window window = renewal_suggest(row.not_before_s, row.not_after_s, row.revoked_s);
	json_t *object = json_pack("{s:{s:s, s:s}}", "suggestedWindow", "start", describe_time(window.start_s).text, "end",
				   describe_time(window.end_s).text);
	if (object != NULL && row.revoked_s != 0 && registrar->directory->limits.help[0] != 0 &&
	    json_object_set_new(object, "explanationURL", json_string(registrar->directory->limits.help)) != 0) {
		json_decref(object);
		object = NULL;
	}
	reply->retry_after_s = window.retry_after_s;
	return reply_json(reply, 200, object);
}

status renewal_read(const json_t *payload, struct order_row *order)
{
	struct renewal_id id;
	const char *text = NULL;
	if (json_object_get(payload, "replaces") == NULL)
		return OK;
	TRY(payload_text(payload, "replaces", &text));
	TRY(renewal_id_parse(bytes_from_text(text), &id));
	snprintf(order->replaces, sizeof order->replaces, "%s", text);
	return OK;
}

static size_t count_shared(const struct order_row *one, const struct order_row *other)
{
	size_t count = 0;
	for (size_t i = 0; i < one->authorization_count; i++)
		for (size_t k = 0; k < other->authorization_count; k++)
			count += store_authorization_is_same(&one->authorizations[i], &other->authorizations[k]);
	return count;
}

/* Another account has to prove all that the certificate names: who shares a name with a device does not succeed it. */
status renewal_judge(struct store *store, struct order_row *order)
{
	struct predecessor_row row;
	struct order_row *predecessor = &desk_here()->predecessor;
	if (order->replaces[0] == 0)
		return OK;
	TRY(find(store, order->directory, bytes_from_text(order->replaces), &row));
	TRY(store_order_find(store, row.order, predecessor));
	order->is_successor = predecessor->account == order->account;
	if (count_shared(order, predecessor) < (order->is_successor ? 1 : predecessor->authorization_count))
		return REFUSE(replaces_mismatch);
	return renewal_claim(store, order);
}

status renewal_claim(struct store *store, const struct order_row *order)
{
	bool has_successor = false;
	if (order->replaces[0] == 0)
		return OK;
	TRY(store_successor_has(store, order, clock_boot_s(), &has_successor));
	return has_successor ? REFUSE(already_replaced) : OK;
}
