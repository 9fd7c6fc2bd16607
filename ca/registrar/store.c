/* SPDX-License-Identifier: Apache-2.0
 * The connection, and works that share a commit: whoever leaves and finds nobody waiting for a turn commits for all
 * that wait. Distrusts the disk: any failure undoes the work, or the whole round, and is answered as store_failed. */
#include "ca/registrar/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>

/* A round is committed at the latest after so many works, however many more wait. */
enum { works_most = 64 };

/* Of SQLite's virtual machine; some milliseconds. */
enum { steps_a_beat = 100000 };

static const char *const texts[statement_count] = {
#define STATEMENT(name, sql) [statement_##name] = sql,
#include "ca/registrar/statements.def"
#undef STATEMENT
};

const char *store_trouble(struct store *store)
{
	return store->trouble;
}

status store_note(struct store *store, const char *doing)
{
	snprintf(store->trouble, sizeof store->trouble, "%s: %s", doing, sqlite3_errmsg(store->connection));
	store->is_broken = true;
	return REFUSE(store_failed);
}

static void begin(struct store *store);

sqlite3_stmt *store_statement(struct store *store, enum statement which)
{
	if (!store->has_begun && sqlite3_stmt_readonly(store->statements[which]) == 0)
		begin(store);
	sqlite3_reset(store->statements[which]);
	sqlite3_clear_bindings(store->statements[which]);
	return store->statements[which];
}

static void bound(struct store *store, int result)
{
	if (result != SQLITE_OK)
		store->is_broken = true;
}

void store_bind_number(struct store *store, sqlite3_stmt *s, int at, uint64_t value)
{
	/* SQLite's numbers are signed; nothing of ours reaches that far. */
	bound(store, value > INT64_MAX ? SQLITE_RANGE : sqlite3_bind_int64(s, at, (int64_t)value));
}

void store_bind_text(struct store *store, sqlite3_stmt *s, int at, const char *text)
{
	bound(store, sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC));
}

void store_bind_view(struct store *store, sqlite3_stmt *s, int at, struct bytes text)
{
	bound(store, sqlite3_bind_text64(s, at, text.size == 0 ? "" : (const char *)text.data, text.size, SQLITE_STATIC,
					 SQLITE_UTF8));
}

void store_bind_blob(struct store *store, sqlite3_stmt *s, int at, const void *data, size_t size)
{
	bound(store, sqlite3_bind_blob64(s, at, size == 0 ? "" : data, size, SQLITE_STATIC));
}

status store_step(struct store *store, sqlite3_stmt *s, bool *has_row)
{
	if (store->is_broken)
		return REFUSE(store_failed);
	int got = sqlite3_step(s);
	if (got != SQLITE_ROW && got != SQLITE_DONE) {
		status noted = store_note(store, sqlite3_sql(s));
		sqlite3_reset(s);
		return noted;
	}
	*has_row = got == SQLITE_ROW;
	return OK;
}

status store_do(struct store *store, sqlite3_stmt *s)
{
	bool has_row = true;
	while (has_row)
		TRY(store_step(store, s, &has_row));
	sqlite3_reset(s);
	return OK;
}

status store_column_blob(struct store *store, sqlite3_stmt *s, int at, uint8_t *out, size_t room, size_t *size)
{
	const void *data = sqlite3_column_blob(s, at);
	int length = sqlite3_column_bytes(s, at);
	if (length < 0 || (size_t)length > room || (data == NULL && length != 0))
		return store_note(store, "a stored value is too long");
	if (length > 0)
		memcpy(out, data, (size_t)length);
	*size = (size_t)length;
	return OK;
}

status store_column_text(struct store *store, sqlite3_stmt *s, int at, char *out, size_t room)
{
	size_t size = 0;
	TRY(store_column_blob(store, s, at, (uint8_t *)out, room - 1, &size));
	out[size] = 0;
	return OK;
}

