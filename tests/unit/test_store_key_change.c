/* SPDX-License-Identifier: Apache-2.0
 * The change of an account's key in the store. SQLite's writes come through a function of this file, so that a process
 * can die at each of them. */
#include "tests/registrar/store_bench.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned writes, last_write; /* 0: never */

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	if (++writes == last_write)
		kill(getpid(), SIGKILL);
	return syscall(SYS_pwrite64, fd, data, size, at);
}

static status change_key(struct store *store, int64_t id, uint32_t from, uint32_t to)
{
	struct account_row before = store_bench_account(from), after = store_bench_account(to);
	before.id = after.id = id;
	store_enter(store);
	return store_leave(store, store_account_change_key(store, &before, &after));
}

static bool has_key(struct store *store, int64_t id, uint32_t number)
{
	struct account_row found, wanted = store_bench_account(number);
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_account_find(store, id, &found)));
	return memcmp(found.thumbprint, wanted.thumbprint, sizeof found.thumbprint) == 0;
}

static bool is_open(struct store *store, int64_t activation)
{
	struct activation_row found;
	store_enter(store);
	store_bench_assert_ok(store_leave(store, store_activation_find(store, activation, &found)));
	return found.is_open;
}

static void a_key_is_changed_from_the_key_that_the_account_has(void **state)
{
	struct store_bench *bench = *state;
	const int64_t id = store_bench_add_account(bench->store, 1);
	store_bench_assert_ok(change_key(bench->store, id, 1, 2));
	store_bench_assert_refusal(change_key(bench->store, id, 1, 3), "account_key_replaced");
	assert_true(has_key(bench->store, id, 2));
	store_bench_add_account(bench->store, 1);
}

static void what_vouches_for_the_old_key_ends_and_nothing_else(void **state)
{
	struct store_bench *bench = *state;
	const int64_t id = store_bench_add_account(bench->store, 1), other = store_bench_add_account(bench->store, 5);
	struct order_row ready = store_bench_add_order(bench->store, id, "ready"),
			 done = store_bench_add_order(bench->store, id, "done"),
			 foreign = store_bench_add_order(bench->store, other, "foreign");
	store_bench_add_order(bench->store, id, "pending");
	store_bench_add_order(bench->store, id, "invalid");
	store_bench_close_order(bench->store, "invalid");
	store_bench_judge_order(bench->store, &ready);
	store_bench_judge_order(bench->store, &done);
	store_bench_judge_order(bench->store, &foreign);
	const struct certificate_row certificate = store_bench_certificate(4, done.id);
	store_bench_add_certificate(bench->store, &certificate);
	const struct activation_row mine = store_bench_add_activation(bench->store, id),
				    theirs = store_bench_add_activation(bench->store, other);
	store_bench_assert_ok(change_key(bench->store, id, 1, 2));
	const struct order_row found = store_bench_find_order(bench->store, "ready");
	assert_int_equal(found.state, order_pending);
	assert_int_equal(found.authorizations[0].state, authorization_pending);
	assert_int_equal(found.authorizations[0].challenges[0].state, challenge_pending);
	assert_int_equal(found.voucher_size + found.validated_s + found.spki_hash[31], 0);
	assert_int_equal(store_bench_find_order(bench->store, "pending").state, order_pending);
	assert_int_equal(store_bench_find_order(bench->store, "invalid").state, order_invalid);
	assert_int_equal(store_bench_find_order(bench->store, "done").state, order_valid);
	assert_int_equal(store_bench_find_order(bench->store, "foreign").state, order_ready);
	assert_false(is_open(bench->store, mine.id));
	assert_true(is_open(bench->store, theirs.id));
}

/* True: the process came to its end without having been killed. */
static bool change_key_and_die(struct store_bench *bench, int64_t id, uint32_t from, unsigned at)
{
	int ended = 0;
	store_bench_close(bench);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		store_bench_open(bench, 1, NULL);
		writes = 0;
		last_write = at;
		_exit(is_refused(change_key(bench->store, id, from, from + 1)) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &ended, 0), child);
	store_bench_open(bench, 1, NULL);
	assert_true(WIFSIGNALED(ended) || (WIFEXITED(ended) && WEXITSTATUS(ended) == 0));
	return WIFEXITED(ended);
}

static void a_kill_at_any_write_leaves_the_old_key_or_the_new_and_all_that_goes_with_it(void **state)
{
	struct store_bench *bench = *state;
	uint32_t key = 1;
	const int64_t id = store_bench_add_account(bench->store, key);
	struct order_row order = store_bench_add_order(bench->store, id, "one");
	bool is_over = false;
	unsigned olds = 0;
	for (unsigned at = 1; !is_over && at < 100; at++) {
		order = store_bench_find_order(bench->store, "one");
		if (order.state == order_pending)
			store_bench_judge_order(bench->store, &order);
		const struct activation_row activation = store_bench_add_activation(bench->store, id);
		is_over = change_key_and_die(bench, id, key, at);
		const bool is_new = has_key(bench->store, id, key + 1);
		assert_true(is_new || has_key(bench->store, id, key));
		assert_true(is_new || !is_over);
		assert_int_equal(store_bench_find_order(bench->store, "one").state, is_new ? order_pending : order_ready);
		assert_int_equal(is_open(bench->store, activation.id), !is_new);
		key += is_new ? 1 : 0;
		olds += is_new ? 0 : 1;
	}
	assert_true(is_over && olds > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_STORE(a_key_is_changed_from_the_key_that_the_account_has),
	    ON_A_STORE(what_vouches_for_the_old_key_ends_and_nothing_else),
	    ON_A_STORE(a_kill_at_any_write_leaves_the_old_key_or_the_new_and_all_that_goes_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
