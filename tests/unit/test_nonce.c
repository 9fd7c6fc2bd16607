/* SPDX-License-Identifier: Apache-2.0
 * Nonces: each counts once, here and in this start alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "ca/registrar/nonce.h"

static void assert_bad(status s)
{
	assert_string_equal(status_entry(s.refusal)->name, "nonce_bad");
}

static void a_nonce_counts_once(void **state)
{
	char nonce[nonce_size + 1];
	struct nonces *nonces = nonce_open();
	(void)state;
	nonce_new(nonces, nonce);
	assert_int_equal(strlen(nonce), nonce_size);
	for (size_t i = 0; i < nonce_size; i++)
		assert_true(isalnum((unsigned char)nonce[i]) || nonce[i] == '-' || nonce[i] == '_');
	assert_false(is_refused(nonce_spend(nonces, bytes_from_text(nonce))));
	assert_bad(nonce_spend(nonces, bytes_from_text(nonce)));
	nonce_close(nonces);
}

static void case_4_a_nonce_of_another_instance_is_refused(void **state)
{
	char nonce[nonce_size + 1];
	struct nonces *one = nonce_open(), *other = nonce_open();
	(void)state;
	nonce_new(one, nonce);
	nonce_new(other, (char[nonce_size + 1]){0});
	assert_bad(nonce_spend(other, bytes_from_text(nonce)));
	assert_false(is_refused(nonce_spend(one, bytes_from_text(nonce))));
	nonce_close(one);
	nonce_close(other);
}

static void case_4_an_absent_cut_changed_or_huge_nonce_is_refused(void **state)
{
	char nonce[nonce_size + 1];
	struct nonces *nonces = nonce_open();
	char *huge = malloc(1 << 20);
	(void)state;
	assert_non_null(huge);
	memset(huge, 'A', 1 << 20);
	nonce_new(nonces, nonce);
	for (size_t size = 0; size < nonce_size; size++)
		assert_bad(nonce_spend(nonces, bytes_from(nonce, size)));
	for (size_t i = 0; i < nonce_size; i++) {
		char changed[nonce_size + 1];
		memcpy(changed, nonce, sizeof changed);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_bad(nonce_spend(nonces, bytes_from_text(changed)));
	}
	assert_bad(nonce_spend(nonces, bytes_from(huge, 1 << 20)));
	assert_false(is_refused(nonce_spend(nonces, bytes_from_text(nonce))));
	free(huge);
	nonce_close(nonces);
}

static void case_4_a_nonce_too_old_is_refused_and_the_oldest_in_the_window_is_not(void **state)
{
	char first[nonce_size + 1], second[nonce_size + 1], later[nonce_size + 1];
	struct nonces *nonces = nonce_open();
	(void)state;
	nonce_new(nonces, first);
	nonce_new(nonces, second);
	for (size_t i = 0; i < nonce_window - 1; i++)
		nonce_new(nonces, later);
	assert_bad(nonce_spend(nonces, bytes_from_text(first)));
	assert_false(is_refused(nonce_spend(nonces, bytes_from_text(second))));
	assert_bad(nonce_spend(nonces, bytes_from_text(second)));
	nonce_close(nonces);
}

struct race {
	struct nonces *nonces;
	char nonce[nonce_size + 1];
	pthread_barrier_t start;
	atomic_int wins;
};

static void *spend_it(void *argument)
{
	struct race *race = argument;
	pthread_barrier_wait(&race->start);
	if (!is_refused(nonce_spend(race->nonces, bytes_from_text(race->nonce))))
		atomic_fetch_add(&race->wins, 1);
	return NULL;
}

static void case_4_of_parallel_uses_of_one_nonce_exactly_one_wins(void **state)
{
	enum { threads = 4, rounds = 200 };
	struct race race = {.nonces = nonce_open()};
	(void)state;
	for (int round = 0; round < rounds; round++) {
		pthread_t running[threads];
		race.wins = 0;
		nonce_new(race.nonces, race.nonce);
		pthread_barrier_init(&race.start, NULL, threads);
		for (int i = 0; i < threads; i++)
			assert_int_equal(pthread_create(&running[i], NULL, spend_it, &race), 0);
		for (int i = 0; i < threads; i++)
			pthread_join(running[i], NULL);
		pthread_barrier_destroy(&race.start);
		assert_int_equal(race.wins, 1);
	}
	nonce_close(race.nonces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_nonce_counts_once),
	    cmocka_unit_test(case_4_a_nonce_of_another_instance_is_refused),
	    cmocka_unit_test(case_4_an_absent_cut_changed_or_huge_nonce_is_refused),
	    cmocka_unit_test(case_4_a_nonce_too_old_is_refused_and_the_oldest_in_the_window_is_not),
	    cmocka_unit_test(case_4_of_parallel_uses_of_one_nonce_exactly_one_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
