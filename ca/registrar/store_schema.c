/* SPDX-License-Identifier: Apache-2.0
 * The tables, version by version. A database newer than this program is refused, never changed. */
#include "ca/registrar/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each script leads from the version of its index to the next; a script that was released is never changed. */
static const char *const scripts[] = {
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"

    "CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, is_active INTEGER NOT NULL, thumbprint BLOB NOT NULL "
    "UNIQUE,"
    " jwk TEXT NOT NULL, contact TEXT NOT NULL, created_s INTEGER NOT NULL) STRICT;"

    "CREATE TABLE device (id INTEGER PRIMARY KEY, identifier_type TEXT NOT NULL, identifier TEXT NOT NULL, format TEXT "
    "NOT NULL,"
    " assurance INTEGER NOT NULL, evidence_hash BLOB NOT NULL, first_seen_s INTEGER NOT NULL, last_seen_s INTEGER NOT "
    "NULL,"
    " UNIQUE (identifier_type, identifier)) STRICT;"

    "CREATE TABLE enrolment_record (identifier_type TEXT NOT NULL, identifier TEXT NOT NULL, sequence INTEGER NOT NULL,"
    " ek_hash BLOB NOT NULL, expires_s INTEGER NOT NULL, administrator TEXT NOT NULL, request BLOB NOT NULL,"
    " received_s INTEGER NOT NULL, PRIMARY KEY (identifier_type, identifier, sequence)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE acme_order (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account,"
    " name TEXT NOT NULL UNIQUE, identifier_type TEXT NOT NULL, identifier TEXT NOT NULL, token TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('p', 'r', 'v', 'i')), auth TEXT NOT NULL CHECK (auth IN ('p', 'v', 'i', "
    "'d', 'x')),"
    " created_s INTEGER NOT NULL, expires_s INTEGER NOT NULL, expires_boot_s INTEGER NOT NULL, error TEXT NOT NULL "
    "DEFAULT '',"
    " validated_s INTEGER NOT NULL DEFAULT 0, voucher BLOB, spki_hash BLOB, evidence_hash BLOB, format TEXT NOT NULL "
    "DEFAULT '',"
    " claims TEXT NOT NULL DEFAULT '', assurance INTEGER NOT NULL DEFAULT 0, device INTEGER REFERENCES device) STRICT;"
    "CREATE INDEX order_of_account ON acme_order (account, state);"
    "CREATE INDEX order_open ON acme_order (state) WHERE state IN ('p', 'r');"

    "CREATE TABLE activation (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account,"
    " is_open INTEGER NOT NULL, expires_boot_s INTEGER NOT NULL, secret_hash BLOB NOT NULL, sealed_state BLOB NOT "
    "NULL) STRICT;"
    "CREATE INDEX activation_open ON activation (account) WHERE is_open = 1;"

    "CREATE TABLE issuers (id INTEGER PRIMARY KEY, pem BLOB NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE certificate (entry INTEGER PRIMARY KEY, serial BLOB NOT NULL UNIQUE,"
    " acme_order INTEGER UNIQUE REFERENCES acme_order, activation INTEGER UNIQUE REFERENCES activation,"
    " not_before_s INTEGER NOT NULL, not_after_s INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('i', 'v')),"
    " policy_hash BLOB NOT NULL, leaf BLOB NOT NULL, issuers INTEGER NOT NULL REFERENCES issuers) STRICT;",

    /* What never led to a certificate is found by its age, to be counted and swept. idle_s: when the account was last
     * seen to have an order or activation. */
    "ALTER TABLE account ADD COLUMN has_certificate INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN idle_s INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE activation ADD COLUMN has_certificate INTEGER NOT NULL DEFAULT 0;"
    "UPDATE activation SET has_certificate = 1 WHERE id IN (SELECT activation FROM certificate);"
    "UPDATE account SET idle_s = created_s, has_certificate = id IN (SELECT account FROM acme_order WHERE state = 'v'"
    " UNION ALL SELECT account FROM activation WHERE has_certificate = 1);"
    "CREATE INDEX account_unproven ON account (idle_s) WHERE has_certificate = 0;"
    "DROP INDEX order_open;"
    "CREATE INDEX order_open ON acme_order (expires_boot_s) WHERE state IN ('p', 'r');"
    "CREATE INDEX order_closed ON acme_order (expires_s) WHERE state = 'i';"
    "DROP INDEX activation_open;"
    "CREATE INDEX activation_of_account ON activation (account);"
    "CREATE INDEX activation_unproven ON activation (expires_boot_s) WHERE has_certificate = 0;",

    /* External account bindings; one goes with its account. */
    "CREATE TABLE account_binding (account INTEGER PRIMARY KEY REFERENCES account ON DELETE CASCADE,"
    " name TEXT NOT NULL UNIQUE, request TEXT NOT NULL) STRICT;",

    /* What the ledger says was revoked: beside the certificates, whose rows never change. */
    "CREATE TABLE revocation (certificate INTEGER PRIMARY KEY REFERENCES certificate, entry INTEGER NOT NULL UNIQUE,"
    " when_s INTEGER NOT NULL, reason INTEGER NOT NULL, asked_by INTEGER NOT NULL, request_hash BLOB NOT NULL) STRICT;"
    "CREATE INDEX order_of_device ON acme_order (device, account) WHERE device IS NOT NULL;",

    /* Several identifiers an order, each with several challenges: one blob (store_authorizations.c). auth says from now on
     * why an order ended without them, and probing that one of them waits for the prober. */
    "ALTER TABLE acme_order ADD COLUMN authorizations BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE acme_order ADD COLUMN probing INTEGER NOT NULL DEFAULT 0;"
    "UPDATE acme_order SET authorizations = first_authorization(identifier_type, identifier, token, auth, validated_s),"
    " auth = CASE auth WHEN 'x' THEN 'x' WHEN 'd' THEN 'd' ELSE 'p' END;"
    "ALTER TABLE acme_order DROP COLUMN identifier_type;"
    "ALTER TABLE acme_order DROP COLUMN identifier;"
    "ALTER TABLE acme_order DROP COLUMN token;",

    /* Orders that replace a certificate, named as in RFC 9773; for the others the index has nothing. */
    "ALTER TABLE acme_order ADD COLUMN replaces TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE acme_order ADD COLUMN is_successor INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX order_of_successor ON acme_order (replaces) WHERE is_successor = 1 AND state != 'i';",

    /* Several directories. What was there belongs to the first, whose name is said at the next start. A key has one account
     * in each, so the table is made anew; its numbers are not used twice. */
    "CREATE TABLE directory (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "INSERT INTO directory (id, name) VALUES (1, '');"
    "CREATE TABLE account_anew (id INTEGER PRIMARY KEY AUTOINCREMENT, directory INTEGER NOT NULL, is_active INTEGER NOT NULL,"
    " thumbprint BLOB NOT NULL, jwk TEXT NOT NULL, contact TEXT NOT NULL, created_s INTEGER NOT NULL,"
    " has_certificate INTEGER NOT NULL DEFAULT 0, idle_s INTEGER NOT NULL DEFAULT 0, UNIQUE (thumbprint, directory)) STRICT;"
    "INSERT INTO account_anew SELECT id, 1, is_active, thumbprint, jwk, contact, created_s, has_certificate, idle_s FROM account;"
    "DELETE FROM sqlite_sequence WHERE name = 'account_anew';"
    "INSERT INTO sqlite_sequence SELECT 'account_anew', seq FROM sqlite_sequence WHERE name = 'account';"
    "DROP TABLE account;"
    "ALTER TABLE account_anew RENAME TO account;"
    "CREATE INDEX account_unproven ON account (idle_s, directory) WHERE has_certificate = 0;"
    "ALTER TABLE acme_order ADD COLUMN directory INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE acme_order ADD COLUMN profile TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE activation ADD COLUMN directory INTEGER NOT NULL DEFAULT 1;"
    "DROP INDEX order_open;"
    "CREATE INDEX order_open ON acme_order (expires_boot_s, directory) WHERE state IN ('p', 'r');"
    "DROP INDEX activation_unproven;"
    "CREATE INDEX activation_unproven ON activation (expires_boot_s, directory) WHERE has_certificate = 0;",

    /* Codes for one order, which is the one that claimed it. What was certified in a code's place, and the root; which device an
     * identifier is known as, by which record, and when another one wanted it. Statements, where a directory keeps them. */
    "ALTER TABLE enrolment_record ADD COLUMN is_one_time INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE enrolment_record ADD COLUMN claimed_by INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE acme_order ADD COLUMN certified TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE acme_order ADD COLUMN root_hash BLOB;"
    "ALTER TABLE device ADD COLUMN device_hash BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE device ADD COLUMN record_sequence INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE device ADD COLUMN held_s INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE statement (acme_order INTEGER PRIMARY KEY REFERENCES acme_order ON DELETE CASCADE, octets BLOB NOT NULL) STRICT;",

    /* Activations that are nobody's: known by their secret. */
    "CREATE TABLE activation_anew (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER REFERENCES account,"
    " is_open INTEGER NOT NULL, expires_boot_s INTEGER NOT NULL, secret_hash BLOB NOT NULL, sealed_state BLOB NOT NULL,"
    " has_certificate INTEGER NOT NULL DEFAULT 0, directory INTEGER NOT NULL) STRICT;"
    "INSERT INTO activation_anew SELECT id, account, is_open, expires_boot_s, secret_hash, sealed_state, has_certificate,"
    " directory FROM activation;"
    "DELETE FROM sqlite_sequence WHERE name = 'activation_anew';"
    "INSERT INTO sqlite_sequence SELECT 'activation_anew', seq FROM sqlite_sequence WHERE name = 'activation';"
    "DROP TABLE activation;"
    "ALTER TABLE activation_anew RENAME TO activation;"
    "CREATE INDEX activation_of_account ON activation (account) WHERE account IS NOT NULL;"
    "CREATE INDEX activation_of_nobody ON activation (secret_hash, directory) WHERE account IS NULL;"
    "CREATE INDEX activation_unproven ON activation (expires_boot_s, directory) WHERE has_certificate = 0;",
};
enum { version_now = sizeof scripts / sizeof scripts[0] };

