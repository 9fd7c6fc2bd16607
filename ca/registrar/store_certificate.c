/* SPDX-License-Identifier: Apache-2.0
 * Rows of certificates by their place in the ledger, and how far the ledger was taken over. */
#include "ca/registrar/store_sqlite.h"

/* The chain above the leaf is the same for thousands of certificates and kept once. */
static status keep_issuers(struct store *store, struct bytes pem, int64_t *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_issuers_find);
	store_bind_blob(store, s, 1, pem.data, pem.size);
	TRY(store_step(store, s, &has_row));
	if (has_row) {
		*out = sqlite3_column_int64(s, 0);
		return OK;
	}
	sqlite3_stmt *add = store_statement(store, statement_issuers_add);
	store_bind_blob(store, add, 1, pem.data, pem.size);
	TRY(store_do(store, add));
	*out = sqlite3_last_insert_rowid(store->connection);
	return OK;
}

/* `ended`: it is not open any more. */
static status finish(struct store *store, enum statement which, int64_t id, status ended)
{
	if (id == 0)
		return OK;
	sqlite3_stmt *s = store_statement(store, which);
	store_bind_number(store, s, 1, (uint64_t)id);
	TRY(store_do(store, s));
	return sqlite3_changes(store->connection) == 1 ? OK : ended;
}

static status prove(struct store *store, const struct certificate_row *certificate)
{
	sqlite3_stmt *s = store_statement(store, statement_account_prove);
	store_bind_number(store, s, 1, (uint64_t)certificate->order);
	store_bind_number(store, s, 2, (uint64_t)certificate->activation);
	return store_do(store, s);
}

status store_certificate_add(struct store *store, const struct certificate_row *certificate)
{
	int64_t issuers = 0;
	TRY(keep_issuers(store, certificate->issuers, &issuers));
	sqlite3_stmt *s = store_statement(store, statement_certificate_add);
	store_bind_number(store, s, 1, certificate->entry);
	store_bind_blob(store, s, 2, certificate->serial, sizeof certificate->serial);
	if (certificate->order != 0) /* else NULL */
		store_bind_number(store, s, 3, (uint64_t)certificate->order);
	if (certificate->activation != 0)
		store_bind_number(store, s, 4, (uint64_t)certificate->activation);
	store_bind_number(store, s, 5, certificate->not_before_s);
	store_bind_number(store, s, 6, certificate->not_after_s);
	store_bind_text(store, s, 7, certificate->is_void ? "v" : "i");
	store_bind_blob(store, s, 8, certificate->policy_hash, sizeof certificate->policy_hash);
	store_bind_blob(store, s, 9, certificate->leaf.data, certificate->leaf.size);
	store_bind_number(store, s, 10, (uint64_t)issuers);
	TRY(store_do(store, s));
	TRY(finish(store, statement_order_finish, certificate->order, REFUSE(order_not_ready)));
	TRY(finish(store, statement_activation_finish, certificate->activation, REFUSE(activation_unknown)));
	return prove(store, certificate);
}

static status copy_blob(struct store *store, sqlite3_stmt *s, int at, struct buffer *room, struct bytes *out)
{
	size_t size = 0;
	uint8_t *to = room->data + room->size;
	TRY(store_column_blob(store, s, at, to, room->room - room->size, &size));
	room->size += size;
	*out = bytes_from(to, size);
	return OK;
}

static status find(struct store *store, enum statement which, int64_t id, struct buffer *room,
		   struct certificate_row *out)
{
	bool has_row = false;
	RESETTING s = store_statement(store, which);
	store_bind_number(store, s, 1, (uint64_t)id);
	TRY(store_step(store, s, &has_row));
	if (!has_row)
		return REFUSE(entry_unknown);
	struct certificate_row row = {
	    .entry = store_column_number(s, 0),
	    .not_before_s = store_column_number(s, 2),
	    .not_after_s = store_column_number(s, 3),
	    .is_void = store_column_letter(s, 4) != 'i',
	    .is_revoked = store_column_number(s, 8) != 0,
	};
	TRY(store_column_fixed(store, s, 1, row.serial, sizeof row.serial));
	TRY(store_column_fixed(store, s, 5, row.policy_hash, sizeof row.policy_hash));
	TRY(copy_blob(store, s, 6, room, &row.leaf));
	TRY(copy_blob(store, s, 7, room, &row.issuers));
	*out = row;
	return OK;
}

status store_certificate_find_order(struct store *store, int64_t order, struct buffer *room,
				    struct certificate_row *out)
{
	TRY(find(store, statement_certificate_find_order, order, room, out));
	out->order = order;
	return OK;
}

status store_certificate_find_activation(struct store *store, int64_t activation, struct buffer *room,
					 struct certificate_row *out)
{
	TRY(find(store, statement_certificate_find_activation, activation, room, out));
	out->activation = activation;
	return OK;
}

status store_certificate_has(struct store *store, uint64_t entry, bool *out)
{
	RESETTING s = store_statement(store, statement_certificate_has);
	store_bind_number(store, s, 1, entry);
	return store_step(store, s, out);
}

status store_progress_read(struct store *store, uint64_t *entry)
{
	bool has_row = false;
	RESETTING s = store_statement(store, statement_meta_read);
	store_bind_text(store, s, 1, "taken_over");
	TRY(store_step(store, s, &has_row));
	*entry = has_row ? store_column_number(s, 0) : 0;
	return OK;
}

status store_progress_write(struct store *store, uint64_t entry)
{
	sqlite3_stmt *s = store_statement(store, statement_meta_write);
	store_bind_text(store, s, 1, "taken_over");
	store_bind_number(store, s, 2, entry);
	return store_do(store, s);
}
