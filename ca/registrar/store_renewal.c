/* SPDX-License-Identifier: Apache-2.0
 * Certificates that are to be replaced, by their serial numbers, and the orders that succeed them. */
#include "ca/registrar/store_sqlite.h"

status store_predecessor_find(struct store *store, const uint8_t serial[store_serial_size], struct buffer *room,
			      struct predecessor_row *out)
{
	bool has_row = false;
	size_t size = 0;
	uint8_t *to = room->data + room->size;
	RESETTING s = store_statement(store, statement_predecessor_find);
	store_bind_blob(store, s, 1, serial, store_serial_size);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(renewal_unknown);
	struct predecessor_row row = {
	    .not_before_s = store_column_number(s, 0),
	    .not_after_s = store_column_number(s, 1),
	    .revoked_s = store_column_number(s, 2),
	};
	TRY(store_column_text(store, s, 3, row.order, sizeof row.order));
	TRY(store_column_blob(store, s, 4, to, room->room - room->size, &size));
	room->size += size;
	row.leaf = bytes_from(to, size);
	row.directory = sqlite3_column_int64(s, 5);
	*out = row;
	return OK;
}

status store_successor_has(struct store *store, const struct order_row *order, uint64_t now_boot_s, bool *out)
{
	RESETTING s = store_statement(store, statement_successor_has);
	store_bind_text(store, s, 1, order->replaces);
	store_bind_number(store, s, 2, (uint64_t)order->id);
	store_bind_number(store, s, 3, now_boot_s);
	return store_step(store, s, out);
}
