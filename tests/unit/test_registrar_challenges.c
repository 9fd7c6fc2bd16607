/* SPDX-License-Identifier: Apache-2.0
 * The device-attest-01 challenge: judged once, finally, and for good reasons only. */
#include "tests/registrar/bench.h"

#include <unistd.h>

static void case_23_a_failed_challenge_stays_invalid_with_its_error(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.refusal = refusal_tpm_magic_wrong;
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench->verifier.refusal = refusal_none;
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	const json_t *error = json_object_get(answer.json, "error");
	assert_string_equal(bench_member(error, "type"), "urn:ietf:params:acme:error:badAttestationStatement");
	assert_string_equal(bench_member(error, "refusal"), "tpm_magic_wrong");
	assert_non_null(strstr(bench_member(error, "detail"), "as the test wished"));
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "challenge_closed");
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	bench_assert_order(bench, &client, name, "invalid");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	snprintf(path, sizeof path, "%s/orders", client.kid);
	bench_post(bench, &client, path, NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 0);
	bench_forget(&client);
}

static void case_23_a_challenge_that_was_answered_is_closed(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "challenge_closed");
	bench_assert_order(bench, &client, name, "ready");
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), "{\"status\":\"valid\"}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"),
			    "authorization_deactivated");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	assert_int_equal(bench->verifier.statements, 1);
	bench_forget(&client);
}

static void another_device_is_refused_with_the_subproblem_that_clients_print(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.refusal = refusal_identity_mismatch;
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	const json_t *error = json_object_get(answer.json, "error");
	const json_t *sub = json_array_get(json_object_get(error, "subproblems"), 0);
	assert_string_equal(bench_member(error, "refusal"), "identity_mismatch");
	assert_string_equal(bench_member(sub, "type"), "urn:ietf:params:acme:error:rejectedIdentifier");
	assert_string_equal(bench_member(json_object_get(sub, "identifier"), "value"), "ABC");
	bench_forget(&client);
}

static void a_client_without_attestation_is_refused_by_name(void **state)
{
	static const char *const absent[] = {"{}", "{\"error\":\"no TPM\"}", "{\"attObj\":\"\"}"};
	static const struct {
		const char *payload, *refusal;
	} malformed[] = {{"{\"attObj\":7}", "payload_malformed"}, {"{\"attObj\":\"o===\"}", "base64url_malformed"}};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
		bench_order(bench, &client, "ABC", name);
		bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), absent[i], &answer);
		assert_int_equal(answer.http_status, 200);
		assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"),
				    "attestation_absent");
		bench_assert_order(bench, &client, name, "invalid");
	}
	bench_order(bench, &client, "ABC", name);
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), malformed[i].payload, &answer);
		bench_assert_refused(&answer, 400, malformed[i].refusal);
		bench_assert_order(bench, &client, name, "pending");
	}
	assert_int_equal(bench->verifier.statements, 0);
	bench_attest(bench, &client, name);
	bench_forget(&client);
}

static void of_parallel_challenge_answers_one_is_judged(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.delay_ms = 50;
	bench_race(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", "valid");
	assert_int_equal(bench->verifier.statements, 1);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static void while_a_statement_is_judged_whoever_asks_is_told_when_to_ask_again(void **state)
{
	static const char *const parts[] = {"challenge", "authorization", "order"};
	static const char *const tails[] = {"/0/device-attest-01", "/0", ""};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.delay_ms = 300;
	struct sender sender = {.bench = bench,
				.client = &client,
				.path = bench_path(path, "challenge/%s/0/device-attest-01", name),
				.payload = "{\"attObj\":\"oWNmbXRjdHBt\"}"};
	bench_post_apart(&sender);
	while (!flight_has(bench->registrar.flight, "challenge", name))
		usleep(1000);
	for (int is_over = 0; is_over < 2; is_over++) {
		for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
			char url[600];
			bench_post(bench, &client, bench_path(url, "%s/%s%s", parts[i], name, tails[i]), NULL, &answer);
			assert_int_equal(answer.http_status, 200);
			assert_int_equal(answer.retry_after_s, is_over ? 0 : 1);
			if (i == 0)
				assert_string_equal(bench_text(&answer, "status"), is_over ? "valid" : "processing");
		}
		if (!is_over)
			bench_await(&sender);
	}
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(case_23_a_failed_challenge_stays_invalid_with_its_error),
	    ON_A_BENCH(case_23_a_challenge_that_was_answered_is_closed),
	    ON_A_BENCH(another_device_is_refused_with_the_subproblem_that_clients_print),
	    ON_A_BENCH(a_client_without_attestation_is_refused_by_name),
	    ON_A_BENCH(of_parallel_challenge_answers_one_is_judged),
	    ON_A_BENCH(while_a_statement_is_judged_whoever_asks_is_told_when_to_ask_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
