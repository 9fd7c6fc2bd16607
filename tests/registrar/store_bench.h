/* SPDX-License-Identifier: Apache-2.0
 * A store on a database of its own, and rows for it. For tests/unit/test_store*.c. */
#ifndef KEYWARD_TESTS_STORE_BENCH_H
#define KEYWARD_TESTS_STORE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ca/registrar/store.h"

struct store_bench {
	char folder[64], file[96];
	struct store *store;
	uint8_t boot;
};

/* For cmocka; the store is open, in boot one. */
int store_bench_set_up(void **state);
int store_bench_tear_down(void **state);
#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, store_bench_set_up, store_bench_tear_down)

/* Opens it in the boot of that number; `beat` as in store_open. */
void store_bench_open(struct store_bench *bench, uint8_t boot, void (*beat)(void));
void store_bench_close(struct store_bench *bench);
void store_bench_reopen(struct store_bench *bench, uint8_t boot);
/* Another connection runs the statements, or gives the one number that they ask for; an open store is closed meanwhile. */
void store_bench_run(struct store_bench *bench, const char *sql);
int64_t store_bench_ask(struct store_bench *bench, const char *sql);

/* Takes everything back to the version whose activations were all of accounts; on, to the one without codes for one time; and to the
 * one that knew one directory. */
#define STORE_BENCH_ACCOUNTS_ALONE "DROP INDEX activation_of_nobody; PRAGMA user_version = 8;"
#define STORE_BENCH_NO_CODES                                                                                            \
	STORE_BENCH_ACCOUNTS_ALONE "DROP TABLE statement; ALTER TABLE device DROP COLUMN device_hash; ALTER TABLE device DROP COLUMN held_s;"      \
	"ALTER TABLE device DROP COLUMN record_sequence; ALTER TABLE acme_order DROP COLUMN certified;"                 \
	"ALTER TABLE acme_order DROP COLUMN root_hash; ALTER TABLE enrolment_record DROP COLUMN is_one_time;"           \
	"ALTER TABLE enrolment_record DROP COLUMN claimed_by; PRAGMA user_version = 7;"
#define STORE_BENCH_ONE_DIRECTORY                                                                                      \
	STORE_BENCH_NO_CODES "DROP INDEX account_unproven; DROP INDEX order_open; DROP INDEX activation_unproven; DROP TABLE directory;"     \
	"ALTER TABLE acme_order DROP COLUMN directory; ALTER TABLE acme_order DROP COLUMN profile;"                     \
	"ALTER TABLE activation DROP COLUMN directory;"                                                                 \
	"CREATE TABLE account_before (id INTEGER PRIMARY KEY AUTOINCREMENT, is_active INTEGER NOT NULL,"                \
	" thumbprint BLOB NOT NULL UNIQUE, jwk TEXT NOT NULL, contact TEXT NOT NULL, created_s INTEGER NOT NULL,"       \
	" has_certificate INTEGER NOT NULL DEFAULT 0, idle_s INTEGER NOT NULL DEFAULT 0) STRICT;"                       \
	"INSERT INTO account_before SELECT id, is_active, thumbprint, jwk, contact, created_s, has_certificate, idle_s" \
	" FROM account; UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'account')"           \
	" WHERE name = 'account_before'; DROP TABLE account; ALTER TABLE account_before RENAME TO account;"                 \
	"CREATE INDEX account_unproven ON account (idle_s) WHERE has_certificate = 0;"                                  \
	"CREATE INDEX order_open ON acme_order (expires_boot_s) WHERE state IN ('p', 'r');"                             \
	"CREATE INDEX activation_unproven ON activation (expires_boot_s) WHERE has_certificate = 0;"                    \
	"PRAGMA user_version = 6;"

/* And on, to the version whose orders knew one device each, whose values are 'A', 'token'. */
#define STORE_BENCH_DEVICES_ALONE                                                                                      \
	STORE_BENCH_ONE_DIRECTORY "DROP INDEX order_of_successor; ALTER TABLE acme_order DROP COLUMN replaces;"                                   \
	"ALTER TABLE acme_order DROP COLUMN is_successor;"                                                              \
	"ALTER TABLE acme_order DROP COLUMN authorizations; ALTER TABLE acme_order DROP COLUMN probing;"                \
	"ALTER TABLE acme_order ADD COLUMN identifier_type TEXT NOT NULL DEFAULT 'permanent-identifier';"               \
	"ALTER TABLE acme_order ADD COLUMN identifier TEXT NOT NULL DEFAULT 'A';"                                       \
	"ALTER TABLE acme_order ADD COLUMN token TEXT NOT NULL DEFAULT 'token';"                                        \
	"PRAGMA user_version = 4;"

void store_bench_assert_ok(status s);
void store_bench_assert_refusal(status s, const char *name);

/* Each is a work of its own and asserts that it worked. */
struct account_row store_bench_account(uint32_t number);
int64_t store_bench_add_account(struct store *store, uint32_t number);
struct order_row store_bench_add_order(struct store *store, int64_t account, const char *name);
struct order_row store_bench_find_order(struct store *store, const char *name);
void store_bench_judge_order(struct store *store, struct order_row *order);
void store_bench_close_order(struct store *store, const char *name);
struct activation_row store_bench_add_activation(struct store *store, int64_t account);
struct certificate_row store_bench_certificate(uint64_t entry, int64_t order);
void store_bench_add_certificate(struct store *store, const struct certificate_row *certificate);

#endif
