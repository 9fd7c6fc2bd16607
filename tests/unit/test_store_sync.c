/* SPDX-License-Identifier: Apache-2.0
 * What is synced to the disk before an answer goes out. SQLite's calls come through functions of this file: fdatasync is
 * counted, and fails on demand. */
#include "tests/registrar/store_bench.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void what_must_last_is_synced_before_the_answer(void **state)
{
	struct store_bench *bench = *state;
	syncs = 0;
	store_bench_add_account(bench->store, 1);
	assert_int_equal(syncs, 1);
}

static void what_another_boot_ends_is_written_but_not_synced(void **state)
{
	struct store_bench *bench = *state;
	struct order_row order = {.account = store_bench_add_account(bench->store, 1),
				  .name = "an order",
				  .authorization_count = 1,
				  .authorizations = {{.type = "permanent-identifier", .value = "a device"}}};
	syncs = 0;
	store_enter(bench->store);
	store_bench_assert_ok(store_leave_for_this_boot(bench->store, store_order_add(bench->store, &order, 1)));
	assert_int_equal(syncs, 0);
	store_bench_find_order(bench->store, "an order");
	assert_int_equal(syncs, 0); /* nothing was changed */
}

/* Nobody can say what a failed sync left on the disk: the process ends, and starts anew from there. */
static void a_failing_sync_ends_the_process_before_the_answer(void **state)
{
	struct store_bench *bench = *state;
	int ended = 0;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		is_failing = true;
		store_bench_add_account(bench->store, 1);
		_exit(0);
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
