/* SPDX-License-Identifier: Apache-2.0
 * Rows of revocations, which follow the ledger, and who may ask for one. */
#include "ca/registrar/store_sqlite.h"

status store_revocation_add(struct store *store, const struct revocation_row *row)
{
	sqlite3_stmt *s = store_statement(store, statement_revocation_add);
	store_bind_number(store, s, 1, row->certificate);
	store_bind_number(store, s, 2, row->entry);
	store_bind_number(store, s, 3, row->when_s);
	store_bind_number(store, s, 4, row->reason);
	store_bind_number(store, s, 5, row->asked_by);
	store_bind_blob(store, s, 6, row->request_hash, sizeof row->request_hash);
	return store_do(store, s);
}

status store_revocation_find(struct store *store, uint64_t certificate, struct revocation_row *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_revocation_find);
	store_bind_number(store, s, 1, certificate);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(entry_unknown);
	*out = (struct revocation_row){
	    .certificate = store_column_number(s, 0),
	    .entry = store_column_number(s, 1),
	    .when_s = store_column_number(s, 2),
	    .reason = (uint8_t)store_column_number(s, 3),
	    .asked_by = (uint8_t)store_column_number(s, 4),
	};
	return store_column_fixed(store, s, 5, out->request_hash, sizeof out->request_hash);
}

status store_revocable_find(struct store *store, const uint8_t serial[store_serial_size], struct buffer *room,
			    struct revocable_row *out)
{
	bool has_row = false;
	size_t size = 0;
	uint8_t *to = room->data + room->size;
	RESETTING s = store_statement(store, statement_revocable_find);
	store_bind_blob(store, s, 1, serial, store_serial_size);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(certificate_unknown);
	TRY(store_column_blob(store, s, 4, to, room->room - room->size, &size));
	room->size += size;
	*out = (struct revocable_row){
	    .entry = store_column_number(s, 0),
	    .not_after_s = store_column_number(s, 1),
	    .account = (int64_t)store_column_number(s, 2),
	    .device = (int64_t)store_column_number(s, 3),
	    .directory = sqlite3_column_int64(s, 5),
	    .leaf = bytes_from(to, size),
	};
	return OK;
}

enum { orders_looked_at = 256 };

static status has_device(struct store *store, int64_t account, int64_t device, struct now now, bool *out)
{
	RESETTING s = store_statement(store, statement_authorization_has);
	store_bind_number(store, s, 1, (uint64_t)account);
	store_bind_number(store, s, 2, (uint64_t)device);
	store_bind_number(store, s, 3, now.wall_s);
	store_bind_number(store, s, 4, now.boot_s);
	return store_step(store, s, out);
}

/* The next row's authorizations; false: there is none. */
static status next_order(struct store *store, sqlite3_stmt *s, struct order_row *out, bool *has_row)
{
	TRY(store_step(store, s, has_row));
	if (!*has_row)
		return OK;
	const void *blob = sqlite3_column_blob(s, 0);
	return store_authorizations_decode(store, bytes_from(blob, (size_t)sqlite3_column_bytes(s, 0)), out);
}

static size_t cover(const struct order_row *held, const struct order_row *wanted, bool is_covered[identifiers_most])
{
	size_t covered = 0;
	for (size_t i = 0; i < wanted->authorization_count; i++) {
		for (size_t k = 0; k < held->authorization_count; k++)
			if (held->authorizations[k].state == authorization_valid &&
			    store_authorization_is_same(&held->authorizations[k], &wanted->authorizations[i]))
				is_covered[i] = true;
		covered += is_covered[i];
	}
	return covered;
}

static status has_all(struct store *store, int64_t account, const struct order_row *wanted, struct now now, bool *out)
{
	bool is_covered[identifiers_most] = {false}, has_row = true;
	RESETTING s = store_statement(store, statement_authorizations_of_account);
	store_bind_number(store, s, 1, (uint64_t)account);
	store_bind_number(store, s, 2, now.wall_s);
	store_bind_number(store, s, 3, now.boot_s);
	store_bind_number(store, s, 4, orders_looked_at);
	*out = false;
	while (has_row && !*out) {
		TRY(next_order(store, s, &store->held, &has_row));
		*out = has_row && cover(&store->held, wanted, is_covered) == wanted->authorization_count;
	}
	return OK;
}

status store_authorization_has(struct store *store, int64_t account, const struct revocable_row *certificate,
			       struct now now, bool *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_authorizations_of_certificate);
	store_bind_number(store, s, 1, certificate->entry);
	TRY(next_order(store, s, &store->wanted, &has_row));
	*out = false;
	if (!has_row) /* an AK's */
		return OK;
	if (store->wanted.authorization_count == 1 && certificate->device != 0)
		return has_device(store, account, certificate->device, now, out);
	return has_all(store, account, &store->wanted, now, out);
}
