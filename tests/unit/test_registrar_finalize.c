/* SPDX-License-Identifier: Apache-2.0
 * Finalizing: one order, one certificate, for the attested key. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

#define CSR "{\"csr\":\"MIIB\"}"

static void case_63_another_key_than_the_attested_one_ends_the_order(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench->verifier.refusal = refusal_csr_malformed;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 400, "csr_malformed");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:badCSR");
	bench->verifier.refusal = refusal_none;
	bench_assert_order(bench, &client, name, "ready");
	bench->verifier.has_other_key = true;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 400, "csr_key_not_attested");
	bench->verifier.has_other_key = false;
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), "csr_key_not_attested");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void case_63_the_key_of_any_account_is_not_certified(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char path[600], name[65], others[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_order(bench, &other, "ABD", others);
	bench_attest(bench, &other, others);
	memcpy(bench->verifier.key_thumbprint, bench->verifier.thumbprint, sizeof bench->verifier.key_thumbprint);
	for (int is_live = 1; is_live >= 0; is_live--) {
		bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
		bench_assert_refused(&answer, 400, "csr_key_is_account_key");
		bench_assert_order(bench, &client, name, "ready");
		bench_post(bench, &other, other.kid, "{\"status\":\"deactivated\"}", &answer);
	}
	assert_int_equal(bench->signer.issues, 0);
	bench->verifier.key_thumbprint[31] ^= 1;
	bench_finalize(bench, &client, name);
	bench_forget(&client);
	bench_forget(&other);
}

static void the_signers_last_word_ends_the_order(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_order(bench, &client, "ABC", path);
	assert_false(is_refused(takeover_hold(&bench->registrar)));
	takeover_release(&bench->registrar);
	bench->signer.refusal = refusal_ledger_full;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 503, "ledger_full");
	assert_true(answer.retry_after_s > 0);
	bench_assert_order(bench, &client, name, "ready");
	bench->signer.refusal = refusal_envelope_unsatisfied;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 403, "envelope_unsatisfied");
	bench->signer.refusal = refusal_none;
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), "envelope_unsatisfied");
	bench_forget(&client);
}

static void case_66_of_parallel_finalizes_one_gets_through_with_one_issue(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char path[600], name[65];
	bench_register(bench, &client);
	bench->signer.delay_ms = 10;
	for (unsigned round = 0; round < 5; round++) {
		bench_order(bench, &client, "ABC", name);
		bench_attest(bench, &client, name);
		bench_race(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, "valid");
		bench_assert_order(bench, &client, name, "valid");
		assert_int_equal(bench->signer.issues, round + 1);
	}
	bench_forget(&client);
}

static struct sender finalize_apart(struct bench *bench, const struct client *client, const char *name, char path[600])
{
	return (struct sender){
	    .bench = bench, .client = client, .path = bench_path(path, "order/%s/finalize", name), .payload = CSR};
}

static void await_signer(struct bench *bench, unsigned issues)
{
	while (bench->signer.issues < issues)
		usleep(1000);
}

static void assert_processing(const struct answer *answer)
{
	assert_int_equal(answer->http_status, 200);
	assert_string_equal(bench_text(answer, "status"), "processing");
	assert_null(json_object_get(answer->json, "certificate"));
	assert_true(answer->retry_after_s > 0);
}

static void case_66_a_finalize_that_is_repeated_hears_that_the_first_is_in_hand(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench->signer.late_ms = 400;
	struct sender first = finalize_apart(bench, &client, name, path);
	bench_post_apart(&first);
	await_signer(bench, 1);
	bench_post(bench, &client, first.path, CSR, &answer);
	assert_processing(&answer);
	assert_string_equal(strrchr(answer.location, '/') + 1, name);
	bench_post(bench, &client, answer.location, NULL, &answer);
	assert_processing(&answer);
	bench_await(&first);
	assert_string_equal(first.status, "valid");
	bench_assert_order(bench, &client, name, "valid");
	/* It is over: an order is finalized once (RFC 8555 7.4). */
	bench_post(bench, &client, first.path, CSR, &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	assert_int_equal(bench->signer.issues, 1);
	bench_forget(&client);
}

/* The order's certificate is with the signer. */
static void finalize_slowly(struct bench *bench, const struct client *client, const char *name, char path[600], struct sender *out)
{
	bench_attest(bench, client, name);
	bench->signer.late_ms = 400;
	*out = finalize_apart(bench, client, name, path);
	bench_post_apart(out);
	await_signer(bench, 1);
}

