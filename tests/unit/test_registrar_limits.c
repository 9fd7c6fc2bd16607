/* SPDX-License-Identifier: Apache-2.0
 * Limits as clients meet them: who is counted for what, how a refusal looks, and who is not kept out by others. */
#include "tests/registrar/bench.h"

#include <stdio.h>

#define NEW_ACCOUNT "/acme/devices/new-account"
#define NEW_ORDER "/acme/devices/new-order"

static const char an_order[] = "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}]}",
		  another_order[] = "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"DEF\"}]}";

static void is_limited(struct bench *bench, const struct answer *answer, const char *refusal)
{
	bench_assert_refused(answer, 429, refusal);
	assert_string_equal(bench_text(answer, "type"), "urn:ietf:params:acme:error:rateLimited");
	assert_true(answer->retry_after_s > 0 && answer->retry_after_s <= 3600);
	bool has_help = false;
	for (size_t i = 0; i < answer->link_count; i++)
		has_help |= strcmp(answer->links[i], "<https://help.example/limits>;rel=\"help\"") == 0;
	assert_int_equal(has_help, bench->registrar.directories[0].limits.help[0] != 0);
}

static void limit(struct bench *bench, enum limit which, uint32_t most)
{
	if (which == limit_requests_per_address)
		bench->registrar.requests_per_address = most;
	else
		bench->registrar.directories[0].limits.most[which] = most;
	strcpy(bench->registrar.directories[0].limits.help, "https://help.example/limits");
}

static void new_order(struct bench *bench, const struct client *client, const char *payload, struct answer *answer)
{
	bench_post(bench, client, NEW_ORDER, payload, answer);
}