static status run(sqlite3 *connection, const char *sql, char sentence[256])
{
	if (sqlite3_exec(connection, sql, NULL, NULL, NULL) == SQLITE_OK)
		return OK;
	snprintf(sentence, 256, "the database cannot be used: %s", sqlite3_errmsg(connection));
	return REFUSE(store_failed);
}

static status read_text(sqlite3 *connection, const char *sql, char out[16], char sentence[256])
{
	sqlite3_stmt *s = NULL;
	int got = sqlite3_prepare_v2(connection, sql, -1, &s, NULL);
	if (got == SQLITE_OK)
		got = sqlite3_step(s);
	if (got == SQLITE_ROW)
		snprintf(out, 16, "%s", (const char *)sqlite3_column_text(s, 0));
	else
		snprintf(sentence, 256, "the database cannot be read: %s", sqlite3_errmsg(connection));
	sqlite3_finalize(s);
	return got == SQLITE_ROW ? OK : REFUSE(store_failed);
}

static status migrate(sqlite3 *connection, int from, char sentence[256])
{
	char step[64];
	snprintf(step, sizeof step, "PRAGMA user_version = %d; COMMIT", from + 1);
	TRY(run(connection, "BEGIN IMMEDIATE", sentence));
	status done = run(connection, scripts[from], sentence);
	if (!is_refused(done))
		done = run(connection, step, sentence);
	if (is_refused(done))
		sqlite3_exec(connection, "ROLLBACK", NULL, NULL, NULL);
	return done;
}

