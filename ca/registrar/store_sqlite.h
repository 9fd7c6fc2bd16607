/* SPDX-License-Identifier: Apache-2.0
 * Between the store*.c files: the connection, its prepared statements, and SQLite's results turned into ours. */
#ifndef KEYWARD_STORE_SQLITE_H
#define KEYWARD_STORE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "ca/registrar/store.h"

enum statement {
#define STATEMENT(name, sql) statement_##name,
#include "ca/registrar/statements.def"
#undef STATEMENT
	statement_count
};

/* The works that share a commit. Freed by the last that leaves. */
struct round {
	unsigned works;
	bool must_last; /* one of the works must survive a loss of power */
	bool is_over;
	status outcome;
};

/* How many more there may be before they are counted anew, which is done once a second at most. */
struct room {
	int64_t directory;
	uint64_t left, counted_boot_s;
};
enum { store_rooms_most = 64 };

struct store {
	sqlite3 *connection;
	sqlite3_stmt *statements[statement_count];
	pthread_mutex_t turn;
	pthread_cond_t over;
	struct round *round; /* of the open transaction; NULL: none */
	unsigned waiting;    /* works that wait for their turn; guarded by `queue` */
	pthread_mutex_t queue;
	bool has_begun; /* the work at hand is one of the round's; its first change makes it one */
	bool has_savepoint; /* and has a savepoint of its own, because it is not the round's first */
	bool is_broken; /* the work at hand met a failure, and can only be undone */
	char trouble[160];
	struct room rooms[store_room_count][store_rooms_most]; /* of a directory: the place of its number, modulo */
	uint8_t pieces[65536], list[65536]; /* authorizations while they are encoded; of the work at hand, */
	struct order_row wanted, held;		    /* and what is compared in it */
	void (*beat)(void); /* while it opens */
};

/* A statement ready to be bound; one that changes something begins a transaction first. Bind and step refuse nothing
 * before store_step or store_do. */
sqlite3_stmt *store_statement(struct store *store, enum statement which);
void store_bind_number(struct store *store, sqlite3_stmt *s, int at, uint64_t value);
void store_bind_text(struct store *store, sqlite3_stmt *s, int at, const char *text);
void store_bind_view(struct store *store, sqlite3_stmt *s, int at, struct bytes text);
void store_bind_blob(struct store *store, sqlite3_stmt *s, int at, const void *data, size_t size);
/* One step: whether there is a row. */
status store_step(struct store *store, sqlite3_stmt *s, bool *has_row);
/* Steps to the end and resets. */
status store_do(struct store *store, sqlite3_stmt *s);

/* Columns; a text or blob that does not fit is a database that contradicts the schema: store_failed. */
status store_column_text(struct store *store, sqlite3_stmt *s, int at, char *out, size_t room);
status store_column_blob(struct store *store, sqlite3_stmt *s, int at, uint8_t *out, size_t room, size_t *size);
status store_column_fixed(struct store *store, sqlite3_stmt *s, int at, uint8_t *out, size_t size);
uint64_t store_column_number(sqlite3_stmt *s, int at);
char store_column_letter(sqlite3_stmt *s, int at);
/* Notes what SQLite says and marks the work as broken. */
status store_note(struct store *store, const char *doing);

/* store_schema.c: PRAGMAs, user_version, migrations. Before statements are prepared. */
status store_schema_update(sqlite3 *connection, char sentence[256]);
/* store_boot.c: closes what another boot left open, in slices that are each a work of its own, and then notes the boot:
 * interrupted, it goes on where it was. */
status store_boot_begin(struct store *store, const uint8_t boot_id[store_boot_id_size]);

/* store_authorizations.c: what an order's row holds of its authorizations, one blob. The view lives until the next. */
status store_authorizations_encode(struct store *store, const struct order_row *order, struct bytes *out);
status store_authorizations_decode(struct store *store, struct bytes blob, struct order_row *out);
/* Makes SQL functions of the connection: first_authorization(type, value, token, state, validated_s) for the migration
 * of orders that had one, reopened_authorizations(blob) for those whose vouchers are worth nothing any more. */
bool store_authorizations_register(struct store *store);

/* Resets the statement when the scope ends, so that no read stays open. */
static inline void store_reset(sqlite3_stmt **s)
{
	sqlite3_reset(*s);
}
#define RESETTING __attribute__((cleanup(store_reset))) sqlite3_stmt *

#endif
