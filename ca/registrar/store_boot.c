/* SPDX-License-Identifier: Apache-2.0
 * What another boot left open. There may be millions of rows, so they are closed slice by slice: each is committed by
 * itself, and a process that is killed meanwhile goes on where it was. */
#include "ca/registrar/store_sqlite.h"

enum { slice = 20000 };

static status close_slice(struct store *store, enum statement which, bool *is_last)
{
	sqlite3_stmt *s = store_statement(store, which);
	store_bind_number(store, s, 1, slice);
	TRY(store_do(store, s));
	*is_last = sqlite3_changes(store->connection) < slice;
	return OK;
}

static status close_all(struct store *store, enum statement which)
{
	for (bool is_last = false; !is_last;) {
		store_enter(store);
		TRY(store_leave(store, close_slice(store, which, &is_last)));
	}
	return OK;
}

static status look(struct store *store, const uint8_t boot_id[store_boot_id_size], bool *is_known)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_meta_read);
	store_bind_text(store, s, 1, "boot_id");
	TRY(store_step(store, s, &has_row));
	*is_known = has_row && sqlite3_column_bytes(s, 0) == store_boot_id_size &&
		    memcmp(sqlite3_column_blob(s, 0), boot_id, store_boot_id_size) == 0;
	return OK;
}

static status note(struct store *store, const uint8_t boot_id[store_boot_id_size])
{
	sqlite3_stmt *s = store_statement(store, statement_meta_write);
	store_bind_text(store, s, 1, "boot_id");
	store_bind_blob(store, s, 2, boot_id, store_boot_id_size);
	return store_do(store, s);
}

status store_boot_begin(struct store *store, const uint8_t boot_id[store_boot_id_size])
{
	bool is_known = false;
	store_enter(store);
	TRY(store_leave(store, look(store, boot_id, &is_known)));
	if (is_known)
		return OK;
	TRY(close_all(store, statement_former_boot_close_orders));
	TRY(close_all(store, statement_former_boot_drop_activations));
	store_enter(store);
	return store_leave(store, note(store, boot_id));
}
