/* SPDX-License-Identifier: Apache-2.0
 * Orders (RFC 8555 7.1.3, 7.4). An order names a device, names of it or of a server, or both; its name in URLs is the
 * string by which the verifier knows its own orders again. */
#include "ca/registrar/order.h"
#include "ca/problem/problem.h"
#include "ca/registrar/allowance.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/idna.h"
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

/* Whether the directory could ever certify it: its type, its grammar, the envelope's names, a challenge for it. */
static status judge_identifier(const struct registrar *registrar, const struct profile *profile, const char *type_text,
			       const char *value_text)
{
	const struct bytes type = bytes_from_text(type_text), value = bytes_from_text(value_text);
	if (!identifier_is_among(bytes_from_text(registrar->directory->identifiers), type))
		return REFUSE(identifier_type_unsupported);
	TRY(identifier_judge(type, value));
	if (bytes_equal_text(type, "dns") && !idna_is_proper(value_text))
		return REFUSE(identifier_malformed);
	if (!identifier_is_device(type) && !identifier_is_within(type, value, bytes_from_text(profile->dns_suffixes),
								 bytes_from_text(profile->ip_ranges)))
		return REFUSE(envelope_name_outside);
	for (enum challenge i = 0; i < challenge_count; i++)
		if (registrar->directory->offers[i] && challenge_fits(i, type, value))
			return OK;
	return REFUSE(challenge_unavailable);
}

static status judge_count(const struct order_row *order)
{
	size_t devices = 0, octets = 0;
	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct authorization_row *row = &order->authorizations[i];
		devices += identifier_is_device(bytes_from_text(row->type));
		octets += strlen(row->value);
		for (size_t k = 0; k < i; k++)
			if (store_authorization_is_same(&order->authorizations[k], row))
				return REFUSE(identifier_count);
	}
	return devices <= 1 && octets <= identifiers_most_octets ? OK : REFUSE(identifier_count);
}

static void start_authorization(const struct registrar *registrar, const char *type, const char *value,
				struct authorization_row *out)
{
	snprintf(out->type, sizeof out->type, "%s", type);
	snprintf(out->value, sizeof out->value, "%s", value);
	out->state = authorization_pending;
	out->challenge_count = out->voucher_size = 0;
	for (enum challenge i = 0; i < challenge_count; i++)
		if (registrar->directory->offers[i] && challenge_fits(i, bytes_from_text(type), bytes_from_text(value)))
			out->challenges[out->challenge_count++] =
			    (struct challenge_row){.challenge = i, .state = challenge_pending};
}

/* Each bad identifier gets its subproblem while there is room; the first one's refusal is the order's. */
static status read_identifiers(const struct registrar *registrar, const struct profile *profile, const json_t *list,
			       struct order_row *order,
			       struct reply *reply)
{
	status first = OK;
	if (!json_is_array(list))
		return REFUSE(payload_malformed);
	if (json_array_size(list) == 0 || json_array_size(list) > identifiers_most)
		return REFUSE(identifier_count);
	order->authorization_count = json_array_size(list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *type = NULL, *value = NULL;
		TRY(payload_text(json_array_get(list, i), "type", &type));
		TRY(payload_text(json_array_get(list, i), "value", &value));
		const status judged = judge_identifier(registrar, profile, type, value);
		if (!is_refused(judged)) {
			start_authorization(registrar, type, value, &order->authorizations[i]);
			continue;
		}
		first = is_refused(first) ? first : judged;
		(void)problem_add_subproblem(judged, NULL, type, value, &reply->subproblems);
	}
	return is_refused(first) ? first : judge_count(order);
}

/* The one asked for; who asks for none gets the directory's first (draft-ietf-acme-profiles 4). */
static status read_profile(const struct registrar *registrar, const json_t *payload, struct order_row *order,
			   const struct profile **out)
{
	const char *name = NULL;
	*out = &registrar->directory->profiles[0];
	if (json_object_get(payload, "profile") != NULL) {
		TRY(payload_text(payload, "profile", &name));
		*out = name[0] == 0 ? NULL : registrar_find_profile(registrar, name);
	}
	if (*out == NULL)
		return REFUSE(profile_unknown);
	snprintf(order->profile, sizeof order->profile, "%s", (*out)->name);
	return OK;
}

