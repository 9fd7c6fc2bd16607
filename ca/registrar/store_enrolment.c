/* SPDX-License-Identifier: Apache-2.0
 * Rows of enrolment records, which administrators signed, and of AK activations. */
#include "ca/registrar/store_sqlite.h"

static sqlite3_stmt *newest(struct store *store, struct bytes type, struct bytes identifier)
{
	sqlite3_stmt *s = store_statement(store, statement_record_newest);
	store_bind_view(store, s, 1, type);
	store_bind_view(store, s, 2, identifier);
	return s;
}

status store_record_add(struct store *store, const struct record_row *record, uint64_t now_s)
{
	bool has_row = false;
	RESETTING last = newest(store, record->identifier_type, record->identifier);
	TRY(store_step(store, last, &has_row));
	if (has_row && store_column_number(last, 0) >= record->sequence)
		return REFUSE(record_superseded);
	sqlite3_stmt *s = store_statement(store, statement_record_add);
	store_bind_view(store, s, 1, record->identifier_type);
	store_bind_view(store, s, 2, record->identifier);
	store_bind_number(store, s, 3, record->sequence);
	store_bind_blob(store, s, 4, record->device_hash, sizeof record->device_hash);
	store_bind_number(store, s, 5, record->expires_s);
	store_bind_view(store, s, 6, record->administrator);
	store_bind_blob(store, s, 7, record->request.data, record->request.size);
	store_bind_number(store, s, 8, now_s);
	store_bind_number(store, s, 9, record->is_one_time ? 1 : 0);
	return store_do(store, s);
}

status store_record_find(struct store *store, const char *identifier_type, const char *identifier, struct buffer *out)
{
	bool has_row = false;
	size_t size = 0;
	RESETTING s = newest(store, bytes_from_text(identifier_type), bytes_from_text(identifier));
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return OK;
	if (store_column_number(s, 3) != 0)
		return REFUSE(record_burnt);
	TRY(store_column_blob(store, s, 1, out->data + out->size, out->room - out->size, &size));
	out->size += size;
	return OK;
}

status store_record_claim(struct store *store, const char *identifier_type, const char *identifier, int64_t order)
{
	bool has_row = false;
	RESETTING last = newest(store, bytes_from_text(identifier_type), bytes_from_text(identifier));
	TRY(store_step(store, last, &has_row));
	if (!has_row || store_column_number(last, 2) == 0)
		return OK;
	sqlite3_stmt *s = store_statement(store, statement_record_claim);
	store_bind_text(store, s, 1, identifier_type);
	store_bind_text(store, s, 2, identifier);
	store_bind_number(store, s, 3, (uint64_t)order);
	TRY(store_do(store, s));
	return sqlite3_changes(store->connection) > 0 ? OK : REFUSE(record_burnt);
}

status store_activation_add(struct store *store, struct activation_row *activation)
{
	sqlite3_stmt *s = store_statement(store, statement_activation_add);
	if (activation->account != 0) /* else NULL */
		store_bind_number(store, s, 1, (uint64_t)activation->account);
	store_bind_number(store, s, 2, activation->expires_boot_s);
	store_bind_blob(store, s, 3, activation->secret_hash, sizeof activation->secret_hash);
	store_bind_blob(store, s, 4, activation->state, activation->state_size);
	store_bind_number(store, s, 5, (uint64_t)activation->directory);
	TRY(store_do(store, s));
	activation->id = sqlite3_last_insert_rowid(store->connection);
	activation->is_open = true;
	return OK;
}

status store_activation_find(struct store *store, int64_t id, struct activation_row *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_activation_find);
	store_bind_number(store, s, 1, (uint64_t)id);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(activation_unknown);
	struct activation_row row = {
	    .id = sqlite3_column_int64(s, 0),
	    .account = sqlite3_column_int64(s, 1),
	    .is_open = sqlite3_column_int(s, 2) == 1,
	    .expires_boot_s = store_column_number(s, 3),
	};
	TRY(store_column_fixed(store, s, 4, row.secret_hash, sizeof row.secret_hash));
	TRY(store_column_blob(store, s, 5, row.state, sizeof row.state, &row.state_size));
	*out = row;
	return OK;
}

status store_activation_find_secret(struct store *store, int64_t directory, const uint8_t secret_hash[store_hash_size], int64_t *id)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_activation_find_secret);
	store_bind_blob(store, s, 1, secret_hash, store_hash_size);
	store_bind_number(store, s, 2, (uint64_t)directory);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(activation_unknown);
	*id = sqlite3_column_int64(s, 0);
	return OK;
}

status store_activation_close(struct store *store, int64_t id)
{
	sqlite3_stmt *s = store_statement(store, statement_activation_close);
	store_bind_number(store, s, 1, (uint64_t)id);
	return store_do(store, s);
}
