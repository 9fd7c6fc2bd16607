/* SPDX-License-Identifier: Apache-2.0
 * Rows of accounts and of what an account holds open. */
#include "ca/registrar/store_sqlite.h"

static status read_row(struct store *store, sqlite3_stmt *s, struct account_row *out)
{
	bool has_row = false;
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(account_unknown);
	struct account_row row = {.id = sqlite3_column_int64(s, 0), .is_active = sqlite3_column_int(s, 1) == 1};
	TRY(store_column_fixed(store, s, 2, row.thumbprint, sizeof row.thumbprint));
	TRY(store_column_text(store, s, 3, row.jwk, sizeof row.jwk));
	TRY(store_column_text(store, s, 4, row.contact, sizeof row.contact));
	row.directory = sqlite3_column_int64(s, 5);
	*out = row;
	return OK;
}

static status look_directory_up(struct store *store, const char *name, int64_t *id)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_directory_find);
	store_bind_text(store, s, 1, name);
	TRY(store_step(store, s, &has_row));
	*id = has_row ? sqlite3_column_int64(s, 0) : 0;
	return OK;
}

status store_directory_know(struct store *store, const char *name, int64_t *id)
{
	TRY(look_directory_up(store, name, id));
	if (*id != 0)
		return OK;
	sqlite3_stmt *s = store_statement(store, statement_directory_name_first);
	store_bind_text(store, s, 1, name);
	TRY(store_do(store, s));
	*id = 1;
	if (sqlite3_changes(store->connection) == 1)
		return OK;
	s = store_statement(store, statement_directory_add);
	store_bind_text(store, s, 1, name);
	TRY(store_do(store, s));
	*id = sqlite3_last_insert_rowid(store->connection);
	return OK;
}

status store_account_find(struct store *store, int64_t id, struct account_row *out)
{
	RESETTING s = store_statement(store, statement_account_find);
	store_bind_number(store, s, 1, (uint64_t)id);
	return read_row(store, s, out);
}

status store_account_judge(struct store *store, int64_t id, const uint8_t thumbprint[store_hash_size])
{
	uint8_t present[store_hash_size];
	bool has_row = false;
	RESETTING s = store_statement(store, statement_account_standing);
	store_bind_number(store, s, 1, (uint64_t)id);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(account_unknown);
	if (store_column_number(s, 0) == 0)
		return REFUSE(account_deactivated);
	TRY(store_column_fixed(store, s, 1, present, sizeof present));
	return memcmp(present, thumbprint, sizeof present) == 0 ? OK : REFUSE(account_key_replaced);
}

status store_account_find_key(struct store *store, int64_t directory, const uint8_t thumbprint[store_hash_size], struct account_row *out)
{
	RESETTING s = store_statement(store, statement_account_find_key);
	store_bind_blob(store, s, 1, thumbprint, store_hash_size);
	store_bind_number(store, s, 2, (uint64_t)directory);
	return read_row(store, s, out);
}

status store_account_add(struct store *store, struct account_row *account, uint64_t now_s)
{
	sqlite3_stmt *s = store_statement(store, statement_account_add);
	store_bind_blob(store, s, 1, account->thumbprint, sizeof account->thumbprint);
	store_bind_text(store, s, 2, account->jwk);
	store_bind_text(store, s, 3, account->contact);
	store_bind_number(store, s, 4, now_s);
	store_bind_number(store, s, 5, (uint64_t)account->directory);
	TRY(store_do(store, s));
	account->id = sqlite3_last_insert_rowid(store->connection);
	account->is_active = true;
	return OK;
}

status store_account_set_contact(struct store *store, int64_t id, const char *contact)
{
	sqlite3_stmt *s = store_statement(store, statement_account_set_contact);
	store_bind_number(store, s, 1, (uint64_t)id);
	store_bind_text(store, s, 2, contact);
	return store_do(store, s);
}

static status close_activations(struct store *store, int64_t id)
{
	sqlite3_stmt *s = store_statement(store, statement_account_close_activations);
	store_bind_number(store, s, 1, (uint64_t)id);
	return store_do(store, s);
}

status store_account_change_key(struct store *store, const struct account_row *before, const struct account_row *after)
{
	sqlite3_stmt *s = store_statement(store, statement_account_change_key);
	store_bind_number(store, s, 1, (uint64_t)before->id);
	store_bind_blob(store, s, 2, before->thumbprint, sizeof before->thumbprint);
	store_bind_blob(store, s, 3, after->thumbprint, sizeof after->thumbprint);
	store_bind_text(store, s, 4, after->jwk);
	TRY(store_do(store, s));
	if (sqlite3_changes(store->connection) != 1)
		return REFUSE(account_key_replaced);
	s = store_statement(store, statement_account_reopen_orders);
	store_bind_number(store, s, 1, (uint64_t)before->id);
	TRY(store_do(store, s));
	return close_activations(store, before->id);
}

status store_account_deactivate(struct store *store, int64_t id, const char *error)
{
	sqlite3_stmt *s = store_statement(store, statement_account_deactivate);
	store_bind_number(store, s, 1, (uint64_t)id);
	TRY(store_do(store, s));
	s = store_statement(store, statement_account_close_orders);
	store_bind_number(store, s, 1, (uint64_t)id);
	store_bind_text(store, s, 2, error);
	TRY(store_do(store, s));
	return close_activations(store, id);
}

status store_binding_add(struct store *store, const struct binding_row *binding)
{
	bool is_used = false;
	RESETTING used = store_statement(store, statement_binding_find_name);
	store_bind_text(store, used, 1, binding->name);
	TRY(store_step(store, used, &is_used));
	if (is_used)
		return REFUSE(eab_key_used);
	sqlite3_stmt *s = store_statement(store, statement_binding_add);
	store_bind_number(store, s, 1, (uint64_t)binding->account);
	store_bind_text(store, s, 2, binding->name);
	store_bind_text(store, s, 3, binding->request);
	return store_do(store, s);
}

status store_binding_find(struct store *store, int64_t account, char out[4097])
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_binding_find);
	store_bind_number(store, s, 1, (uint64_t)account);
	TRY(store_step(store, s, &has_row));
	out[0] = 0;
	return has_row ? store_column_text(store, s, 0, out, 4097) : OK;
}