static void fail_challenge(struct bench *bench, const struct client *client, const char *identifier, struct answer *answer)
{
	char name[65], path[600];
	bench_order(bench, client, identifier, name);
	bench_post(bench, client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{}", answer);
}

static void from_address(struct bench *bench, const char *address)
{
	snprintf(bench->remote, sizeof bench->remote, "%s", address);
}

static void case_22_requests_are_limited_by_address(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	limit(bench, limit_requests_per_address, 3);
	for (int i = 0; i < 3; i++) {
		bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
		assert_int_equal(answer.http_status, 200);
	}
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	is_limited(bench, &answer, "address_requests_limited");
	assert_true(answer.retry_after_s <= 20);
	bench_send(bench, 'G', "/acme/devices/renewal-info/x", "", bytes_from(NULL, 0), &answer);
	is_limited(bench, &answer, "address_requests_limited");
	from_address(bench, "192.0.2.2"); /* the others go on */
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	assert_int_equal(answer.http_status, 200);
	from_address(bench, "2001:db8::1");
	for (int i = 0; i < 3; i++)
		bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	assert_int_equal(answer.http_status, 200);
	from_address(bench, "2001:db8::2"); /* the same network */
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	is_limited(bench, &answer, "address_requests_limited");
	bench->registrar.directories[0].limits.help[0] = 0;
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	is_limited(bench, &answer, "address_requests_limited");
	bench_forget(&client);
}

static unsigned lines;

static void count_line(int level, const char *format, ...)
{
	(void)level, (void)format;
	lines++;
}

static void case_22_a_flood_fills_no_log(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	bench->registrar.log = count_line;
	limit(bench, limit_requests_per_address, 1);
	lines = 0;
	for (int i = 0; i < 50; i++)
		bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	is_limited(bench, &answer, "address_requests_limited");
	assert_int_equal(lines, 1);
	from_address(bench, "192.0.2.2"); /* another is news */
	for (int i = 0; i < 2; i++)
		bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	assert_int_equal(lines, 2);
}

static void case_22_new_accounts_are_limited_by_address(void **state)
{
	struct bench *bench = *state;
	struct client clients[4] = {bench_client(), bench_client(), bench_client(), bench_client()};
	struct answer answer;
	limit(bench, limit_accounts_per_address, 2);
	bench_register(bench, &clients[0]);
	bench_register(bench, &clients[1]);
	bench_post(bench, &clients[2], NEW_ACCOUNT, "{}", &answer);
	is_limited(bench, &answer, "address_accounts_limited");
	struct client known = {.key = clients[0].key}; /* is no new one */
	bench_post(bench, &known, NEW_ACCOUNT, "{}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_post(bench, &clients[2], NEW_ACCOUNT, "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	from_address(bench, "192.0.2.2");
	bench_register(bench, &clients[3]);
	for (size_t i = 0; i < 4; i++)
		bench_forget(&clients[i]);
}

static void case_22_new_orders_are_limited_by_account_and_address(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	bench_register(bench, &other);
	limit(bench, limit_orders_per_account, 2);
	const unsigned orders = bench->verifier.orders;
	for (int i = 0; i < 2; i++) {
		new_order(bench, &client, an_order, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	new_order(bench, &client, an_order, &answer);
	is_limited(bench, &answer, "account_orders_limited");
	assert_int_equal(bench->verifier.orders, orders + 2); /* it was not asked */
	new_order(bench, &other, an_order, &answer);
	assert_int_equal(answer.http_status, 201);
	limit(bench, limit_orders_per_account, 0);
	limit(bench, limit_orders_per_address, 4);
	for (int i = 0; i < 4; i++) {
		new_order(bench, i == 0 ? &client : &other, an_order, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	new_order(bench, &client, an_order, &answer);
	is_limited(bench, &answer, "address_orders_limited");
	from_address(bench, "192.0.2.2");
	new_order(bench, &client, an_order, &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&other);
}

static void case_22_pending_orders_are_limited_by_account(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	bench->registrar.directories[0].limits.pending_most = 2;
	for (int i = 0; i < 2; i++) {
		new_order(bench, &client, an_order, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	new_order(bench, &client, an_order, &answer);
	is_limited(bench, &answer, "orders_too_many");
	bench_forget(&client);
}

static void case_22_orders_of_a_device_are_limited_and_a_stranger_cannot_use_them_up(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), stranger = bench_client();
	struct answer answer;
	char name[65], ready[65], path[600];
	bench_register(bench, &client);
	bench_register(bench, &stranger);
	limit(bench, limit_orders_per_device, 2);
	for (int i = 0; i < 9; i++) {
		new_order(bench, &stranger, an_order, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	bench_order(bench, &client, "ABC", ready);
	for (int i = 0; i < 2; i++) {
		bench_order(bench, &client, "ABC", name);
		bench_attest(bench, &client, name);
	}
	new_order(bench, &client, an_order, &answer);
	is_limited(bench, &answer, "device_orders_limited");
	const unsigned statements = bench->verifier.statements;
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", ready), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	is_limited(bench, &answer, "device_orders_limited");
	assert_int_equal(bench->verifier.statements, statements);
	bench_assert_order(bench, &client, ready, "pending"); /* it may come later */
	bench_finalize(bench, &client, name);		       /* what was granted is granted */
	new_order(bench, &client, another_order, &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&stranger);
}

static void case_22_failed_challenges_are_limited_by_account(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65], path[600];
	bench_register(bench, &client);
	bench_register(bench, &other);
	limit(bench, limit_failures_per_account, 2);
	for (int i = 0; i < 2; i++) {
		fail_challenge(bench, &client, "ABC", &answer);
		assert_int_equal(answer.http_status, 200);
	}
	bench_order(bench, &client, "ABC", name);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	is_limited(bench, &answer, "account_failures_limited");
	bench_assert_order(bench, &client, name, "pending");
	assert_int_equal(bench->verifier.statements, 0);
	fail_challenge(bench, &other, "ABC", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
	bench_forget(&other);
}

static void case_22_failed_challenges_are_limited_by_device_where_they_come_from(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), stranger = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	bench_register(bench, &stranger);
	limit(bench, limit_failures_per_device, 2);
	from_address(bench, "198.51.100.1");
	for (int i = 0; i < 2; i++)
		fail_challenge(bench, &stranger, "ABC", &answer);
	fail_challenge(bench, &stranger, "ABC", &answer);
	is_limited(bench, &answer, "device_failures_limited");
	fail_challenge(bench, &stranger, "DEF", &answer);
	assert_int_equal(answer.http_status, 200);
	from_address(bench, "192.0.2.1"); /* the device itself is elsewhere */
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_finalize(bench, &client, name);
	bench_forget(&client);
	bench_forget(&stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(case_22_requests_are_limited_by_address),
	    ON_A_BENCH(case_22_a_flood_fills_no_log),
	    ON_A_BENCH(case_22_new_accounts_are_limited_by_address),
	    ON_A_BENCH(case_22_new_orders_are_limited_by_account_and_address),
	    ON_A_BENCH(case_22_pending_orders_are_limited_by_account),
	    ON_A_BENCH(case_22_orders_of_a_device_are_limited_and_a_stranger_cannot_use_them_up),
	    ON_A_BENCH(case_22_failed_challenges_are_limited_by_account),
	    ON_A_BENCH(case_22_failed_challenges_are_limited_by_device_where_they_come_from),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
