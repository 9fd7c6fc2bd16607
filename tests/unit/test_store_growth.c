/* SPDX-License-Identifier: Apache-2.0
 * What strangers can make the database hold: starts over millions of rows, the sweep, and how many there may be. */
#include "tests/registrar/store_bench.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"

/* That many pending orders, of an account each for 32. */
static void add_many_orders(struct store_bench *bench, unsigned count)
{
	char sql[1200];
	snprintf(sql, sizeof sql,
		 "PRAGMA synchronous = OFF; BEGIN;"
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u / 32 + 1)"
		 " INSERT INTO account (id, directory, is_active, thumbprint, jwk, contact, created_s)"
		 " SELECT i, 1, 1, CAST('t' || i AS BLOB), '{}', '[]', 1 FROM n;"
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
		 " INSERT INTO acme_order (account, name, authorizations, state, auth, created_s, expires_s, expires_boot_s)"
		 " SELECT i / 32 + 1, printf('order-%%08d', i), zeroblob(200), 'p', 'p', 1, 5000, 900 FROM n; COMMIT",
		 count, count);
	store_bench_run(bench, sql);
}

static int64_t count_open(struct store_bench *bench)
{
	return store_bench_ask(bench, "SELECT count(*) FROM acme_order WHERE state IN ('p', 'r')");
}

static bool is_boot_noted(struct store_bench *bench, unsigned boot)
{
	char sql[100];
	snprintf(sql, sizeof sql, "SELECT hex(value) LIKE '%02u%%' FROM meta WHERE name = 'boot_id'", boot);
	return store_bench_ask(bench, sql) == 1;
}

static struct {
	unsigned count, last;
	uint64_t at_ms, longest_ms;
} beats;

static void count_beat(void)
{
	const uint64_t now_ms = clock_boot_ms();
	if (now_ms - beats.at_ms > beats.longest_ms)
		beats.longest_ms = now_ms - beats.at_ms;
	beats.at_ms = now_ms;
	beats.count++;
}

static void orders_of_a_former_boot_are_closed_with_heartbeats_however_many_they_are(void **state)
{
	struct store_bench *bench = *state;
	add_many_orders(bench, 300000);
	store_bench_close(bench);
	beats.at_ms = clock_boot_ms();
	store_bench_open(bench, 2, count_beat);
	count_beat();
	assert_int_equal(count_open(bench), 0);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM acme_order WHERE auth = 'x'"), 300000);
	assert_true(is_boot_noted(bench, 2));
	assert_in_range(beats.count, 15, 10000);
	assert_in_range(beats.longest_ms, 0, 3000); /* the warden waits thirty seconds */
}

/* The process ends while it closes orders. */
static void end_at_last_beat(void)
{
	if (++beats.count == beats.last)
		_exit(0);
}

static void a_start_that_was_killed_goes_on_where_it_was(void **state)
{
	struct store_bench *bench = *state;
	int how = -1;
	add_many_orders(bench, 60000);
	store_bench_close(bench);
	beats.count = 0;
	beats.last = 50;
	const pid_t child = fork();
	if (child == 0) {
		store_bench_open(bench, 2, end_at_last_beat);
		_exit(1); /* it was not that long */
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_int_equal(how, 0);
	assert_in_range(count_open(bench), 1, 59999);
	assert_true(is_boot_noted(bench, 1));
	store_bench_open(bench, 2, NULL);
	assert_int_equal(count_open(bench), 0);
	assert_true(is_boot_noted(bench, 2));
}

static void a_database_of_the_version_before_learns_who_has_a_certificate(void **state)
{
	struct store_bench *bench = *state;
	const int64_t proven = store_bench_add_account(bench->store, 1),
		      bare = store_bench_add_account(bench->store, 2),
		      activated = store_bench_add_account(bench->store, 3);
	struct order_row order = store_bench_add_order(bench->store, proven, "one");
	struct certificate_row certificate = store_bench_certificate(1, order.id);
	store_bench_judge_order(bench->store, &order);
	store_bench_add_certificate(bench->store, &certificate);
	certificate = store_bench_certificate(2, 0);
	certificate.activation = store_bench_add_activation(bench->store, activated).id;
	store_bench_add_certificate(bench->store, &certificate);
	store_bench_close(bench);
	store_bench_run(bench,
			STORE_BENCH_DEVICES_ALONE "DROP TABLE revocation; DROP INDEX order_of_device; DROP TABLE account_binding;"
			"DROP INDEX account_unproven; DROP INDEX order_open; DROP INDEX order_closed;"
			"DROP INDEX activation_of_account; DROP INDEX activation_unproven;"
			"ALTER TABLE account DROP COLUMN has_certificate; ALTER TABLE account DROP COLUMN idle_s;"
			"ALTER TABLE activation DROP COLUMN has_certificate;"
			"CREATE INDEX order_open ON acme_order (state) WHERE state IN ('p', 'r');"
			"CREATE INDEX activation_open ON activation (account) WHERE is_open = 1;"
			"PRAGMA user_version = 1");
	store_bench_open(bench, 1, NULL);
	assert_int_equal(store_bench_ask(bench, "SELECT id FROM account WHERE has_certificate = 0"), bare);
	assert_int_equal(store_bench_ask(bench, "SELECT sum(has_certificate) FROM account"), 2);
	assert_int_equal(store_bench_ask(bench, "SELECT min(idle_s) FROM account"), 100);
	assert_int_equal(store_bench_ask(bench, "SELECT sum(has_certificate) FROM activation"), 1);
	assert_int_equal(store_bench_ask(bench, "SELECT account FROM activation WHERE has_certificate = 1"), activated);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(store_bench_add_activation(bench->store, bare).id, certificate.activation + 1); /* no number is given twice */
}

/* ---- the sweep ---- */

/* Of the bench's orders, activations and accounts, which end at 5000, 900 and 100, all have had their time. */
static struct store_sweep everything(void)
{
	return (struct store_sweep){.slice = 100,
				    .open_before_boot_s = 901,
				    .closed_before_s = 5001,
				    .closed_most = 1000,
				    .idle_before_s = 101,
				    .now_s = 10000};
}

static uint64_t sweep_once(struct store_bench *bench, const struct store_sweep *sweep)
{
	uint64_t rows = 99999;
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_sweep(bench->store, sweep, &rows)));
	return rows;
}