status store_schema_update(sqlite3 *connection, char sentence[256])
{
	char mode[16], text[16];
	/* locking_mode: we are the only one, once and for all; no locks for each look, and no file in memory beside it.
	 * synchronous: the log is synced before a checkpoint; for what must last, store.c syncs it after the commit.
	 * temp_store: no files beside the database; the empty root has no /tmp. */
	TRY(run(connection,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = "
		"MEMORY;"
		" PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 16777216",
		sentence));
	TRY(read_text(connection, "PRAGMA journal_mode", mode, sentence));
	if (strcmp(mode, "wal") != 0) {
		snprintf(sentence, 256, "the database cannot keep a log (journal mode %s)", mode);
		return REFUSE(store_failed);
	}
	TRY(read_text(connection, "PRAGMA user_version", text, sentence));
	const int version = atoi(text);
	if (version < 0 || version > version_now) {
		snprintf(sentence, 256, "the database has schema version %d, and this program knows versions up to %d",
			 version, (int)version_now);
		return REFUSE(store_failed);
	}
	TRY(run(connection, "PRAGMA foreign_keys = OFF", sentence)); /* a table that is made anew takes nothing with it */
	for (int from = version; from < version_now; from++)
		TRY(migrate(connection, from, sentence));
	return run(connection, "PRAGMA foreign_keys = ON", sentence);
}
