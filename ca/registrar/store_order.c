/* SPDX-License-Identifier: Apache-2.0
 * Rows of orders, each with its authorizations and challenges, and of the devices that were seen. */
#include "ca/registrar/store_sqlite.h"

/* The number that a counting statement gives. */
static status read_count(struct store *store, enum statement which, int64_t account, uint64_t now_boot_s, uint64_t *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, which);
	store_bind_number(store, s, 1, (uint64_t)account);
	store_bind_number(store, s, 2, now_boot_s);
	TRY(store_step(store, s, &has_row));
	*out = has_row ? store_column_number(s, 0) : 0;
	return OK;
}

status store_order_count(struct store *store, int64_t account, uint64_t now_boot_s, uint64_t *out)
{
	return read_count(store, statement_order_count, account, now_boot_s, out);
}

status store_activation_count(struct store *store, int64_t account, uint64_t now_boot_s, uint64_t *out)
{
	return read_count(store, statement_activation_count, account, now_boot_s, out);
}

status store_order_add(struct store *store, struct order_row *order, uint64_t now_s)
{
	struct bytes authorizations;
	TRY(store_authorizations_encode(store, order, &authorizations));
	sqlite3_stmt *s = store_statement(store, statement_order_add);
	store_bind_number(store, s, 1, (uint64_t)order->account);
	store_bind_text(store, s, 2, order->name);
	store_bind_blob(store, s, 3, authorizations.data, authorizations.size);
	store_bind_number(store, s, 4, now_s);
	store_bind_number(store, s, 5, order->expires_s);
	store_bind_number(store, s, 6, order->expires_boot_s);
	store_bind_text(store, s, 7, order->replaces);
	store_bind_number(store, s, 8, order->is_successor ? 1 : 0);
	store_bind_number(store, s, 9, (uint64_t)order->directory);
	store_bind_text(store, s, 10, order->profile);
	TRY(store_do(store, s));
	order->id = sqlite3_last_insert_rowid(store->connection);
	order->state = order_pending;
	order->end = order_end_none;
	return OK;
}

static status read_names(struct store *store, sqlite3_stmt *s, struct order_row *row)
{
	row->id = sqlite3_column_int64(s, 0);
	row->account = sqlite3_column_int64(s, 1);
	TRY(store_column_text(store, s, 2, row->name, sizeof row->name));
	const void *blob = sqlite3_column_blob(s, 3);
	TRY(store_authorizations_decode(store, bytes_from(blob, (size_t)sqlite3_column_bytes(s, 3)), row));
	row->state = (enum order_state)store_column_letter(s, 4);
	row->end = (enum order_end)store_column_letter(s, 5);
	row->expires_s = store_column_number(s, 6);
	row->expires_boot_s = store_column_number(s, 7);
	return store_column_text(store, s, 8, row->error, sizeof row->error);
}

static status read_facts(struct store *store, sqlite3_stmt *s, struct order_row *row)
{
	row->validated_s = store_column_number(s, 9);
	TRY(store_column_blob(store, s, 10, row->voucher, sizeof row->voucher, &row->voucher_size));
	TRY(store_column_fixed(store, s, 11, row->spki_hash, sizeof row->spki_hash));
	TRY(store_column_fixed(store, s, 12, row->evidence_hash, sizeof row->evidence_hash));
	TRY(store_column_text(store, s, 13, row->format, sizeof row->format));
	TRY(store_column_text(store, s, 14, row->claims, sizeof row->claims));
	row->assurance = (uint8_t)store_column_number(s, 15);
	row->revoked_s = store_column_number(s, 16);
	row->directory = sqlite3_column_int64(s, 18);
	TRY(store_column_text(store, s, 17, row->replaces, sizeof row->replaces));
	TRY(store_column_text(store, s, 19, row->profile, sizeof row->profile));
	TRY(store_column_text(store, s, 20, row->certified, sizeof row->certified));
	return store_column_fixed(store, s, 21, row->root_hash, sizeof row->root_hash);
}

status store_order_find(struct store *store, const char *name, struct order_row *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_order_find);
	store_bind_text(store, s, 1, name);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(not_found);
	memset(out, 0, offsetof(struct order_row, authorizations));
	TRY(read_names(store, s, out));
	return read_facts(store, s, out);
}

/* What the certificate calls the device. */
static const char *device_name(const struct order_row *order)
{
	return order->certified[0] != 0 ? order->certified : store_order_first(order)->value;
}

static status hold_device(struct store *store, const struct order_row *order, uint64_t now_s, bool *is_news)
{
	sqlite3_stmt *s = store_statement(store, statement_device_hold);
	store_bind_text(store, s, 1, store_order_first(order)->type);
	store_bind_text(store, s, 2, device_name(order));
	store_bind_number(store, s, 3, now_s);
	TRY(store_do(store, s));
	*is_news = sqlite3_changes(store->connection) == 1;
	return REFUSE(identity_held);
}

status store_device_judge(struct store *store, const struct order_row *order, uint64_t now_s, bool *is_news)
{
	static const uint8_t nothing[store_hash_size];
	bool has_row = false;
	uint8_t known[store_hash_size];
	size_t size = 0;
	RESETTING s = store_statement(store, statement_device_known);
	*is_news = false;
	store_bind_text(store, s, 1, store_order_first(order)->type);
	store_bind_text(store, s, 2, device_name(order));
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return OK;
	TRY(store_column_blob(store, s, 0, known, sizeof known, &size));
	const bool is_told = size == sizeof known && memcmp(known, nothing, sizeof known) != 0 &&
			     memcmp(order->device_hash, nothing, sizeof nothing) != 0;
	if (!is_told || memcmp(known, order->device_hash, sizeof known) == 0 ||
	    order->record_sequence > store_column_number(s, 1))
		return OK;
	return hold_device(store, order, now_s, is_news);
}