status store_column_fixed(struct store *store, sqlite3_stmt *s, int at, uint8_t *out, size_t size)
{
	size_t got = 0;
	TRY(store_column_blob(store, s, at, out, size, &got));
	if (got != size && got != 0) /* NULL: not there yet */
		return store_note(store, "a stored value has the wrong size");
	return OK;
}

uint64_t store_column_number(sqlite3_stmt *s, int at)
{
	int64_t value = sqlite3_column_int64(s, at);
	return value < 0 ? 0 : (uint64_t)value;
}

char store_column_letter(sqlite3_stmt *s, int at)
{
	const unsigned char *text = sqlite3_column_text(s, at);
	return text == NULL ? 0 : (char)text[0];
}

static status run(struct store *store, enum statement which)
{
	return store_do(store, store_statement(store, which));
}

static void count_waiting(struct store *store, bool more)
{
	pthread_mutex_lock(&store->queue);
	store->waiting = more ? store->waiting + 1 : store->waiting - 1;
	pthread_mutex_unlock(&store->queue);
}

static bool is_somebody_waiting(struct store *store)
{
	pthread_mutex_lock(&store->queue);
	bool is = store->waiting > 0;
	pthread_mutex_unlock(&store->queue);
	return is;
}

/* Makes the work one of the round, which it opens when there is none. */
static void begin(struct store *store)
{
	store->has_begun = true;
	if (store->round == NULL) {
		store->round = calloc(1, sizeof *store->round);
		if (store->round == NULL)
			status_broken("no memory for a transaction");
		if (is_refused(run(store, statement_begin)))
			store->is_broken = true;
	}
	/* The first work of a round is undone with the whole of it; a savepoint would copy each page that it changes. */
	store->has_savepoint = store->round->works++ > 0;
	/* Should these fail, the work is broken from its start: each of its steps refuses, and leaving undoes it. */
	if (store->has_savepoint && is_refused(run(store, statement_savepoint)))
		store->is_broken = true;
}

/* A work that only looks needs no transaction while none is open: nobody else changes anything during its turn. In an
 * open round it must wait for the commit of what it sees. */
void store_enter(struct store *store)
{
	count_waiting(store, true);
	pthread_mutex_lock(&store->turn);
	count_waiting(store, false);
	store->is_broken = false;
	store->has_begun = false;
	if (store->round != NULL)
		begin(store);
}

/* Ends the round of the open transaction with an outcome for all of its works. */
static void end_round(struct store *store, status outcome)
{
	store->round->is_over = true;
	store->round->outcome = outcome;
	store->round = NULL;
	pthread_cond_broadcast(&store->over);
}

/* Undoes the changes of the work at hand; when even that fails, or SQLite gave the transaction up, of the round. */
static void undo(struct store *store)
{
	store->is_broken = false;
	bool is_lost = !store->has_savepoint || sqlite3_get_autocommit(store->connection) != 0;
	if (!is_lost)
		is_lost = is_refused(run(store, statement_undo)) || is_refused(run(store, statement_release));
	if (!is_lost)
		return;
	store->is_broken = false;
	if (sqlite3_get_autocommit(store->connection) == 0 && is_refused(run(store, statement_rollback)))
		status_broken("the database cannot even roll back");
	end_round(store, REFUSE(store_failed));
}

/* SQLite writes commits to its log and leaves the syncing to us (synchronous = NORMAL). When it fails nobody can say what is
 * on the disk: the next start reads it from there. */
