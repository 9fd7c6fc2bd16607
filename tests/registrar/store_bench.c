/* SPDX-License-Identifier: Apache-2.0
 * Makes and takes down a database; adds rows by the store's own functions. */
#include "tests/registrar/store_bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void store_bench_assert_refusal(status s, const char *name)
{
	assert_true(is_refused(s));
	assert_string_equal(status_entry(s.refusal)->name, name);
}

void store_bench_assert_ok(status s)
{
	if (is_refused(s))
		fail_msg("refused as %s", status_entry(s.refusal)->name);
}

void store_bench_open(struct store_bench *bench, uint8_t boot, void (*beat)(void))
{
	const uint8_t boot_id[store_boot_id_size] = {boot};
	char sentence[256] = "";
	bench->boot = boot;
	if (is_refused(store_open(bench->file, boot_id, beat, &bench->store, sentence)))
		fail_msg("%s", sentence);
}

void store_bench_close(struct store_bench *bench)
{
	store_close(bench->store);
	bench->store = NULL;
}

void store_bench_reopen(struct store_bench *bench, uint8_t boot)
{
	store_bench_close(bench);
	store_bench_open(bench, boot, NULL);
}

int store_bench_set_up(void **state)
{
	struct store_bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	strcpy(bench->folder, "/tmp/registrar-store-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof bench->file, "%s/keyward.db", bench->folder);
	store_bench_open(bench, 1, NULL);
	*state = bench;
	return 0;
}

int store_bench_tear_down(void **state)
{
	struct store_bench *bench = *state;
	char command[128];
	store_close(bench->store);
	snprintf(command, sizeof command, "rm -r %s", bench->folder);
	if (system(command) != 0)
		return -1;
	free(bench);
	return 0;
}

/* The store lets nobody else look while it is open. */
static sqlite3 *connect(struct store_bench *bench, bool *was_open)
{
	sqlite3 *connection = NULL;
	*was_open = bench->store != NULL;
	store_bench_close(bench);
	assert_int_equal(sqlite3_open_v2(bench->file, &connection, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	return connection;
}

static void disconnect(struct store_bench *bench, sqlite3 *connection, bool was_open)
{
	sqlite3_close(connection);
	if (was_open)
		store_bench_open(bench, bench->boot, NULL);
}

void store_bench_run(struct store_bench *bench, const char *sql)
{
	bool was_open;
	sqlite3 *connection = connect(bench, &was_open);
	char *why = NULL;
	if (sqlite3_exec(connection, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	disconnect(bench, connection, was_open);
}

int64_t store_bench_ask(struct store_bench *bench, const char *sql)
{
	bool was_open;
	sqlite3 *connection = connect(bench, &was_open);
	sqlite3_stmt *s = NULL;
	assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	const int64_t number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	disconnect(bench, connection, was_open);
	return number;
}

struct account_row store_bench_account(uint32_t number)
{
	struct account_row account = {.directory = 1, .jwk = "{}", .contact = "[]"};
	memcpy(account.thumbprint, &number, sizeof number);
	return account;
}

int64_t store_bench_add_account(struct store *store, uint32_t number)
{
	struct account_row account = store_bench_account(number);
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_account_add(store, &account, 100)));
	return account.id;
}

struct order_row store_bench_add_order(struct store *store, int64_t account, const char *name)
{
	struct order_row order = {.account = account, .directory = 1, .expires_s = 5000, .expires_boot_s = 900};
	snprintf(order.name, sizeof order.name, "%s", name);
	order.authorization_count = 1;
	order.authorizations[0] = (struct authorization_row){
	    .type = "permanent-identifier",
	    .value = "ABCDEF123456",
	    .state = authorization_pending,
	    .challenge_count = 1,
	    .challenges = {{.challenge = challenge_device_attest_01, .state = challenge_pending, .token = "token"}}};
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_order_add(store, &order, 100)));
	return order;
}

struct order_row store_bench_find_order(struct store *store, const char *name)
{
	struct order_row order;
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_order_find(store, name, &order)));
	return order;
}

void store_bench_judge_order(struct store *store, struct order_row *order)
{
	order->validated_s = 200;
	order->voucher_size = 3;
	memcpy(order->voucher, "abc", 3);
	memset(order->spki_hash, 7, sizeof order->spki_hash);
	strcpy(order->format, "tpm");
	strcpy(order->claims, "{\"a\":1}");
	order->assurance = 2;
	order->state = order_ready;
	order->authorizations[0].state = authorization_valid;
	order->authorizations[0].challenges[0].state = challenge_valid;
	order->authorizations[0].challenges[0].validated_s = 200;
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_order_judge(store, order)));
}

void store_bench_close_order(struct store *store, const char *name)
{
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_order_close(store, name, "{}")));
}

struct activation_row store_bench_add_activation(struct store *store, int64_t account)
{
	struct activation_row activation = {.account = account, .directory = 1, .expires_boot_s = 900};
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_activation_add(store, &activation)));
	return activation;
}

struct certificate_row store_bench_certificate(uint64_t entry, int64_t order)
{
	struct certificate_row row = {.entry = entry,
				      .order = order,
				      .not_after_s = 10,
				      .leaf = bytes_from("leaf", 4),
				      .issuers = bytes_from("issuers", 7)};
	memcpy(row.serial, &entry, sizeof entry);
	return row;
}

void store_bench_add_certificate(struct store *store, const struct certificate_row *certificate)
{
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_certificate_add(store, certificate)));
}
