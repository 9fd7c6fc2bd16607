/* SPDX-License-Identifier: Apache-2.0
 * The store: rows survive, works share commits, a refused work leaves nothing, a full disk refuses and is survived. */
#include "tests/registrar/store_bench.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void rows_survive_a_restart(void **state)
{
	struct store_bench *bench = *state;
	struct account_row account;
	int64_t id = store_bench_add_account(bench->store, 1);
	struct order_row order = store_bench_add_order(bench->store, id, "one");
	store_bench_judge_order(bench->store, &order);
	store_bench_reopen(bench, 1);
	store_enter(bench->store);
	store_bench_assert_ok(store_account_find(bench->store, id, &account));
	store_bench_assert_ok(store_leave(bench->store, OK));
	assert_true(account.is_active);
	order = store_bench_find_order(bench->store, "one");
	assert_int_equal(order.state, order_ready);
	assert_int_equal(order.authorizations[0].state, authorization_valid);
	assert_int_equal(order.voucher_size, 3);
	assert_int_equal(order.spki_hash[31], 7);
	assert_string_equal(order.claims, "{\"a\":1}");
}

static void another_boot_closes_what_was_open(void **state)
{
	struct store_bench *bench = *state;
	int64_t id = store_bench_add_account(bench->store, 1);
	struct order_row ready = store_bench_add_order(bench->store, id, "ready");
	store_bench_judge_order(bench->store, &ready);
	store_bench_add_order(bench->store, id, "pending");
	struct activation_row activation = store_bench_add_activation(bench->store, id);
	store_bench_reopen(bench, 2);
	assert_int_equal(store_bench_find_order(bench->store, "ready").state, order_invalid);
	assert_int_equal(store_bench_find_order(bench->store, "pending").state, order_invalid);
	assert_int_equal(store_bench_find_order(bench->store, "pending").end, order_end_expired);
	store_enter(bench->store);
	store_bench_assert_refusal(
	    store_leave(bench->store, store_activation_find(bench->store, activation.id, &activation)),
	    "activation_unknown");
}

static void a_refused_work_leaves_nothing(void **state)
{
	struct store_bench *bench = *state;
	struct account_row account = store_bench_account(9), found;
	store_enter(bench->store);
	store_bench_assert_ok(store_account_add(bench->store, &account, 1));
	store_bench_assert_refusal(store_leave(bench->store, REFUSE(orders_too_many)), "orders_too_many");
	store_enter(bench->store);
	store_bench_assert_refusal(
	    store_leave(bench->store, store_account_find_key(bench->store, 1, account.thumbprint, &found)),
	    "account_unknown");
}

static void an_order_closes_once_and_its_challenge_is_judged_once(void **state)
{
	struct store_bench *bench = *state;
	struct order_row order = store_bench_add_order(bench->store, store_bench_add_account(bench->store, 1), "one");
	uint64_t count = 9;
	store_enter(bench->store);
	store_bench_assert_ok(
	    store_leave(bench->store, store_order_close(bench->store, "one", "{\"first\":1}")));
	store_enter(bench->store);
	store_bench_assert_ok(
	    store_leave(bench->store, store_order_close(bench->store, "one", "{\"second\":1}")));
	assert_string_equal(store_bench_find_order(bench->store, "one").error, "{\"first\":1}");
	store_enter(bench->store);
	store_bench_assert_refusal(store_leave(bench->store, store_order_judge(bench->store, &order)),
				   "challenge_closed");
	assert_int_equal(store_bench_find_order(bench->store, "one").state, order_invalid);
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_order_count(bench->store, order.account, 0, &count)));
	assert_int_equal(count, 0);
}