static void sync_log(struct store *store)
{
	sqlite3_file *log = NULL;
	if (sqlite3_file_control(store->connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == NULL ||
	    log->pMethods == NULL || log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK)
		status_broken("the database's log cannot be brought to the disk");
}

static void commit(struct store *store)
{
	store->is_broken = false;
	status done = run(store, statement_commit);
	if (!is_refused(done) && store->round->must_last)
		sync_log(store);
	if (is_refused(done)) {
		store->is_broken = false;
		if (sqlite3_get_autocommit(store->connection) == 0 && is_refused(run(store, statement_rollback)))
			status_broken("the database cannot even roll back");
	}
	end_round(store, done);
}

static status leave(struct store *store, status outcome, bool must_last)
{
	struct round *round = store->round;
	if (store->is_broken && !is_refused(outcome))
		outcome = REFUSE(store_failed);
	if (!store->has_begun) {
		pthread_mutex_unlock(&store->turn);
		return outcome;
	}
	if (is_refused(outcome))
		undo(store);
	else if (store->has_savepoint && is_refused(run(store, statement_release))) {
		outcome = REFUSE(store_failed);
		undo(store);
	} else if (must_last) {
		round->must_last = true;
	}
	if (!round->is_over && (!is_somebody_waiting(store) || round->works >= works_most))
		commit(store);
	while (!round->is_over)
		pthread_cond_wait(&store->over, &store->turn);
	if (!is_refused(outcome))
		outcome = round->outcome;
	if (--round->works == 0)
		free(round);
	pthread_mutex_unlock(&store->turn);
	return outcome;
}

status store_leave(struct store *store, status outcome)
{
	return leave(store, outcome, true);
}

status store_leave_for_this_boot(struct store *store, status outcome)
{
	return leave(store, outcome, false);
}

static status prepare(struct store *store)
{
	for (int i = 0; i < statement_count; i++)
		if (sqlite3_prepare_v3(store->connection, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[i], NULL) != SQLITE_OK)
			return store_note(store, texts[i]);
	return OK;
}

/* Called by SQLite while it works. */
static int beat(void *argument)
{
	const struct store *store = argument;
	store->beat();
	return 0;
}

static status start(struct store *store, const char *file, const uint8_t boot_id[store_boot_id_size],
		    char sentence[256])
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	/* No account of the memory in use, which takes a lock each time. Only before SQLite's first use; else it stays as it is. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(file, &store->connection, flags, NULL) != SQLITE_OK) {
		snprintf(sentence, 256, "%s cannot be opened: %s", file,
			 store->connection == NULL ? "no memory" : sqlite3_errmsg(store->connection));
		return REFUSE(store_failed);
	}
	sqlite3_extended_result_codes(store->connection, 1);
	sqlite3_busy_timeout(store->connection, 2000);
	if (store->beat != NULL)
		sqlite3_progress_handler(store->connection, steps_a_beat, beat, store);
	if (!store_authorizations_register(store)) {
		snprintf(sentence, 256, "the database takes no functions");
		return REFUSE(store_failed);
	}
	TRY(store_schema_update(store->connection, sentence));
	status done = prepare(store);
	if (!is_refused(done))
		done = store_boot_begin(store, boot_id);
	sqlite3_progress_handler(store->connection, 0, NULL, NULL);
	if (is_refused(done))
		snprintf(sentence, 256, "the database cannot be used: %s", store->trouble);
	return done;
}

status store_open(const char *file, const uint8_t boot_id[store_boot_id_size], void (*beat_of_start)(void),
		  struct store **out, char sentence[256])
{
	struct store *store = calloc(1, sizeof *store);
	if (store == NULL || pthread_mutex_init(&store->turn, NULL) != 0 ||
	    pthread_mutex_init(&store->queue, NULL) != 0 || pthread_cond_init(&store->over, NULL) != 0)
		status_broken("no memory for the database");
	store->beat = beat_of_start;
	status done = start(store, file, boot_id, sentence);
	if (is_refused(done)) {
		store_close(store);
		return done;
	}
	*out = store;
	return OK;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	for (int i = 0; i < statement_count; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->connection);
	pthread_cond_destroy(&store->over);
	pthread_mutex_destroy(&store->turn);
	pthread_mutex_destroy(&store->queue);
	free(store);
}
