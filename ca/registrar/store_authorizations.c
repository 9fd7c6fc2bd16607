/* SPDX-License-Identifier: Apache-2.0
 * The authorizations of an order as one blob in its row: records of messages.def (stored_authorization). An order is
 * always read and written as a whole, so nothing of it is looked for from outside, and what is asked of it is asked of
 * its row in memory. */
#include "ca/registrar/store_sqlite.h"

#include <stdio.h>

#include "firmware/boundary/wire.h"

enum { challenge_room = 160, authorization_room = 2048 };

static status encode_authorization(const struct authorization_row *row, struct buffer *out)
{
	uint8_t room[challenge_most * challenge_room];
	struct buffer pieces = BUFFER(room);
	struct message_stored_authorization authorization = {.type = bytes_from_text(row->type),
							     .value = bytes_from_text(row->value),
							     .state = (uint8_t)row->state,
							     .voucher = bytes_from(row->voucher, row->voucher_size)};
	for (size_t i = 0; i < row->challenge_count; i++) {
		const struct challenge_row *from = &row->challenges[i];
		const struct message_stored_challenge challenge = {.challenge = (uint8_t)from->challenge,
								   .state = (uint8_t)from->state,
								   .token = bytes_from_text(from->token),
								   .validated_s = from->validated_s};
		const size_t at = pieces.size;
		TRY(wire_encode(message_stored_challenge, &challenge, &pieces));
		authorization.challenges.at[authorization.challenges.count++] =
		    bytes_from(pieces.data + at, pieces.size - at);
	}
	return wire_encode(message_stored_authorization, &authorization, out);
}

static status encode_all(struct store *store, const struct order_row *order, struct bytes *out)
{
	struct buffer pieces = BUFFER(store->pieces), list = BUFFER(store->list);
	struct message_stored_authorizations all = {.list.count = order->authorization_count};
	for (size_t i = 0; i < order->authorization_count; i++) {
		const size_t at = pieces.size;
		TRY(encode_authorization(&order->authorizations[i], &pieces));
		all.list.at[i] = bytes_from(pieces.data + at, pieces.size - at);
	}
	TRY(wire_encode(message_stored_authorizations, &all, &list));
	*out = buffer_view(&list);
	return OK;
}

status store_authorizations_encode(struct store *store, const struct order_row *order, struct bytes *out)
{
	return is_refused(encode_all(store, order, out)) ? store_note(store, "an order is too long to be kept") : OK;
}

static void copy_text(struct bytes from, char *to, size_t room)
{
	const size_t size = from.size < room ? from.size : room - 1;
	if (size != 0)
		memcpy(to, from.data, size);
	to[size] = 0;
}

static status decode_authorization(struct bytes from, struct authorization_row *out)
{
	struct message_stored_authorization stored;
	TRY(wire_decode(message_stored_authorization, from, &stored));
	copy_text(stored.type, out->type, sizeof out->type);
	copy_text(stored.value, out->value, sizeof out->value);
	out->state = (enum authorization_state)stored.state;
	out->voucher_size = stored.voucher.size;
	if (stored.voucher.size != 0)
		memcpy(out->voucher, stored.voucher.data, stored.voucher.size);
	out->challenge_count = stored.challenges.count;
	for (size_t i = 0; i < stored.challenges.count; i++) {
		struct message_stored_challenge challenge;
		struct challenge_row *to = &out->challenges[i];
		TRY(wire_decode(message_stored_challenge, stored.challenges.at[i], &challenge));
		if (challenge.challenge >= challenge_count)
			return REFUSE(message_malformed);
		to->challenge = (enum challenge)challenge.challenge;
		to->state = (enum challenge_state)challenge.state;
		to->validated_s = challenge.validated_s;
		copy_text(challenge.token, to->token, sizeof to->token);
	}
	return OK;
}

static status decode_all(struct bytes blob, struct order_row *out)
{
	struct message_stored_authorizations all;
	TRY(wire_decode(message_stored_authorizations, blob, &all));
	for (size_t i = 0; i < all.list.count; i++)
		TRY(decode_authorization(all.list.at[i], &out->authorizations[i]));
	out->authorization_count = all.list.count;
	return all.list.count == 0 ? REFUSE(message_malformed) : OK;
}