static void sweep_all(struct store_bench *bench, const struct store_sweep *sweep)
{
	while (sweep_once(bench, sweep) > 0)
		;
}

static bool has(struct store_bench *bench, const char *table, const char *column, const char *value)
{
	char sql[200];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s = '%s'", table, column, value);
	return store_bench_ask(bench, sql) == 1;
}

static void what_has_a_certificate_is_never_swept(void **state)
{
	struct store_bench *bench = *state;
	const struct store_sweep sweep = everything();
	const int64_t account = store_bench_add_account(bench->store, 1);
	struct order_row valid = store_bench_add_order(bench->store, account, "valid"),
			 odd = store_bench_add_order(bench->store, account, "odd"),
			 void_order = store_bench_add_order(bench->store, account, "void");
	struct certificate_row certificate = store_bench_certificate(1, valid.id);
	store_bench_judge_order(bench->store, &valid);
	store_bench_add_certificate(bench->store, &certificate);
	/* Nothing that we do makes such an order; the certificate alone protects it. */
	certificate = store_bench_certificate(2, odd.id);
	store_bench_judge_order(bench->store, &odd);
	store_bench_add_certificate(bench->store, &certificate);
	store_bench_run(bench, "UPDATE acme_order SET state = 'i' WHERE name = 'odd'");
	/* A takeover closes an order, and keeps the certificate by its entry alone. */
	certificate = store_bench_certificate(3, 0);
	certificate.is_void = true;
	store_bench_add_certificate(bench->store, &certificate);
	store_bench_close_order(bench->store, void_order.name);
	certificate = store_bench_certificate(4, 0);
	certificate.activation = store_bench_add_activation(bench->store, account).id;
	store_bench_add_certificate(bench->store, &certificate);
	sweep_all(bench, &sweep);
	assert_int_equal(store_bench_find_order(bench->store, "valid").state, order_valid);
	assert_true(has(bench, "acme_order", "name", "odd"));
	assert_false(has(bench, "acme_order", "name", "void"));
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM certificate"), 4);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM device"), 1);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM activation"), 1);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account"), 1);
}

static void what_never_led_to_a_certificate_goes_when_it_has_had_its_time(void **state)
{
	struct store_bench *bench = *state;
	struct store_sweep sweep = everything();
	const int64_t account = store_bench_add_account(bench->store, 1);
	struct order_row ready = store_bench_add_order(bench->store, account, "ready");
	store_bench_judge_order(bench->store, &ready);
	store_bench_add_order(bench->store, account, "pending");
	store_bench_add_order(bench->store, account, "failed");
	store_bench_close_order(bench->store, "failed");
	store_bench_add_activation(bench->store, account);
	store_bench_add_account(bench->store, 2);
	sweep.open_before_boot_s = 900, sweep.closed_before_s = 5000, sweep.idle_before_s = 100;
	assert_int_equal(sweep_once(bench, &sweep), 0);
	sweep.open_before_boot_s = 901;
	assert_int_equal(sweep_once(bench, &sweep), 3);
	assert_false(has(bench, "acme_order", "name", "ready"));
	assert_false(has(bench, "acme_order", "name", "pending"));
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM activation"), 0);
	/* An account that has an order still is put off, and goes when it is as old again. */
	sweep.idle_before_s = 101;
	assert_int_equal(sweep_once(bench, &sweep), 2);
	assert_int_equal(store_bench_ask(bench, "SELECT id FROM account"), account);
	assert_true(has(bench, "acme_order", "name", "failed"));
	sweep.closed_before_s = 5001;
	sweep_all(bench, &sweep);
	assert_false(has(bench, "acme_order", "name", "failed"));
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account"), 1);
	sweep.idle_before_s = sweep.now_s + 1;
	sweep_all(bench, &sweep);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account"), 0);
}