static void one_order_has_one_certificate(void **state)
{
	struct store_bench *bench = *state;
	uint8_t bytes[64];
	struct buffer room = BUFFER(bytes);
	bool has = true;
	struct order_row order = store_bench_add_order(bench->store, store_bench_add_account(bench->store, 1), "one");
	struct certificate_row first = store_bench_certificate(4, order.id),
			       second = store_bench_certificate(5, order.id), found;
	store_bench_judge_order(bench->store, &order);
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_certificate_add(bench->store, &first)));
	store_enter(bench->store);
	store_bench_assert_refusal(store_leave(bench->store, store_certificate_add(bench->store, &second)),
				   "store_failed");
	assert_int_equal(store_bench_find_order(bench->store, "one").state, order_valid);
	store_enter(bench->store);
	store_bench_assert_ok(store_certificate_has(bench->store, 5, &has));
	store_bench_assert_ok(
	    store_leave(bench->store, store_certificate_find_order(bench->store, order.id, &room, &found)));
	assert_false(has);
	assert_int_equal(found.entry, 4);
	assert_true(bytes_equal_text(found.leaf, "leaf"));
	assert_true(bytes_equal_text(found.issuers, "issuers"));
}

static void the_sequence_of_enrolment_records_must_rise(void **state)
{
	struct store_bench *bench = *state;
	uint8_t bytes[64];
	struct buffer out = BUFFER(bytes);
	struct record_row record = {.identifier_type = bytes_from_text("permanent-identifier"),
				    .identifier = bytes_from_text("A"),
				    .administrator = bytes_from_text("ada"),
				    .sequence = 7,
				    .request = bytes_from_text("seven")};
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_record_add(bench->store, &record, 1)));
	store_enter(bench->store);
	store_bench_assert_refusal(store_leave(bench->store, store_record_add(bench->store, &record, 1)),
				   "record_superseded");
	record.sequence = 8;
	record.request = bytes_from_text("eight");
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_record_add(bench->store, &record, 1)));
	store_enter(bench->store);
	store_bench_assert_ok(store_record_find(bench->store, "permanent-identifier", "a", &out));
	assert_int_equal(out.size, 0);
	store_bench_assert_ok(
	    store_leave(bench->store, store_record_find(bench->store, "permanent-identifier", "A", &out)));
	assert_true(bytes_equal_text(buffer_view(&out), "eight"));
}

static status bind_account(struct store *store, int64_t id)
{
	const struct binding_row binding = {.account = id, .name = "tenant", .request = "{}"};
	store_enter(store);
	return store_leave(store, store_binding_add(store, &binding));
}

static void a_binding_goes_with_its_account_and_frees_its_key(void **state)
{
	struct store_bench *bench = *state;
	const int64_t first = store_bench_add_account(bench->store, 1), second = store_bench_add_account(bench->store, 2);
	const struct store_sweep sweep = {.slice = 10, .closed_most = 10, .idle_before_s = UINT32_MAX, .now_s = UINT32_MAX};
	char request[4097];
	uint64_t rows = 0;
	store_bench_assert_ok(bind_account(bench->store, first));
	store_bench_assert_refusal(bind_account(bench->store, second), "eab_key_used");
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_binding_find(bench->store, first, request)));
	assert_string_equal(request, "{}");
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_sweep(bench->store, &sweep, &rows)));
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_binding_find(bench->store, first, request)));
	assert_string_equal(request, "");
	store_bench_assert_ok(bind_account(bench->store, store_bench_add_account(bench->store, 3)));
}

/* A disk on which no file may grow: SQLite sees its writes fail. */
static void allow_file_size(rlim_t size)
{
	const struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void case_91_a_full_disk_refuses_leaves_nothing_and_is_survived(void **state)
{
	struct store_bench *bench = *state;
	struct account_row account = store_bench_account(3), found;
	store_bench_add_account(bench->store, 2);
	signal(SIGXFSZ, SIG_IGN);
	allow_file_size(0);
	store_enter(bench->store);
	status refused = store_leave(bench->store, store_account_add(bench->store, &account, 1));
	allow_file_size(RLIM_INFINITY);
	store_bench_assert_refusal(refused, "store_failed");
	assert_true(strlen(store_trouble(bench->store)) > 0);
	store_enter(bench->store);
	store_bench_assert_refusal(
	    store_leave(bench->store, store_account_find_key(bench->store, 1, account.thumbprint, &found)),
	    "account_unknown");
	store_bench_add_account(bench->store, 3);
	store_bench_reopen(bench, 1);
	store_enter(bench->store);
	store_bench_assert_ok(
	    store_leave(bench->store, store_account_find_key(bench->store, 1, account.thumbprint, &found)));
}

struct crowd {
	struct store *store;
	atomic_uint next;
	atomic_uint stored;
};

static void *add_many(void *argument)
{
	struct crowd *crowd = argument;
	for (int i = 0; i < 50; i++) {
		struct account_row account = store_bench_account(1000 + atomic_fetch_add(&crowd->next, 1));
		const bool is_refusing = i % 5 == 4;
		store_enter(crowd->store);
		status added = store_account_add(crowd->store, &account, 1);
		if (!is_refused(added) && is_refusing)
			added = REFUSE(busy);
		if (!is_refused(store_leave(crowd->store, added)))
			atomic_fetch_add(&crowd->stored, 1);
	}
	return NULL;
}

static void works_of_many_threads_share_commits_and_refusals_stay_their_own(void **state)
{
	struct store_bench *bench = *state;
	struct crowd crowd = {.store = bench->store};
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowd), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.stored, 8 * 40);
	/* Seen by another connection: committed, not only in this one's transaction. */
	assert_int_equal(store_bench_ask(bench, "SELECT count(*) FROM account"), 8 * 40);
}

