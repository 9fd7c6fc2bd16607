/* SPDX-License-Identifier: Apache-2.0
 * What is synced to the disk before an answer goes out. SQLite's calls come through functions of this file: fdatasync is
 * counted, and fails on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/registrar/store.h"

static unsigned syncs;
static bool is_failing;

int fdatasync(int fd)
{
	syncs++;
	if (!is_failing)
		return (int)syscall(SYS_fdatasync, fd);
	errno = EIO;
	return -1;
}

struct bench {
	char folder[64];
	struct store *store;
	struct account_row account;
};

static int set_up(void **state)
{
	static const uint8_t boot[store_boot_id_size] = {1};
	char file[96], sentence[256] = "";
	struct bench *bench = calloc(1, sizeof *bench);
	assert_non_null(bench);
	strcpy(bench->folder, "/tmp/registrar-sync-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(file, sizeof file, "%s/keyward.db", bench->folder);
	assert_false(is_refused(store_open(file, boot, NULL, &bench->store, sentence)));
	strcpy(bench->account.jwk, "{}");
	strcpy(bench->account.contact, "[]");
	*state = bench;
	syncs = 0;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];
	store_close(bench->store);
	snprintf(command, sizeof command, "rm -rf %s", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench);
	return 0;
}

static status add_account(struct bench *bench)
{
	store_enter(bench->store);
	return store_leave(bench->store, store_account_add(bench->store, &bench->account, 1));
}

static status add_order(struct bench *bench)
{
	struct order_row order = {.account = bench->account.id,
				  .name = "an order",
				  .identifier_type = "permanent-identifier",
				  .identifier = "a device",
				  .token = "a token",
				  .state = order_pending,
				  .authorization = authorization_pending};
	store_enter(bench->store);
	return store_leave_for_this_boot(bench->store, store_order_add(bench->store, &order, 1));
}

static void what_must_last_is_synced_before_the_answer(void **state)
{
	struct bench *bench = *state;
	assert_false(is_refused(add_account(bench)));
	assert_int_equal(syncs, 1);
}

static void what_another_boot_ends_is_written_but_not_synced(void **state)
{
	struct bench *bench = *state;
	struct order_row found;
	assert_false(is_refused(add_account(bench)));
	syncs = 0;
	assert_false(is_refused(add_order(bench)));
	assert_int_equal(syncs, 0);
	store_enter(bench->store);
	assert_false(is_refused(store_leave(bench->store, store_order_find(bench->store, "an order", &found))));
	assert_int_equal(syncs, 0); /* nothing was changed */
}

/* Nobody can say what a failed sync left on the disk: the process ends, and starts anew from there. */
static void a_failing_sync_ends_the_process_before_the_answer(void **state)
{
	struct bench *bench = *state;
	int ended = 0;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		is_failing = true;
		_exit(is_refused(add_account(bench)) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), 70);
}

static void a_database_that_keeps_no_log_is_refused(void **state)
{
	static const uint8_t boot[store_boot_id_size] = {1};
	char sentence[256] = "";
	struct store *refused = NULL;
	(void)state;
	assert_int_equal(store_open(":memory:", boot, NULL, &refused, sentence).refusal, refusal_store_failed);
	assert_non_null(strstr(sentence, "journal mode memory"));
	assert_null(refused);
}

#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_STORE(what_must_last_is_synced_before_the_answer),
		ON_A_STORE(what_another_boot_ends_is_written_but_not_synced),
		cmocka_unit_test(a_database_that_keeps_no_log_is_refused),
		ON_A_STORE(a_failing_sync_ends_the_process_before_the_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
