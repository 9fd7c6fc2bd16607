/* SPDX-License-Identifier: Apache-2.0
 * AK activations: in two steps, once, and so many of an account. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

#define AK_BEGIN                                                                                                       \
	"{\"ekCertificate\":\"MIIB\",\"ekIntermediates\":[\"MIIC\"],\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}"

static void begin_ak(struct bench *bench, const struct client *client, char url[600])
{
	struct answer answer;
	bench_post(bench, client, "/acme/devices/ak", AK_BEGIN, &answer);
	assert_int_equal(answer.http_status, 201);
	assert_string_equal(bench_text(&answer, "credential"), "YmxvYg");
	assert_string_equal(bench_text(&answer, "encryptedSecret"), "ZW5jcnlwdGVk");
	snprintf(url, 600, "%s", answer.location);
}

static void an_ak_is_activated_in_two_steps_and_case_48_once(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	bench_register(bench, &other);
	begin_ak(bench, &client, url);
	bench_post(bench, &client, url, NULL, &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	bench_post(bench, &other, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_post(bench, &client, url, "{\"secret\":7}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.content_type, "application/pem-certificate-chain");
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	bench_post(bench, &client, url, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_int_equal(strncmp(answer.body, "-----BEGIN CERTIFICATE-----\n", 28), 0);
	bench_post(bench, &other, url, NULL, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	assert_int_equal(bench->signer.issues, 1);
	bench_forget(&client);
	bench_forget(&other);
}

static void case_48_a_wrong_or_empty_secret_uses_the_activation_up(void **state)
{
	static const char *const secrets[] = {"{\"secret\":\"d3Jvbmc\"}", "{\"secret\":\"\"}"};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		begin_ak(bench, &client, url);
		bench_post(bench, &client, url, secrets[i], &answer);
		bench_assert_refused(&answer, 403, "activation_wrong");
		bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
		bench_assert_refused(&answer, 403, "activation_unknown");
	}
	bench_post(bench, &client, "/acme/devices/ak/999", "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	bench_post(bench, &client, "/acme/devices/ak/1x", "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	begin_ak(bench, &client, url);
	bench_restart(bench, true);
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void an_activation_survives_a_neighbour_that_is_away(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	begin_ak(bench, &client, url);
	bench->verifier.is_deaf = true;
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	bench->verifier.is_deaf = false;
	bench_wire_verifier(bench);
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
}

/* The account ends while the signer has it in hand. */
static void case_68_an_activation_that_ends_while_the_signer_issues_gives_no_certificate(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	begin_ak(bench, &client, url);
	struct sender finish = {.bench = bench, .client = &client, .path = url, .payload = "{\"secret\":\"c2VjcmV0\"}"};
	bench->signer.late_ms = 400;
	bench_post_apart(&finish);
	while (bench->signer.issues == 0)
		usleep(1000);
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_await(&finish);
	assert_int_equal(finish.http_status, 403);
	assert_false(is_refused(takeover_hold(&bench->registrar)));
	takeover_release(&bench->registrar);
	assert_int_equal(bench->signer.entries[0].state, 'v');
	bench_forget(&client);
}

static void wrong_ak_evidence_is_refused_and_open_activations_are_bounded(void **state)
{
	static const struct {
		const char *payload, *refusal;
	} rows[] = {
	    {"{}", "payload_malformed"},
	    {"{\"ekCertificate\":\"\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}", "payload_malformed"},
	    {"{\"ekCertificate\":\"MIIB\",\"ekPublic\":\"AAEC\"}", "payload_malformed"},
	    {"{\"ekCertificate\":\"+/+/\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}", "base64url_malformed"},
	    {"{\"ekCertificate\":\"MIIB\",\"ekIntermediates\":{},\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}",
	     "payload_malformed"},
	    {"{\"ekCertificate\":\"MIIB\",\"ekIntermediates\":[\"A\",\"A\",\"A\",\"A\",\"A\",\"A\",\"A\"],\"ekPublic\":"
	     "\"AAEC\",\"akPublic\":"
	     "\"AAED\"}",
	     "payload_malformed"},
	    {"{\"ekCertificate\":\"MIIB\",\"ekIntermediates\":[7],\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}",
	     "payload_malformed"},
	};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char url[600];
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(bench, &client, "/acme/devices/ak", rows[i].payload, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
	}
	bench_post(bench, &client, "/acme/devices/ak", NULL, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench->verifier.refusal = refusal_ek_certificate_untrusted;
	bench_post(bench, &client, "/acme/devices/ak", AK_BEGIN, &answer);
	bench_assert_refused(&answer, 400, "ek_certificate_untrusted");
	bench->verifier.refusal = refusal_none;
	for (int i = 0; i < 16; i++)
		begin_ak(bench, &client, url);
	bench_post(bench, &client, "/acme/devices/ak", AK_BEGIN, &answer);
	bench_assert_refused(&answer, 429, "activations_too_many");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(an_ak_is_activated_in_two_steps_and_case_48_once),
	    ON_A_BENCH(case_48_a_wrong_or_empty_secret_uses_the_activation_up),
	    ON_A_BENCH(an_activation_survives_a_neighbour_that_is_away),
	    ON_A_BENCH(case_68_an_activation_that_ends_while_the_signer_issues_gives_no_certificate),
	    ON_A_BENCH(wrong_ak_evidence_is_refused_and_open_activations_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