status store_authorizations_decode(struct store *store, struct bytes blob, struct order_row *out)
{
	return is_refused(decode_all(blob, out)) ? store_note(store, "the authorizations of an order are damaged") : OK;
}

const struct authorization_row *store_order_first(const struct order_row *order)
{
	for (size_t i = 0; i < order->authorization_count; i++)
		if (identifier_is_device(bytes_from_text(order->authorizations[i].type)))
			return &order->authorizations[i];
	return &order->authorizations[0];
}

bool store_authorization_is_same(const struct authorization_row *one, const struct authorization_row *other)
{
	return strcmp(one->type, other->type) == 0 && strcmp(one->value, other->value) == 0;
}

bool store_order_is_probed(const struct order_row *order)
{
	for (size_t i = 0; i < order->authorization_count; i++)
		for (size_t k = 0; k < order->authorizations[i].challenge_count; k++)
			if (order->authorizations[i].challenges[k].state == challenge_processing)
				return true;
	return false;
}

/* ---- functions of SQL ---- */

static void give(sqlite3_context *context, struct store *store, const struct order_row *order)
{
	struct bytes blob;
	if (is_refused(encode_all(store, order, &blob)))
		sqlite3_result_error(context, "the authorizations of an order are damaged", -1);
	else
		sqlite3_result_blob64(context, blob.data, blob.size, SQLITE_TRANSIENT);
}

static const char *text_of(sqlite3_value *value)
{
	const char *text = (const char *)sqlite3_value_text(value);
	return text == NULL ? "" : text;
}

/* An expired authorization was pending, or valid: the row says which by the time of validation. */
static void first_authorization(sqlite3_context *context, int count, sqlite3_value **values)
{
	static struct order_row order; /* one connection, one thread at a time */
	struct authorization_row *row = &order.authorizations[0];
	const char *state = text_of(values[3]);
	const int64_t validated_s = count > 4 ? sqlite3_value_int64(values[4]) : 0;
	memset(row, 0, sizeof *row);
	snprintf(row->type, sizeof row->type, "%s", text_of(values[0]));
	snprintf(row->value, sizeof row->value, "%s", text_of(values[1]));
	row->state = validated_s != 0 && *state == 'x' ? authorization_valid
		     : *state == 'x'			? authorization_pending
							: (enum authorization_state) * state;
	row->challenge_count = 1;
	row->challenges[0] = (struct challenge_row){.challenge = challenge_device_attest_01,
						    .state = validated_s != 0 ? challenge_valid
							     : *state == 'i'  ? challenge_invalid
									      : challenge_pending,
						    .validated_s = (uint64_t)validated_s};
	snprintf(row->challenges[0].token, sizeof row->challenges[0].token, "%s", text_of(values[2]));
	order.authorization_count = 1;
	give(context, sqlite3_user_data(context), &order);
}

static void reopened_authorizations(sqlite3_context *context, int count, sqlite3_value **values)
{
	static struct order_row order;
	const struct bytes blob = bytes_from(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));
	if (count != 1 || is_refused(decode_all(blob, &order))) {
		sqlite3_result_error(context, "the authorizations of an order are damaged", -1);
		return;
	}
	for (size_t i = 0; i < order.authorization_count; i++) {
		struct authorization_row *row = &order.authorizations[i];
		row->state = authorization_pending;
		row->voucher_size = 0;
		for (size_t k = 0; k < row->challenge_count; k++) {
			row->challenges[k].state = challenge_pending;
			row->challenges[k].validated_s = 0;
		}
	}
	give(context, sqlite3_user_data(context), &order);
}

bool store_authorizations_register(struct store *store)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	return sqlite3_create_function_v2(store->connection, "first_authorization", 5, flags, store, first_authorization,
					  NULL, NULL, NULL) == SQLITE_OK &&
	       sqlite3_create_function_v2(store->connection, "reopened_authorizations", 1, flags, store,
					  reopened_authorizations, NULL, NULL, NULL) == SQLITE_OK;
}
