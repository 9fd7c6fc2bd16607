/* SPDX-License-Identifier: Apache-2.0
 * Bounds what strangers can make this database hold: how many rows there may be without a certificate, and which of
 * them go. What has a certificate stays, for the ledger's entries are explained by it. */
#include "ca/registrar/store_sqlite.h"

static const struct {
	enum statement count;
	enum refusal full;
} rooms[store_room_count] = {
    [store_room_accounts] = {statement_room_accounts, refusal_accounts_full},
    [store_room_orders] = {statement_room_orders, refusal_orders_full},
    [store_room_activations] = {statement_room_activations, refusal_orders_full},
};

static status is_proven(struct store *store, int64_t account, bool *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_account_is_proven);
	store_bind_number(store, s, 1, (uint64_t)account);
	TRY(store_step(store, s, &has_row));
	*out = has_row && sqlite3_column_int(s, 0) == 1;
	return OK;
}

static status count_room(struct store *store, enum store_room kind, int64_t directory, uint64_t most, uint64_t now_boot_s,
			 struct room *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, rooms[kind].count);
	store_bind_number(store, s, 1, most);
	store_bind_number(store, s, 2, now_boot_s);
	store_bind_number(store, s, 3, (uint64_t)directory);
	TRY(store_step(store, s, &has_row));
	*out = (struct room){directory, most - store_column_number(s, 0), now_boot_s};
	return OK;
}

/* Counting costs as much as there is, so it is rare: what was added since the last count is subtracted, and what ended
 * since then is not known before the next. */
status store_room_take(struct store *store, enum store_room kind, int64_t directory, int64_t account, uint64_t most,
		       uint64_t now_boot_s)
{
	struct room *room = &store->rooms[kind][(uint64_t)directory % store_rooms_most];
	bool is_let_in = false;
	if (room->directory != directory || (room->left == 0 && room->counted_boot_s < now_boot_s))
		TRY(count_room(store, kind, directory, most, now_boot_s, room));
	if (room->left > 0) {
		room->left--;
		return OK;
	}
	TRY(is_proven(store, account, &is_let_in));
	return is_let_in ? OK : (status){rooms[kind].full};
}

static status sweep_rows(struct store *store, enum statement which, uint64_t most, uint64_t before, uint64_t *rows)
{
	sqlite3_stmt *s = store_statement(store, which);
	store_bind_number(store, s, 1, most);
	store_bind_number(store, s, 2, before);
	TRY(store_do(store, s));
	*rows += (uint64_t)sqlite3_changes(store->connection);
	return OK;
}

static status count_surplus(struct store *store, const struct store_sweep *sweep, uint64_t *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_sweep_count_closed_orders);
	store_bind_number(store, s, 1, sweep->closed_most + sweep->slice);
	TRY(store_step(store, s, &has_row));
	const uint64_t count = store_column_number(s, 0);
	*out = count > sweep->closed_most ? count - sweep->closed_most : 0;
	return OK;
}

static status sweep_closed(struct store *store, const struct store_sweep *sweep, uint64_t *rows)
{
	uint64_t surplus = 0;
	TRY(sweep_rows(store, statement_sweep_closed_orders, sweep->slice, sweep->closed_before_s, rows));
	TRY(count_surplus(store, sweep, &surplus));
	return surplus == 0 ? OK : sweep_rows(store, statement_sweep_closed_orders, surplus, INT64_MAX, rows);
}

static status sweep_accounts(struct store *store, const struct store_sweep *sweep, uint64_t *rows)
{
	sqlite3_stmt *s = store_statement(store, statement_sweep_put_accounts_off);
	store_bind_number(store, s, 1, sweep->slice);
	store_bind_number(store, s, 2, sweep->idle_before_s);
	store_bind_number(store, s, 3, sweep->now_s);
	TRY(store_do(store, s));
	*rows += (uint64_t)sqlite3_changes(store->connection);
	return sweep_rows(store, statement_sweep_accounts, sweep->slice, sweep->idle_before_s, rows);
}

status store_sweep(struct store *store, const struct store_sweep *sweep, uint64_t *rows)
{
	*rows = 0;
	TRY(sweep_rows(store, statement_sweep_open_orders, sweep->slice, sweep->open_before_boot_s, rows));
	TRY(sweep_closed(store, sweep, rows));
	TRY(sweep_rows(store, statement_sweep_activations, sweep->slice, sweep->open_before_boot_s, rows));
	return sweep_accounts(store, sweep, rows);
}