static status read_payload(const struct registrar *registrar, const json_t *payload, struct order_row *order,
			   struct reply *reply)
{
	const struct profile *profile = NULL;
	TRY(read_profile(registrar, payload, order, &profile));
	TRY(read_identifiers(registrar, profile, json_object_get(payload, "identifiers"), order, reply));
	TRY(judge_time(payload, "notBefore"));
	TRY(judge_time(payload, "notAfter"));
	return renewal_read(payload, order);
}

/* Tokens come for every challenge that fits; those that the directory offers are kept. */
static status take_tokens(const struct message_order_opened *opened, struct order_row *order)
{
	size_t at = 0;
	for (size_t i = 0; i < order->authorization_count; i++) {
		struct authorization_row *row = &order->authorizations[i];
		size_t next = 0;
		for (enum challenge c = 0; c < challenge_count; c++) {
			if (!challenge_fits(c, bytes_from_text(row->type), bytes_from_text(row->value)))
				continue;
			if (at == opened->tokens.count)
				return REFUSE(message_malformed);
			const struct bytes token = opened->tokens.at[at++];
			if (next == row->challenge_count || row->challenges[next].challenge != c)
				continue;
			struct challenge_row *challenge = &row->challenges[next++];
			if (token.size >= sizeof challenge->token)
				return REFUSE(message_malformed);
			memcpy(challenge->token, token.data, token.size);
			challenge->token[token.size] = 0;
		}
	}
	return at == opened->tokens.count ? OK : REFUSE(message_malformed);
}

/* The verifier's order goes into URLs and paths: it must be what its message says, base64url. */
static status take_opened(const struct message_order_opened *opened, struct order_row *order)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint64_t now_boot_s = clock_boot_s();
	snprintf(order->name, sizeof order->name, "%.*s", (int)opened->order.size, (const char *)opened->order.data);
	if (order->name[0] == 0 || order->name[strspn(order->name, alphabet)] != 0 ||
	    opened->expires_boot_s <= now_boot_s)
		return REFUSE(message_malformed);
	order->expires_boot_s = opened->expires_boot_s;
	order->expires_s = clock_wall_s() + (opened->expires_boot_s - now_boot_s);
	return take_tokens(opened, order);
}

static status add(struct registrar *registrar, struct order_row *order)
{
	uint64_t pending = 0;
	TRY(store_order_count(registrar->store, order->account, clock_boot_s(), &pending));
	if (pending >= registrar->directory->limits.pending_most)
		return REFUSE(orders_too_many);
	TRY(renewal_judge(registrar->store, order));
	TRY(store_room_take(registrar->store, store_room_orders, order->directory, order->account, registrar->directory->orders_most,
			    clock_boot_s()));
	return store_order_add(registrar->store, order, clock_wall_s());
}

status order_give(struct registrar *registrar, const struct order_row *order, uint32_t http_status, struct reply *reply)
{
	reply_locate(reply, registrar_url(registrar, "order/%s", order->name).text);
	reply->retry_after_s = describe_wait_s(registrar, order);
	return reply_json(reply, http_status, describe_order(registrar, order));
}

status order_list_identifiers(const struct order_row *order, struct buffer *room, struct bytes out[identifiers_most],
			      size_t *count)
{
	for (size_t i = 0; i < order->authorization_count; i++) {
		const struct message_identifier identifier = {bytes_from_text(order->authorizations[i].type),
							      bytes_from_text(order->authorizations[i].value)};
		const size_t at = room->size;
		TRY(wire_encode(message_identifier, &identifier, room));
		out[i] = bytes_from(room->data + at, room->size - at);
	}
	*count = order->authorization_count;
	return OK;
}

status order_open(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	struct buffer room = BUFFER(desk_here()->statement);
	struct message_order_open ask = {.directory = bytes_from_text(registrar->directory->name)};
	struct message_order_opened opened;
	memset(order, 0, offsetof(struct order_row, authorizations));
	order->account = request->account;
	order->directory = registrar->directory->id;
	TRY(read_payload(registrar, request->payload, order, reply));
	TRY(allowance_order(registrar, request, order, reply));
	TRY(order_list_identifiers(order, &room, ask.identifiers.at, &ask.identifiers.count));
	TRY(ask_verifier(registrar, message_order_open, &ask, &opened, reply));
	TRY(take_opened(&opened, order));
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, add(registrar, order)));
	return order_give(registrar, order, 201, reply);
}

status order_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	TRY(describe_load(registrar, request->part, request->account, order));
	return order_give(registrar, order, 200, reply);
}
