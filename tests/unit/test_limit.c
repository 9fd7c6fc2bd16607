/* SPDX-License-Identifier: Apache-2.0
 * The arithmetic of limits, whom they count, and that a full table shuts nobody out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "ca/registrar/limit.h"

enum { second_us = 1000000 };

static void so_many_fit_at_once_and_then_one_by_one(void **state)
{
	uint64_t paid_until_us = 0, now_us = 7 * (uint64_t)second_us;
	uint32_t wait_s = 0;
	(void)state;
	for (int i = 0; i < 60; i++)
		assert_true(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
	assert_false(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
	assert_int_equal(wait_s, 60);
	const uint64_t before_us = paid_until_us;
	assert_false(limit_admit(60, 3600, now_us + 59 * second_us + 1, &paid_until_us, &wait_s));
	assert_int_equal(wait_s, 1); /* rounded up */
	assert_true(paid_until_us == before_us); /* asking in vain costs nothing */
	now_us += 60 * (uint64_t)second_us;
	assert_true(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
	assert_false(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
	now_us += 7200 * (uint64_t)second_us; /* rest is not saved up beyond a period */
	for (int i = 0; i < 60; i++)
		assert_true(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
	assert_false(limit_admit(60, 3600, now_us, &paid_until_us, &wait_s));
}

static void the_extremes_of_a_limit_count_right(void **state)
{
	uint64_t paid_until_us = 0;
	uint32_t wait_s = 0;
	(void)state;
	assert_true(limit_admit(1, 3600, 5, &paid_until_us, &wait_s));
	assert_false(limit_admit(1, 3600, 5, &paid_until_us, &wait_s));
	assert_int_equal(wait_s, 3600);
	paid_until_us = 0;
	for (int i = 0; i < 10000000; i++)
		if (!limit_admit(10000000, 60, 5, &paid_until_us, &wait_s))
			fail_msg("%d were admitted", i);
	assert_false(limit_admit(10000000, 60, 5, &paid_until_us, &wait_s));
	assert_int_equal(wait_s, 1);
}

static status take(struct limit_tables *tables, enum limit limit, const char *who)
{
	uint32_t wait_s = 0;
	return limit_take(tables, limit, 2, bytes_from_text(who), second_us, &wait_s);
}

static void each_is_counted_by_itself_and_each_limit_too(void **state)
{
	struct limit_tables *tables = limit_open();
	uint32_t wait_s = 0;
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_false(is_refused(take(tables, limit_orders_per_account, "ada")));
	assert_int_equal(take(tables, limit_orders_per_account, "ada").refusal, refusal_account_orders_limited);
	assert_false(is_refused(take(tables, limit_orders_per_account, "otto")));
	assert_false(is_refused(take(tables, limit_failures_per_account, "ada")));
	/* looking counts nothing, and no limit is none */
	for (int i = 0; i < 9; i++) {
		assert_false(is_refused(limit_look(tables, limit_orders_per_account, 2, bytes_from_text("otto"), second_us, &wait_s)));
		assert_false(is_refused(limit_take(tables, limit_orders_per_account, 0, bytes_from_text("ada"), second_us, &wait_s)));
	}
	assert_false(is_refused(take(tables, limit_orders_per_account, "otto")));
	assert_true(is_refused(limit_look(tables, limit_orders_per_account, 2, bytes_from_text("otto"), second_us, &wait_s)));
	limit_close(tables);
}

static void case_22_a_flood_from_many_shuts_nobody_out_and_frees_no_one_who_is_over(void **state)
{
	struct limit_tables *tables = limit_open();
	unsigned forgotten = 0;
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_false(is_refused(take(tables, limit_accounts_per_address, "greedy")));
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t wait_s = 0;
		if (is_refused(limit_take(tables, limit_accounts_per_address, 2, bytes_from(&i, sizeof i), second_us, &wait_s)))
			fail_msg("stranger %u is shut out", i);
		forgotten += !is_refused(limit_look(tables, limit_accounts_per_address, 2, bytes_from_text("greedy"), second_us, &wait_s));
	}
	assert_int_equal(forgotten, 0); /* those who have done less go first */
	assert_int_equal(take(tables, limit_accounts_per_address, "greedy").refusal, refusal_address_accounts_limited);
	limit_close(tables);
}

static void is_counted_as(const char *one, const char *other, bool is_same)
{
	uint8_t first[limit_address_size], second[limit_address_size];
	limit_address(bytes_from_text(one), first);
	limit_address(bytes_from_text(other), second);
	if ((memcmp(first, second, sizeof first) == 0) != is_same)
		fail_msg("%s and %s are %s", one, other, is_same ? "counted apart" : "counted as one");
}

static void ipv6_is_counted_by_its_network_and_ipv4_as_it_is(void **state)
{
	(void)state;
	is_counted_as("192.0.2.1", "192.0.2.1", true);
	is_counted_as("192.0.2.1", "192.0.2.2", false);
	is_counted_as("192.0.2.1", "::ffff:192.0.2.1", true);
	is_counted_as("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
	is_counted_as("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true);
	is_counted_as("2001:db8:1:2::1", "2001:db8:1:3::1", false);
	is_counted_as("::1", "192.0.2.1", false);
	is_counted_as("", "no address", true);
	is_counted_as("", "a text that is longer than an address of any family ever was or will be", true);
	is_counted_as("", "0.0.0.0", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(so_many_fit_at_once_and_then_one_by_one),
	    cmocka_unit_test(the_extremes_of_a_limit_count_right),
	    cmocka_unit_test(each_is_counted_by_itself_and_each_limit_too),
	    cmocka_unit_test(case_22_a_flood_from_many_shuts_nobody_out_and_frees_no_one_who_is_over),
	    cmocka_unit_test(ipv6_is_counted_by_its_network_and_ipv4_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