static void a_slice_is_bounded_and_rows_in_use_do_not_hold_up_the_others(void **state)
{
	struct store_bench *bench = *state;
	struct store_sweep sweep = everything();
	add_many_orders(bench, 6400); /* two hundred accounts, each with orders that are not over */
	store_bench_run(bench,
			"UPDATE acme_order SET expires_boot_s = 99999; INSERT INTO account (directory, is_active, thumbprint,"
			" jwk, contact, created_s, idle_s) VALUES (1, 0, x'00', '{}', '[]', 1, 99)");
	for (int round = 0; round < 4; round++)
		assert_in_range(sweep_once(bench, &sweep), 0, 2 * sweep.slice);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account WHERE is_active = 0"), 0);
	assert_int_equal(count_open(bench), 6400);
	sweep.open_before_boot_s = 100000;
	assert_int_equal(sweep_once(bench, &sweep), sweep.slice);
	assert_int_equal(count_open(bench), 6300);
}

static void of_more_closed_orders_than_may_be_the_oldest_go(void **state)
{
	struct store_bench *bench = *state;
	struct store_sweep sweep = everything();
	add_many_orders(bench, 320);
	store_bench_run(bench, "UPDATE acme_order SET state = 'i', expires_s = 10000 + id");
	sweep.closed_most = 300;
	sweep_all(bench, &sweep);
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM acme_order"), 300);
	assert_false(has(bench, "acme_order", "name", "order-00000020"));
	assert_true(has(bench, "acme_order", "name", "order-00000021"));
}

/* ---- how many there may be ---- */

static status take(struct store *store, enum store_room kind, int64_t account, uint64_t now_boot_s)
{
	store_enter(store);
	return store_leave(store, store_room_take(store, kind, 1, account, 3, now_boot_s));
}

static void there_are_as_many_places_as_rows_are_missing(void **state)
{
	struct store_bench *bench = *state;
	struct store *store = bench->store;
	const int64_t account = store_bench_add_account(store, 1);
	store_bench_add_order(store, account, "one");
	store_bench_add_activation(store, account);
	for (enum store_room kind = 0; kind < store_room_count; kind++) {
		store_bench_assert_ok(take(store, kind, account, 50));
		store_bench_assert_ok(take(store, kind, account, 50));
	}
	store_bench_assert_refusal(take(store, store_room_accounts, 0, 50), "accounts_full");
	store_bench_assert_refusal(take(store, store_room_orders, account, 50), "orders_full");
	store_bench_assert_refusal(take(store, store_room_activations, account, 50), "orders_full");
	/* The places that were taken for nothing are found a second later; the row is still there. */
	for (enum store_room kind = 0; kind < store_room_count; kind++) {
		store_bench_assert_ok(take(store, kind, account, 51));
		store_bench_assert_ok(take(store, kind, account, 51));
	}
	store_bench_assert_refusal(take(store, store_room_orders, account, 51), "orders_full");
	/* What is over counts no more, though it was not swept. */
	for (int i = 0; i < 3; i++)
		store_bench_assert_ok(take(store, store_room_orders, account, 900));
	store_bench_assert_refusal(take(store, store_room_orders, account, 900), "orders_full");
}

static void an_account_with_a_certificate_finds_a_place_in_a_flood(void **state)
{
	struct store_bench *bench = *state;
	struct store *store = bench->store;
	const int64_t stranger = store_bench_add_account(store, 1), proven = store_bench_add_account(store, 2);
	struct order_row order = store_bench_add_order(store, proven, "proven");
	const struct certificate_row certificate = store_bench_certificate(1, order.id);
	store_bench_judge_order(store, &order);
	store_bench_add_certificate(store, &certificate);
	for (int i = 0; i < 3; i++)
		store_bench_assert_ok(take(store, store_room_orders, stranger, 50));
	store_bench_assert_refusal(take(store, store_room_orders, stranger, 50), "orders_full");
	store_bench_assert_ok(take(store, store_room_orders, proven, 50));
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account WHERE has_certificate = 0"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_STORE(orders_of_a_former_boot_are_closed_with_heartbeats_however_many_they_are),
	    ON_A_STORE(a_start_that_was_killed_goes_on_where_it_was),
	    ON_A_STORE(a_database_of_the_version_before_learns_who_has_a_certificate),
	    ON_A_STORE(what_has_a_certificate_is_never_swept),
	    ON_A_STORE(what_never_led_to_a_certificate_goes_when_it_has_had_its_time),
	    ON_A_STORE(a_slice_is_bounded_and_rows_in_use_do_not_hold_up_the_others),
	    ON_A_STORE(of_more_closed_orders_than_may_be_the_oldest_go),
	    ON_A_STORE(there_are_as_many_places_as_rows_are_missing),
	    ON_A_STORE(an_account_with_a_certificate_finds_a_place_in_a_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