status store_statement_keep(struct store *store, int64_t order, struct bytes statement)
{
	sqlite3_stmt *s = store_statement(store, statement_statement_keep);
	store_bind_number(store, s, 1, (uint64_t)order);
	store_bind_blob(store, s, 2, statement.data, statement.size);
	return store_do(store, s);
}

/* An order that is judged has a device. */
static status see_device(struct store *store, const struct order_row *order, uint64_t *device)
{
	bool has_row = false;
	const struct authorization_row *named = store_order_first(order);
	RESETTING s = store_statement(store, statement_device_see);
	store_bind_text(store, s, 1, named->type);
	store_bind_text(store, s, 2, device_name(order));
	store_bind_text(store, s, 3, order->format);
	store_bind_number(store, s, 4, order->assurance);
	store_bind_blob(store, s, 5, order->evidence_hash, sizeof order->evidence_hash);
	store_bind_number(store, s, 6, order->validated_s);
	store_bind_blob(store, s, 7, order->device_hash, sizeof order->device_hash);
	store_bind_number(store, s, 8, order->record_sequence);
	TRY(store_step(store, s, &has_row));
	*device = has_row ? store_column_number(s, 0) : 0;
	return has_row ? OK : store_note(store, "a device was not kept");
}

status store_order_judge(struct store *store, const struct order_row *order)
{
	uint64_t device = 0;
	struct bytes authorizations;
	const char state[2] = {(char)order->state, 0};
	TRY(see_device(store, order, &device));
	TRY(store_authorizations_encode(store, order, &authorizations));
	sqlite3_stmt *s = store_statement(store, statement_order_judge);
	store_bind_number(store, s, 1, (uint64_t)order->id);
	store_bind_number(store, s, 2, order->validated_s);
	store_bind_blob(store, s, 3, order->voucher, order->voucher_size);
	store_bind_blob(store, s, 4, order->spki_hash, sizeof order->spki_hash);
	store_bind_blob(store, s, 5, order->evidence_hash, sizeof order->evidence_hash);
	store_bind_text(store, s, 6, order->format);
	store_bind_text(store, s, 7, order->claims);
	store_bind_number(store, s, 8, order->assurance);
	store_bind_number(store, s, 9, device);
	store_bind_blob(store, s, 10, authorizations.data, authorizations.size);
	store_bind_text(store, s, 11, state);
	store_bind_text(store, s, 12, order->certified);
	store_bind_blob(store, s, 13, order->root_hash, sizeof order->root_hash);
	TRY(store_do(store, s));
	return sqlite3_changes(store->connection) == 1 ? OK : REFUSE(challenge_closed);
}

status store_order_write(struct store *store, const struct order_row *order)
{
	struct bytes authorizations;
	const char state[2] = {(char)order->state, 0}, end[2] = {(char)order->end, 0};
	TRY(store_authorizations_encode(store, order, &authorizations));
	sqlite3_stmt *s = store_statement(store, statement_order_write);
	store_bind_number(store, s, 1, (uint64_t)order->id);
	store_bind_blob(store, s, 2, authorizations.data, authorizations.size);
	store_bind_text(store, s, 3, state);
	store_bind_text(store, s, 4, end);
	store_bind_text(store, s, 5, order->error);
	store_bind_number(store, s, 6, store_order_is_probed(order));
	return store_do(store, s);
}

status store_order_close(struct store *store, const char *name, const char *error)
{
	sqlite3_stmt *s = store_statement(store, statement_order_close);
	store_bind_text(store, s, 1, name);
	store_bind_text(store, s, 2, error);
	return store_do(store, s);
}

status store_order_list_probing(struct store *store, const struct probing_listing *listing, int64_t *after,
				unsigned *count)
{
	char name[sizeof((struct order_row *)NULL)->name];
	bool has_row = false;
	*count = 0;
	RESETTING s = store_statement(store, statement_order_list_probing);
	store_bind_number(store, s, 1, (uint64_t)*after);
	store_bind_number(store, s, 2, listing->most);
	TRY(store_step(store, s, &has_row));
	for (; has_row; (*count)++) {
		TRY(store_column_text(store, s, 0, name, sizeof name));
		*after = sqlite3_column_int64(s, 1);
		listing->each(listing->to, name);
		TRY(store_step(store, s, &has_row));
	}
	return OK;
}

status store_order_list(struct store *store, const struct order_listing *listing, int64_t *before)
{
	char name[sizeof((struct order_row *)NULL)->name];
	int64_t last = 0;
	bool has_row = false;
	RESETTING s = store_statement(store, statement_order_list);
	store_bind_number(store, s, 1, (uint64_t)listing->account);
	store_bind_number(store, s, 2, listing->most + 1); /* the one more says whether there are more */
	store_bind_number(store, s, 3, (uint64_t)*before);
	store_bind_number(store, s, 4, listing->now_boot_s);
	TRY(store_step(store, s, &has_row));
	for (unsigned i = 0; has_row && i < listing->most; i++) {
		TRY(store_column_text(store, s, 0, name, sizeof name));
		last = sqlite3_column_int64(s, 1);
		listing->each(listing->to, name);
		TRY(store_step(store, s, &has_row));
	}
	*before = has_row ? last : 0;
	return OK;
}
