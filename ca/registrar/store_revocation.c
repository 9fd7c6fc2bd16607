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
	    .leaf = bytes_from(to, size),
	};
	return OK;
}

status store_authorization_has(struct store *store, int64_t account, int64_t device, uint64_t now_s,
			       uint64_t now_boot_s, bool *out)
{
	RESETTING s = store_statement(store, statement_authorization_has);
	store_bind_number(store, s, 1, (uint64_t)account);
	store_bind_number(store, s, 2, (uint64_t)device);
	store_bind_number(store, s, 3, now_s);
	store_bind_number(store, s, 4, now_boot_s);
	return store_step(store, s, out);
}