static void while_it_is_open_nobody_else_can_use_the_database(void **state)
{
	struct store_bench *bench = *state;
	sqlite3 *other = NULL;
	assert_int_equal(sqlite3_open(bench->file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "SELECT count(*) FROM account", NULL, NULL, NULL), SQLITE_BUSY);
	assert_int_equal(sqlite3_exec(other, "DELETE FROM account", NULL, NULL, NULL), SQLITE_BUSY);
	sqlite3_close(other);
}

static void a_failing_disk_under_many_threads_loses_no_answered_work(void **state)
{
	struct store_bench *bench = *state;
	struct crowd crowd = {.store = bench->store};
	pthread_t threads[4];
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowd), 0);
	for (int i = 0; i < 20; i++) {
		allow_file_size(0);
		usleep(500);
		allow_file_size(RLIM_INFINITY);
		usleep(500);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	store_bench_reopen(bench, 1);
	unsigned kept = 0;
	for (uint32_t i = 0; i < crowd.next; i++) {
		struct account_row account = store_bench_account(1000 + i), found;
		store_enter(bench->store);
		if (!is_refused(
			store_leave(bench->store, store_account_find_key(bench->store, 1, account.thumbprint, &found))))
			kept++;
	}
	assert_int_equal(kept, crowd.stored);
}

static void a_database_of_a_newer_program_is_refused_with_a_sentence(void **state)
{
	struct store_bench *bench = *state;
	const uint8_t boot[store_boot_id_size] = {1};
	struct store *refused = NULL;
	char sentence[256] = "";
	store_bench_close(bench);
	store_bench_run(bench, "PRAGMA user_version = 99");
	store_bench_assert_refusal(store_open(bench->file, boot, NULL, &refused, sentence), "store_failed");
	assert_non_null(strstr(sentence, "version 99"));
	assert_null(refused);
}

static void a_file_that_is_no_database_is_refused_with_a_sentence(void **state)
{
	struct store_bench *bench = *state;
	const uint8_t boot[store_boot_id_size] = {1};
	struct store *refused = NULL;
	char sentence[256] = "", file[128];
	snprintf(file, sizeof file, "%s/other.db", bench->folder);
	FILE *other = fopen(file, "w");
	assert_non_null(other);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database at all. ", other);
	fclose(other);
	store_bench_assert_refusal(store_open(file, boot, NULL, &refused, sentence), "store_failed");
	assert_true(strlen(sentence) > 10);
	snprintf(file, sizeof file, "%s/absent/keyward.db", bench->folder);
	store_bench_assert_refusal(store_open(file, boot, NULL, &refused, sentence), "store_failed");
	assert_non_null(strstr(sentence, "cannot be opened"));
}

static void expect_migrated(struct store_bench *bench, const char *name, enum authorization_state state,
			    enum challenge_state challenge, enum order_end end)
{
	const struct order_row order = store_bench_find_order(bench->store, name);
	assert_int_equal(order.authorization_count, 1);
	assert_string_equal(order.authorizations[0].type, "permanent-identifier");
	assert_string_equal(order.authorizations[0].value, "A");
	assert_int_equal(order.authorizations[0].state, state);
	assert_int_equal(order.authorizations[0].challenge_count, 1);
	assert_int_equal(order.authorizations[0].challenges[0].challenge, challenge_device_attest_01);
	assert_int_equal(order.authorizations[0].challenges[0].state, challenge);
	assert_string_equal(order.authorizations[0].challenges[0].token, "token");
	assert_int_equal(order.end, end);
}

