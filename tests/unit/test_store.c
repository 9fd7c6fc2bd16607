/* SPDX-License-Identifier: Apache-2.0
 * The store: rows survive, works share commits, a refused work leaves nothing, a full disk refuses and is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ca/registrar/store.h"

static const uint8_t boot_one[store_boot_id_size] = {1}, boot_two[store_boot_id_size] = {2};

struct bench {
	char folder[64], file[96];
	struct store *store;
};

static void assert_refusal(status s, const char *name)
{
	assert_true(is_refused(s));
	assert_string_equal(status_entry(s.refusal)->name, name);
}

static void assert_ok(status s)
{
	if (is_refused(s))
		fail_msg("refused as %s", status_entry(s.refusal)->name);
}

static void open_store(struct bench *bench, const uint8_t *boot)
{
	char sentence[256] = "";
	if (is_refused(store_open(bench->file, boot, "started anew", &bench->store, sentence)))
		fail_msg("%s", sentence);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	strcpy(bench->folder, "/tmp/registrar-store-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->file, sizeof bench->file, "%s/keyward.db", bench->folder);
	open_store(bench, boot_one);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];
	store_close(bench->store);
	snprintf(command, sizeof command, "rm -r %s", bench->folder);
	if (system(command) != 0)
		return -1;
	free(bench);
	return 0;
}

static struct account_row an_account(uint32_t number)
{
	struct account_row account = {.jwk = "{}", .contact = "[]"};
	memcpy(account.thumbprint, &number, sizeof number);
	return account;
}

static int64_t add_account(struct store *store, uint32_t number)
{
	struct account_row account = an_account(number);
	store_enter(store);
	assert_ok(store_leave(store, store_account_add(store, &account, 100)));
	return account.id;
}

static struct order_row an_order(int64_t account, const char *name)
{
	struct order_row order = {.account = account, .expires_s = 5000, .expires_boot_s = 900};
	snprintf(order.name, sizeof order.name, "%s", name);
	strcpy(order.identifier_type, "permanent-identifier");
	strcpy(order.identifier, "ABCDEF123456");
	strcpy(order.token, "token");
	return order;
}

static struct order_row find_order(struct store *store, const char *name)
{
	struct order_row order;
	store_enter(store);
	assert_ok(store_leave(store, store_order_find(store, name, &order)));
	return order;
}

static struct order_row add_order(struct store *store, int64_t account, const char *name)
{
	struct order_row order = an_order(account, name);
	store_enter(store);
	assert_ok(store_leave(store, store_order_add(store, &order, 100)));
	return order;
}

static void judge_order(struct store *store, struct order_row *order)
{
	order->validated_s = 200;
	order->voucher_size = 3;
	memcpy(order->voucher, "abc", 3);
	memset(order->spki_hash, 7, sizeof order->spki_hash);
	strcpy(order->format, "tpm");
	strcpy(order->claims, "{\"a\":1}");
	order->assurance = 2;
	store_enter(store);
	assert_ok(store_leave(store, store_order_judge(store, order)));
}

static void rows_survive_a_restart(void **state)
{
	struct bench *bench = *state;
	struct account_row account;
	int64_t id = add_account(bench->store, 1);
	struct order_row order = add_order(bench->store, id, "one");
	judge_order(bench->store, &order);
	store_close(bench->store);
	open_store(bench, boot_one);
	store_enter(bench->store);
	assert_ok(store_account_find(bench->store, id, &account));
	assert_ok(store_leave(bench->store, OK));
	assert_true(account.is_active);
	order = find_order(bench->store, "one");
	assert_int_equal(order.state, order_ready);
	assert_int_equal(order.authorization, authorization_valid);
	assert_int_equal(order.voucher_size, 3);
	assert_int_equal(order.spki_hash[31], 7);
	assert_string_equal(order.claims, "{\"a\":1}");
}

static void another_boot_closes_what_was_open(void **state)
{
	struct bench *bench = *state;
	int64_t id = add_account(bench->store, 1);
	struct order_row ready = add_order(bench->store, id, "ready");
	struct activation_row activation = {.account = id, .expires_boot_s = 900};
	judge_order(bench->store, &ready);
	add_order(bench->store, id, "pending");
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_activation_add(bench->store, &activation)));
	store_close(bench->store);
	open_store(bench, boot_two);
	assert_int_equal(find_order(bench->store, "ready").state, order_invalid);
	assert_int_equal(find_order(bench->store, "pending").state, order_invalid);
	assert_int_equal(find_order(bench->store, "pending").authorization, authorization_expired);
	assert_non_null(strstr(find_order(bench->store, "pending").error, "started anew"));
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_activation_find(bench->store, activation.id, &activation)));
	assert_false(activation.is_open);
}

static void a_refused_work_leaves_nothing(void **state)
{
	struct bench *bench = *state;
	struct account_row account = an_account(9), found;
	store_enter(bench->store);
	assert_ok(store_account_add(bench->store, &account, 1));
	assert_refusal(store_leave(bench->store, REFUSE(orders_too_many)), "orders_too_many");
	store_enter(bench->store);
	assert_refusal(store_leave(bench->store, store_account_find_key(bench->store, account.thumbprint, &found)),
		       "account_unknown");
}

static void an_order_closes_once_and_its_challenge_is_judged_once(void **state)
{
	struct bench *bench = *state;
	struct order_row order = add_order(bench->store, add_account(bench->store, 1), "one");
	uint64_t count = 9;
	store_enter(bench->store);
	assert_ok(
	    store_leave(bench->store, store_order_close(bench->store, "one", authorization_invalid, "{\"first\":1}")));
	store_enter(bench->store);
	assert_ok(
	    store_leave(bench->store, store_order_close(bench->store, "one", authorization_expired, "{\"second\":1}")));
	assert_string_equal(find_order(bench->store, "one").error, "{\"first\":1}");
	store_enter(bench->store);
	assert_refusal(store_leave(bench->store, store_order_judge(bench->store, &order)), "challenge_closed");
	assert_int_equal(find_order(bench->store, "one").state, order_invalid);
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_order_count(bench->store, order.account, 0, &count)));
	assert_int_equal(count, 0);
}

static struct certificate_row a_certificate(uint64_t entry, int64_t order)
{
	struct certificate_row row = {.entry = entry,
				      .order = order,
				      .not_after_s = 10,
				      .leaf = bytes_from("leaf", 4),
				      .issuers = bytes_from("issuers", 7)};
	memcpy(row.serial, &entry, sizeof entry);
	return row;
}

static void one_order_has_one_certificate(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[64];
	struct buffer room = BUFFER(bytes);
	bool has = true;
	struct order_row order = add_order(bench->store, add_account(bench->store, 1), "one");
	struct certificate_row first = a_certificate(4, order.id), second = a_certificate(5, order.id), found;
	judge_order(bench->store, &order);
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_certificate_add(bench->store, &first)));
	store_enter(bench->store);
	assert_refusal(store_leave(bench->store, store_certificate_add(bench->store, &second)), "store_failed");
	assert_int_equal(find_order(bench->store, "one").state, order_valid);
	store_enter(bench->store);
	assert_ok(store_certificate_has(bench->store, 5, &has));
	assert_ok(store_leave(bench->store, store_certificate_find_order(bench->store, order.id, &room, &found)));
	assert_false(has);
	assert_int_equal(found.entry, 4);
	assert_true(bytes_equal_text(found.leaf, "leaf"));
	assert_true(bytes_equal_text(found.issuers, "issuers"));
}

static void the_sequence_of_enrolment_records_must_rise(void **state)
{
	struct bench *bench = *state;
	uint8_t bytes[64];
	struct buffer out = BUFFER(bytes);
	struct record_row record = {.identifier_type = bytes_from_text("permanent-identifier"),
				    .identifier = bytes_from_text("A"),
				    .administrator = bytes_from_text("ada"),
				    .sequence = 7,
				    .request = bytes_from_text("seven")};
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_record_add(bench->store, &record, 1)));
	store_enter(bench->store);
	assert_refusal(store_leave(bench->store, store_record_add(bench->store, &record, 1)), "record_superseded");
	record.sequence = 8;
	record.request = bytes_from_text("eight");
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_record_add(bench->store, &record, 1)));
	store_enter(bench->store);
	assert_ok(store_record_find(bench->store, "permanent-identifier", "a", &out));
	assert_int_equal(out.size, 0);
	assert_ok(store_leave(bench->store, store_record_find(bench->store, "permanent-identifier", "A", &out)));
	assert_true(bytes_equal_text(buffer_view(&out), "eight"));
}

/* A disk on which no file may grow: SQLite sees its writes fail. */
static void allow_file_size(rlim_t size)
{
	const struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void case_91_a_full_disk_refuses_leaves_nothing_and_is_survived(void **state)
{
	struct bench *bench = *state;
	struct account_row account = an_account(3), found;
	add_account(bench->store, 2);
	signal(SIGXFSZ, SIG_IGN);
	allow_file_size(0);
	store_enter(bench->store);
	status refused = store_leave(bench->store, store_account_add(bench->store, &account, 1));
	allow_file_size(RLIM_INFINITY);
	assert_refusal(refused, "store_failed");
	assert_true(strlen(store_trouble(bench->store)) > 0);
	store_enter(bench->store);
	assert_refusal(store_leave(bench->store, store_account_find_key(bench->store, account.thumbprint, &found)),
		       "account_unknown");
	add_account(bench->store, 3);
	store_close(bench->store);
	open_store(bench, boot_one);
	store_enter(bench->store);
	assert_ok(store_leave(bench->store, store_account_find_key(bench->store, account.thumbprint, &found)));
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
		struct account_row account = an_account(1000 + atomic_fetch_add(&crowd->next, 1));
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
	struct bench *bench = *state;
	struct crowd crowd = {.store = bench->store};
	pthread_t threads[8];
	sqlite3 *reader = NULL;
	sqlite3_stmt *count = NULL;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowd), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.stored, 8 * 40);
	/* Seen by another connection: committed, not only in this one's transaction. */
	store_close(bench->store);
	assert_int_equal(sqlite3_open_v2(bench->file, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(reader, "SELECT count(*) FROM account", -1, &count, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(count, 0), 8 * 40);
	sqlite3_finalize(count);
	sqlite3_close(reader);
	open_store(bench, boot_one);
}

static void while_it_is_open_nobody_else_can_use_the_database(void **state)
{
	struct bench *bench = *state;
	sqlite3 *other = NULL;
	assert_int_equal(sqlite3_open(bench->file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "SELECT count(*) FROM account", NULL, NULL, NULL), SQLITE_BUSY);
	assert_int_equal(sqlite3_exec(other, "DELETE FROM account", NULL, NULL, NULL), SQLITE_BUSY);
	sqlite3_close(other);
}

static void a_failing_disk_under_many_threads_loses_no_answered_work(void **state)
{
	struct bench *bench = *state;
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
	store_close(bench->store);
	open_store(bench, boot_one);
	unsigned kept = 0;
	for (uint32_t i = 0; i < crowd.next; i++) {
		struct account_row account = an_account(1000 + i), found;
		store_enter(bench->store);
		if (!is_refused(
			store_leave(bench->store, store_account_find_key(bench->store, account.thumbprint, &found))))
			kept++;
	}
	assert_int_equal(kept, crowd.stored);
}

static void a_database_of_a_newer_program_is_refused_with_a_sentence(void **state)
{
	struct bench *bench = *state;
	struct store *refused = NULL;
	char sentence[256] = "";
	sqlite3 *other = NULL;
	store_close(bench->store);
	bench->store = NULL;
	assert_int_equal(sqlite3_open(bench->file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_refusal(store_open(bench->file, boot_one, "", &refused, sentence), "store_failed");
	assert_non_null(strstr(sentence, "version 99"));
	assert_null(refused);
}

static void a_file_that_is_no_database_is_refused_with_a_sentence(void **state)
{
	struct bench *bench = *state;
	struct store *refused = NULL;
	char sentence[256] = "", file[128];
	snprintf(file, sizeof file, "%s/other.db", bench->folder);
	FILE *other = fopen(file, "w");
	assert_non_null(other);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database at all. ", other);
	fclose(other);
	assert_refusal(store_open(file, boot_one, "", &refused, sentence), "store_failed");
	assert_true(strlen(sentence) > 10);
	snprintf(file, sizeof file, "%s/absent/keyward.db", bench->folder);
	assert_refusal(store_open(file, boot_one, "", &refused, sentence), "store_failed");
	assert_non_null(strstr(sentence, "cannot be opened"));
}

#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_STORE(rows_survive_a_restart),
	    ON_A_STORE(another_boot_closes_what_was_open),
	    ON_A_STORE(a_refused_work_leaves_nothing),
	    ON_A_STORE(an_order_closes_once_and_its_challenge_is_judged_once),
	    ON_A_STORE(one_order_has_one_certificate),
	    ON_A_STORE(the_sequence_of_enrolment_records_must_rise),
	    ON_A_STORE(case_91_a_full_disk_refuses_leaves_nothing_and_is_survived),
	    ON_A_STORE(works_of_many_threads_share_commits_and_refusals_stay_their_own),
	    ON_A_STORE(while_it_is_open_nobody_else_can_use_the_database),
	    ON_A_STORE(a_failing_disk_under_many_threads_loses_no_answered_work),
	    ON_A_STORE(a_database_of_a_newer_program_is_refused_with_a_sentence),
	    ON_A_STORE(a_file_that_is_no_database_is_refused_with_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