/* Nobody has the certificate of that entry, and nobody gets it. */
static void assert_never_delivered(struct bench *bench, size_t entry)
{
	assert_false(is_refused(takeover_hold(&bench->registrar)));
	takeover_release(&bench->registrar);
	assert_int_equal(bench->signer.entries[entry].state, 'v');
}

/* RFC 8555 7.5.2: from its answer on it is not sufficient for a certificate. */
static void case_68_an_authorization_given_up_while_the_signer_issues_gives_no_certificate(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	struct sender first;
	char path[600], given_up[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	finalize_slowly(bench, &client, name, path, &first);
	bench_post(bench, &client, bench_path(given_up, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_await(&first);
	assert_int_equal(first.http_status, 403);
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), "authorization_deactivated");
	bench_post(bench, &client, bench_path(path, "certificate/%s", name), NULL, &answer);
	assert_int_not_equal(answer.http_status, 200);
	assert_never_delivered(bench, 0);
	bench_order(bench, &client, "ABC", name); /* the device may come again */
	bench_attest(bench, &client, name);
	bench_finalize(bench, &client, name);
	bench_forget(&client);
}

static void case_68_an_account_that_ends_while_the_signer_issues_gets_no_certificate(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	struct sender first;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	finalize_slowly(bench, &client, name, path, &first);
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_await(&first);
	assert_int_equal(first.http_status, 403);
	assert_never_delivered(bench, 0);
	bench_forget(&client);
}

/* The other way round: the certificate is there, and stays until somebody has it revoked. */
static void an_authorization_given_up_after_the_certificate_was_kept_leaves_it(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_finalize(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_assert_order(bench, &client, name, "valid");
	bench_post(bench, &client, bench_path(path, "certificate/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_false(is_refused(takeover_hold(&bench->registrar)));
	takeover_release(&bench->registrar);
	assert_int_equal(bench->signer.entries[0].state, 'i');
	bench_forget(&client);
}

static void a_finalize_that_is_repeated_while_the_signer_is_away_is_not_told_that_the_order_is_not_ready(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench->signer.is_deaf = true;
	struct sender first = finalize_apart(bench, &client, name, path);
	bench_post_apart(&first);
	await_signer(bench, 1);
	bench_post(bench, &client, first.path, CSR, &answer);
	assert_processing(&answer);
	bench_await(&first);
	assert_int_equal(first.http_status, 503);
	bench_assert_order(bench, &client, name, "ready");
	bench->signer.is_deaf = false;
	bench_wire_signer(bench);
	bench_finalize(bench, &client, name);
	bench_forget(&client);
}

static void with_as_many_requests_in_hand_as_there_are_places_a_finalize_is_told_to_come_again(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65], other[12];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	for (int i = 0; i < flight_most; i++) {
		snprintf(other, sizeof other, "%d", i);
		assert_true(flight_start(bench->registrar.flight, "finalize", other));
	}
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), CSR, &answer);
	bench_assert_refused(&answer, 503, "busy");
	assert_true(answer.retry_after_s > 0);
	flight_end(bench->registrar.flight, "finalize", "7");
	bench_finalize(bench, &client, name);
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(case_63_another_key_than_the_attested_one_ends_the_order),
	    ON_A_BENCH(case_63_the_key_of_any_account_is_not_certified),
	    ON_A_BENCH(the_signers_last_word_ends_the_order),
	    ON_A_BENCH(case_66_of_parallel_finalizes_one_gets_through_with_one_issue),
	    ON_A_BENCH(case_66_a_finalize_that_is_repeated_hears_that_the_first_is_in_hand),
	    ON_A_BENCH(case_68_an_authorization_given_up_while_the_signer_issues_gives_no_certificate),
	    ON_A_BENCH(case_68_an_account_that_ends_while_the_signer_issues_gets_no_certificate),
	    ON_A_BENCH(an_authorization_given_up_after_the_certificate_was_kept_leaves_it),
	    ON_A_BENCH(a_finalize_that_is_repeated_while_the_signer_is_away_is_not_told_that_the_order_is_not_ready),
	    ON_A_BENCH(with_as_many_requests_in_hand_as_there_are_places_a_finalize_is_told_to_come_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