static void orders_of_the_version_that_knew_one_device_each_are_kept(void **state)
{
	struct store_bench *bench = *state;
	int64_t id = store_bench_add_account(bench->store, 1);
	struct order_row done = store_bench_add_order(bench->store, id, "done"),
			 ready = store_bench_add_order(bench->store, id, "ready"),
			 over = store_bench_add_order(bench->store, id, "over");
	static const char *const others[] = {"pending", "failed", "given-up"};
	for (size_t i = 0; i < 3; i++)
		store_bench_add_order(bench->store, id, others[i]);
	store_bench_judge_order(bench->store, &done);
	store_bench_judge_order(bench->store, &ready);
	store_bench_judge_order(bench->store, &over);
	const struct certificate_row certificate = store_bench_certificate(1, done.id);
	store_bench_add_certificate(bench->store, &certificate);
	store_bench_close(bench);
	store_bench_run(bench, STORE_BENCH_DEVICES_ALONE
			"UPDATE acme_order SET auth = 'v' WHERE name IN ('done', 'ready');"
			"UPDATE acme_order SET auth = 'i', state = 'i', error = '{}' WHERE name = 'failed';"
			"UPDATE acme_order SET auth = 'd', state = 'i', error = '{}' WHERE name = 'given-up';"
			"UPDATE acme_order SET auth = 'x', state = 'i' WHERE name = 'over';");
	store_bench_open(bench, 1, NULL);
	expect_migrated(bench, "done", authorization_valid, challenge_valid, order_end_none);
	expect_migrated(bench, "ready", authorization_valid, challenge_valid, order_end_none);
	expect_migrated(bench, "pending", authorization_pending, challenge_pending, order_end_none);
	expect_migrated(bench, "failed", authorization_invalid, challenge_invalid, order_end_none);
	expect_migrated(bench, "given-up", authorization_deactivated, challenge_pending, order_end_deactivated);
	expect_migrated(bench, "over", authorization_valid, challenge_valid, order_end_expired);
	assert_int_equal(store_bench_find_order(bench->store, "ready").voucher_size, 3);
	assert_int_equal(store_bench_find_order(bench->store, "ready").state, order_ready);
}

static void what_was_there_before_belongs_to_the_first_directory(void **state)
{
	struct store_bench *bench = *state;
	int64_t first = 0, second = 0, again = 0;
	struct account_row account = store_bench_account(7), found;
	const int64_t id = store_bench_add_account(bench->store, 7);
	store_bench_add_order(bench->store, id, "open");
	store_bench_add_account(bench->store, 8);
	store_bench_close(bench);
	store_bench_run(bench, "DELETE FROM account WHERE id = 2;" STORE_BENCH_ONE_DIRECTORY);
	store_bench_open(bench, 1, NULL);
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_directory_know(bench->store, "devices", &first)));
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_directory_know(bench->store, "macs", &second)));
	assert_int_not_equal(first, second);
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_account_find_key(bench->store, first, account.thumbprint, &found)));
	assert_int_equal(found.id, id);
	assert_int_equal(store_bench_find_order(bench->store, "open").directory, first);
	store_enter(bench->store);
	store_bench_assert_refusal(
	    store_leave(bench->store, store_account_find_key(bench->store, second, account.thumbprint, &found)), "account_unknown");
	assert_int_equal(store_bench_add_account(bench->store, 9), 3); /* no number is given twice */
	store_bench_reopen(bench, 1);
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_directory_know(bench->store, "macs", &again)));
	assert_int_equal(again, second);
}

