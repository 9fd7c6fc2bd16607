/* SPDX-License-Identifier: Apache-2.0
 * A flood of strangers as clients see it: what is full, who gets in all the same, and what the sweep leaves. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

#include "ca/registrar/sweep.h"
#include "firmware/boundary/clock.h"

static const char new_account[] = "/acme/devices/new-account", new_order[] = "/acme/devices/new-order",
		  an_order[] = "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"A\"}]}",
		  evidence[] = "{\"ekCertificate\":\"MIIB\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}";

static void enrol(struct bench *bench, const struct client *client, char name[65])
{
	bench_order(bench, client, "ABC", name);
	bench_attest(bench, client, name);
	bench_finalize(bench, client, name);
}

static void case_22_accounts_without_a_certificate_are_bounded_in_all(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client(), proven = bench_client();
	struct answer answer;
	char name[65];
	bench->registrar.directories[0].accounts_most = 2;
	bench_register(bench, &proven);
	bench_register(bench, &client);
	bench_post(bench, &other, new_account, "{}", &answer);
	bench_assert_refused(&answer, 503, "accounts_full");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:rateLimited");
	assert_true(answer.retry_after_s > 0);
	struct client known = {.key = client.key};
	bench_post(bench, &known, new_account, "{}", &answer);
	assert_int_equal(answer.http_status, 200);
	/* An account that got its certificate leaves its place, as the next count finds. */
	enrol(bench, &proven, name);
	for (int i = 0; i < 300 && answer.http_status != 201; i++) {
		bench_post(bench, &other, new_account, "{}", &answer);
		usleep(10000);
	}
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&other);
	bench_forget(&proven);
}

static void case_22_open_orders_and_activations_are_bounded_in_all_but_for_proven_devices(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client(), proven = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_register(bench, &proven);
	enrol(bench, &proven, name);
	bench_restart(bench, false); /* counts anew */
	bench->registrar.directories[0].orders_most = 2;
	for (int i = 0; i < 2; i++) {
		bench_order(bench, &client, "ABC", name);
		bench_post(bench, &client, "/acme/devices/ak", evidence, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	bench_post(bench, &other, new_order, an_order, &answer);
	bench_assert_refused(&answer, 503, "orders_full");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:rateLimited");
	assert_true(answer.retry_after_s > 0);
	bench_post(bench, &other, "/acme/devices/ak", evidence, &answer);
	bench_assert_refused(&answer, 503, "orders_full");
	enrol(bench, &proven, name);
	bench_post(bench, &proven, "/acme/devices/ak", evidence, &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&other);
	bench_forget(&proven);
}

/* As if every order had ended, and every account been idle, since then. */
static void grow_old(struct bench *bench, uint64_t then_s)
{
	char sql[200];
	snprintf(sql, sizeof sql, "UPDATE account SET idle_s = %llu; UPDATE acme_order SET expires_s = %llu",
		 (unsigned long long)then_s, (unsigned long long)then_s);
	bench_run(bench, sql);
}

static void sweep_all(struct bench *bench)
{
	uint64_t rows = 1;
	while (rows > 0)
		assert_false(is_refused(sweep_slice(&bench->registrar, &rows)));
}

static void the_sweep_leaves_certificates_and_what_is_open(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), stranger = bench_client();
	struct answer answer;
	char path[600], valid[65], failed[65], open[65];
	bench_register(bench, &client);
	bench_register(bench, &stranger);
	enrol(bench, &client, valid);
	bench_order(bench, &client, "ABC", open);
	bench_order(bench, &client, "ABC", failed);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", failed), "{}", &answer);
	bench_assert_order(bench, &client, failed, "invalid");
	grow_old(bench, clock_wall_s() - 3500);
	sweep_all(bench);
	bench_assert_order(bench, &client, failed, "invalid");
	bench_post(bench, &stranger, stranger.kid, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	grow_old(bench, clock_wall_s() - 86500);
	sweep_all(bench);
	bench_post(bench, &client, bench_path(path, "order/%s", failed), NULL, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_post(bench, &client, bench_path(path, "entry/%s", valid), NULL, &answer);
	assert_string_equal(bench_text(&answer, "state"), "issued");
	assert_string_equal(bench_member(json_object_get(answer.json, "why"), "identifier"), "ABC");
	bench_post(bench, &client, bench_path(path, "certificate/%s", valid), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_attest(bench, &client, open);
	bench_finalize(bench, &client, open);
	/* The stranger's key makes an account anew. */
	bench_post(bench, &stranger, stranger.kid, NULL, &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	stranger.kid[0] = 0;
	bench_post(bench, &stranger, new_account, "{}", &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(case_22_accounts_without_a_certificate_are_bounded_in_all),
	    ON_A_BENCH(case_22_open_orders_and_activations_are_bounded_in_all_but_for_proven_devices),
	    ON_A_BENCH(the_sweep_leaves_certificates_and_what_is_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