/* Names beside a device, with several challenges each. */
static struct order_row order_of_names(int64_t account)
{
	struct order_row order = {.account = account, .name = "names", .expires_s = 5000, .expires_boot_s = 900};
	order.authorization_count = identifiers_most;
	for (unsigned i = 0; i < identifiers_most; i++) {
		struct authorization_row *row = &order.authorizations[i];
		snprintf(row->type, sizeof row->type, "dns");
		snprintf(row->value, sizeof row->value, "host-%02u.example.test", i);
		row->state = authorization_pending;
		row->challenge_count = challenge_most;
		for (unsigned k = 0; k < challenge_most; k++) {
			row->challenges[k] = (struct challenge_row){.challenge = (enum challenge)(k + 1), .state = challenge_pending};
			memset(row->challenges[k].token, 'a' + (int)k, 128);
		}
	}
	return order;
}

static void count_name(void *to, const char *name)
{
	assert_string_equal(name, "names");
	++*(unsigned *)to;
}

static unsigned count_probing(struct store_bench *bench)
{
	unsigned listed = 0, count = 0;
	int64_t after = 0;
	const struct probing_listing listing = {10, count_name, &listed};
	store_enter(bench->store);
	store_bench_assert_ok(
	    store_leave(bench->store, store_order_list_probing(bench->store, &listing, &after, &count)));
	assert_int_equal(listed, count);
	return count;
}

static void every_authorization_and_challenge_of_a_long_order_is_kept(void **state)
{
	struct store_bench *bench = *state;
	static struct order_row order;
	order = order_of_names(store_bench_add_account(bench->store, 1));
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_order_add(bench->store, &order, 100)));
	assert_int_equal(count_probing(bench), 0);
	order.authorizations[31].challenges[2].state = challenge_processing;
	order.authorizations[7].state = authorization_valid;
	order.authorizations[7].voucher_size = sizeof order.authorizations[7].voucher;
	memset(order.authorizations[7].voucher, 9, sizeof order.authorizations[7].voucher);
	order.authorizations[7].challenges[1].state = challenge_valid;
	order.authorizations[7].challenges[1].validated_s = 4711;
	store_enter(bench->store);
	store_bench_assert_ok(store_leave(bench->store, store_order_write(bench->store, &order)));
	store_bench_reopen(bench, 1);
	assert_int_equal(count_probing(bench), 1);
	const struct order_row found = store_bench_find_order(bench->store, "names");
	assert_int_equal(found.authorization_count, identifiers_most);
	assert_string_equal(found.authorizations[31].value, "host-31.example.test");
	assert_int_equal(found.authorizations[31].challenges[2].state, challenge_processing);
	assert_int_equal(strlen(found.authorizations[31].challenges[2].token), 128);
	assert_int_equal(found.authorizations[7].state, authorization_valid);
	assert_int_equal(found.authorizations[7].voucher_size, sizeof found.authorizations[7].voucher);
	assert_int_equal(found.authorizations[7].voucher[1023], 9);
	assert_int_equal(found.authorizations[7].challenges[1].validated_s, 4711);
	store_bench_reopen(bench, 2);
	assert_int_equal(count_probing(bench), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_STORE(rows_survive_a_restart),
	    ON_A_STORE(another_boot_closes_what_was_open),
	    ON_A_STORE(a_refused_work_leaves_nothing),
	    ON_A_STORE(an_order_closes_once_and_its_challenge_is_judged_once),
	    ON_A_STORE(one_order_has_one_certificate),
	    ON_A_STORE(the_sequence_of_enrolment_records_must_rise),
	    ON_A_STORE(a_binding_goes_with_its_account_and_frees_its_key),
	    ON_A_STORE(case_91_a_full_disk_refuses_leaves_nothing_and_is_survived),
	    ON_A_STORE(works_of_many_threads_share_commits_and_refusals_stay_their_own),
	    ON_A_STORE(while_it_is_open_nobody_else_can_use_the_database),
	    ON_A_STORE(a_failing_disk_under_many_threads_loses_no_answered_work),
	    ON_A_STORE(a_database_of_a_newer_program_is_refused_with_a_sentence),
	    ON_A_STORE(a_file_that_is_no_database_is_refused_with_a_sentence),
	    ON_A_STORE(orders_of_the_version_that_knew_one_device_each_are_kept),
	    ON_A_STORE(what_was_there_before_belongs_to_the_first_directory),
	    ON_A_STORE(every_authorization_and_challenge_of_a_long_order_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
