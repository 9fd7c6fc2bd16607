/* SPDX-License-Identifier: Apache-2.0
 * Orders from the first request to the certificate, AK activations, and what each refuses. */
#include "tests/registrar/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int set_up(void **state)
{
	*state = bench_open();
	return 0;
}

static int tear_down(void **state)
{
	bench_close(*state);
	return 0;
}

static json_t *first(const struct answer *answer, const char *list)
{
	return json_array_get(json_object_get(answer->json, list), 0);
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static void assert_link(const struct answer *answer, const char *expected)
{
	for (size_t i = 0; i < answer->link_count; i++)
		if (strcmp(answer->links[i], expected) == 0)
			return;
	fail_msg("no link %s", expected);
}

static void assert_order_status(struct bench *bench, const struct client *client, const char *name,
				const char *expected)
{
	struct answer answer;
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), expected);
}

static void an_order_goes_from_pending_to_a_certificate(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], link[640], name[65], url[600], authorization[600], finalize[600], certificate[600];
	bench_register(bench, &client);
	bench_post(bench, &client, "/acme/devices/new-order",
		   "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"ABC/"
		   "1.2.3\"}],\"notBefore\":\"0001-01-01T00:00:00Z\"}",
		   &answer);
	assert_int_equal(answer.http_status, 201);
	assert_int_equal(strlen(answer.nonce), 32);
	assert_string_equal(bench_text(&answer, "status"), "pending");
	assert_int_equal(strlen(bench_text(&answer, "expires")), 20);
	assert_string_equal(member(first(&answer, "identifiers"), "value"), "ABC/1.2.3");
	assert_null(json_object_get(answer.json, "certificate"));
	assert_null(json_object_get(answer.json, "error"));
	snprintf(url, sizeof url, "%s", answer.location);
	snprintf(name, sizeof name, "%s", strrchr(url, '/') + 1);
	snprintf(authorization, sizeof authorization, "%s", json_string_value(first(&answer, "authorizations")));
	snprintf(finalize, sizeof finalize, "%s", bench_text(&answer, "finalize"));

	bench_post(bench, &client, authorization, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "pending");
	assert_string_equal(member(json_object_get(answer.json, "identifier"), "type"), "permanent-identifier");
	assert_int_equal(json_array_size(json_object_get(answer.json, "challenges")), 1);
	assert_string_equal(member(first(&answer, "challenges"), "type"), "device-attest-01");
	assert_string_equal(member(first(&answer, "challenges"), "status"), "pending");
	assert_true(strlen(member(first(&answer, "challenges"), "token")) > 0);
	bench_post(bench, &client, finalize, "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");

	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\",\"more\":1}",
		   &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_int_equal(strlen(bench_text(&answer, "validated")), 20);
	snprintf(link, sizeof link, "<%s>;rel=\"up\"", authorization);
	assert_link(&answer, link);
	bench_post(bench, &client, authorization, NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_order_status(bench, &client, name, "ready");

	bench_post(bench, &client, finalize, "{\"csr\":\"MIIB\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.location, url);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	snprintf(certificate, sizeof certificate, "%s", bench_text(&answer, "certificate"));
	bench_post(bench, &client, certificate, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.content_type, "application/pem-certificate-chain");
	assert_int_equal(strncmp(answer.body, "-----BEGIN CERTIFICATE-----\n", 28), 0);
	assert_non_null(strstr(answer.body + 28, "-----BEGIN CERTIFICATE-----\n"));
	assert_string_equal(answer.body + answer.size - 26, "-----END CERTIFICATE-----\n");
	snprintf(link, sizeof link, "<%s>;rel=\"up\"", url);
	assert_link(&answer, link);
	assert_link(&answer, "<" BENCH_ORIGIN "/acme/devices/directory>;rel=\"index\"");

	bench_post(bench, &client, finalize, "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	snprintf(path, sizeof path, "%s/orders", client.kid);
	bench_post(bench, &client, path, NULL, &answer);
	assert_string_equal(json_string_value(first(&answer, "orders")), url);
	assert_int_equal(bench->signer.issues, 1);
	bench_forget(&client);
}

static void a_certificate_is_explained_with_its_place_in_the_ledger(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	bench_assert_refused(&answer, 404, "entry_unknown");
	bench_post(bench, &client, bench_path(path, "certificate/%s", name), NULL, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_finalize(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_int_equal(json_integer_value(json_object_get(answer.json, "entry")), 0);
	assert_string_equal(bench_text(&answer, "state"), "issued");
	assert_string_equal(bench_text(&answer, "tbs"), "dGJz");
	assert_string_equal(bench_text(&answer, "checkpoint"), "note\n");
	assert_int_equal(json_array_size(json_object_get(answer.json, "path")), 1);
	const json_t *why = json_object_get(answer.json, "why");
	assert_string_equal(member(why, "format"), "tpm");
	assert_string_equal(member(why, "assurance"), "hardware");
	assert_string_equal(member(why, "envelope"), "device");
	assert_string_equal(member(why, "identifier"), "ABC");
	assert_string_equal(member(json_object_get(why, "claims"), "manufacturer"), "id:00001014");
	assert_int_equal(strlen(member(why, "policyHash")), 64);
	assert_int_equal(strlen(member(why, "evidenceHash")), 64);
	bench->signer.is_deaf = false;
	bench->signer.entries[0].state = 'r';
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "state"), "revoked");
	bench_forget(&client);
}

static void case_10_another_account_reaches_nothing_of_an_order(void **state)
{
	static const char *const parts[] = {"order", "authorization", "challenge", "certificate", "entry"};
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_order(bench, &client, "ABC", name);
	bench_post(bench, &other, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_post(bench, &other, bench_path(path, "authorization/%s", name), "{\"status\":\"deactivated\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_attest(bench, &client, name);
	bench_post(bench, &other, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_finalize(bench, &client, name);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		bench_post(bench, &other, bench_path(path, "%s/%s", parts[i], name), NULL, &answer);
		bench_assert_refused(&answer, 403, "account_wrong");
		bench_post(bench, &client, bench_path(path, "%s/absent", parts[i]), NULL, &answer);
		bench_assert_refused(&answer, 404, "not_found");
	}
	bench_forget(&client);
	bench_forget(&other);
}

#define ONE(type, value) "{\"identifiers\":[{\"type\":" type ",\"value\":" value "}]}"
#define PID "\"permanent-identifier\""
#define PID_OF(value) "{\"type\":" PID ",\"value\":\"" value "\"}"

static void cases_15_16_and_18_identifiers_are_judged_octet_for_octet(void **state)
{
	static const struct {
		const char *payload, *refusal;
	} rows[] = {
	    {ONE(PID, "\"\""), "identifier_malformed"},
	    {ONE(PID, "\"/\""), "identifier_malformed"},
	    {ONE(PID, "\"/1.2.3\""), "identifier_malformed"},
	    {ONE(PID, "\"A/\""), "identifier_malformed"},
	    {ONE(PID, "\"A/B\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.40\""), "identifier_malformed"},
	    {ONE(PID, "\"A/3.1\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.02\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.2..3\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.2.3/4\""), "identifier_malformed"},
	    {ONE(PID, "\"A/1.2.3 \""), "identifier_malformed"},
	    {ONE(PID, "\"A\\n\""), "identifier_malformed"},
	    {ONE(PID, "\"A\\u007f\""), "identifier_malformed"},
	    {ONE(PID, "\"A\\u0000\""), "json_malformed"},
	    {ONE(PID, "[\"A\"]"), "payload_malformed"},
	    {ONE(PID, "7"), "payload_malformed"},
	    {ONE(PID, "{}"), "payload_malformed"},
	    {ONE("7", "\"A\""), "payload_malformed"},
	    {ONE("\"dns\"", "\"a.example\""), "identifier_type_unsupported"},
	    {ONE("\"hardware-module\"", "\"A/1.2.3\""), "identifier_type_unsupported"},
	    {ONE("\"Permanent-Identifier\"", "\"A\""), "identifier_type_unsupported"},
	    {"{\"identifiers\":[" PID_OF("A") ",{\"type\":\"dns\",\"value\":\"a.example\"}]}", "identifier_count"},
	    {"{\"identifiers\":[" PID_OF("A") "," PID_OF("A") "]}", "identifier_count"},
	    {"{\"identifiers\":[]}", "identifier_count"},
	    {"{\"identifiers\":{}}", "payload_malformed"},
	    {"{\"identifiers\":[7]}", "payload_malformed"},
	    {"{}", "payload_malformed"},
	    {"{\"identifiers\":[" PID_OF("A") "],\"notAfter\":\"2030-01-01T00:00:00Z\"}", "validity_unsupported"},
	    {"{\"identifiers\":[" PID_OF("A") "],\"notBefore\":\"\"}", "validity_unsupported"},
	    {"{\"identifiers\":[" PID_OF("A") "],\"notAfter\":7}", "payload_malformed"},
	};
	static const char *const good[] = {"A",
					   "A ",
					   " ",
					   "a",
					   "\xc3\xa9",
					   "e\xcc\x81",
					   "A/0.39",
					   "A/2.999.1",
					   "A/1.2.840.113635",
					   "ABCDEF123456/1.2.3.4",
					   "id:x"};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], payload[600], value[300];
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(bench, &client, "/acme/devices/new-order", rows[i].payload, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
	}
	bench_post(bench, &client, "/acme/devices/new-order", NULL, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	memset(value, 'x', sizeof value);
	value[257] = 0;
	snprintf(payload, sizeof payload, "{\"identifiers\":[{\"type\":" PID ",\"value\":\"%s\"}]}", value);
	bench_post(bench, &client, "/acme/devices/new-order", payload, &answer);
	bench_assert_refused(&answer, 400, "identifier_malformed");
	assert_int_equal(bench->verifier.orders, 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		bench_order(bench, &client, good[i], name);
	bench_post(bench, &client, bench_path(payload, "order/%s", name), NULL, &answer);
	assert_string_equal(member(first(&answer, "identifiers"), "value"), "id:x");
	bench_forget(&client);
}

static void case_22_pending_orders_are_bounded_per_account(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	for (int i = 0; i < 32; i++)
		bench_order(bench, &client, "ABC", name);
	bench_post(bench, &client, "/acme/devices/new-order", ONE(PID, "\"A\""), &answer);
	bench_assert_refused(&answer, 429, "orders_too_many");
	assert_true(answer.retry_after_s > 0);
	bench_order(bench, &other, "ABC", name);
	bench_forget(&client);
	bench_forget(&other);
}

static void an_order_past_its_time_is_invalid(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65], ready[65];
	bench->verifier.order_life_s = 2;
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_order(bench, &client, "ABC", ready);
	bench_attest(bench, &client, ready);
	sleep(3);
	assert_order_status(bench, &client, name, "invalid");
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", ready), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	bench_post(bench, &client, bench_path(path, "authorization/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "expired");
	assert_int_equal(bench->verifier.statements, 1);
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void case_23_a_failed_challenge_stays_invalid_with_its_error(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench->verifier.refusal = refusal_tpm_magic_wrong;
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench->verifier.refusal = refusal_none;
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	const json_t *error = json_object_get(answer.json, "error");
	assert_string_equal(member(error, "type"), "urn:ietf:params:acme:error:badAttestationStatement");
	assert_string_equal(member(error, "refusal"), "tpm_magic_wrong");
	assert_non_null(strstr(member(error, "detail"), "as the test wished"));
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "challenge_closed");
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	bench_post(bench, &client, bench_path(path, "authorization/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_order_status(bench, &client, name, "invalid");
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
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "challenge_closed");
	assert_order_status(bench, &client, name, "ready");
	bench_post(bench, &client, bench_path(path, "authorization/%s", name), "{\"status\":\"valid\"}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &client, bench_path(path, "authorization/%s", name), "{\"status\":\"deactivated\"}", &answer);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(member(json_object_get(answer.json, "error"), "refusal"), "authorization_deactivated");
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
	bench_post(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	const json_t *error = json_object_get(answer.json, "error");
	const json_t *sub = json_array_get(json_object_get(error, "subproblems"), 0);
	assert_string_equal(member(error, "refusal"), "identity_mismatch");
	assert_string_equal(member(sub, "type"), "urn:ietf:params:acme:error:rejectedIdentifier");
	assert_string_equal(member(json_object_get(sub, "identifier"), "value"), "ABC");
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
		bench_post(bench, &client, bench_path(path, "challenge/%s", name), absent[i], &answer);
		assert_int_equal(answer.http_status, 200);
		assert_string_equal(member(json_object_get(answer.json, "error"), "refusal"), "attestation_absent");
		assert_order_status(bench, &client, name, "invalid");
	}
	bench_order(bench, &client, "ABC", name);
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		bench_post(bench, &client, bench_path(path, "challenge/%s", name), malformed[i].payload, &answer);
		bench_assert_refused(&answer, 400, malformed[i].refusal);
		assert_order_status(bench, &client, name, "pending");
	}
	assert_int_equal(bench->verifier.statements, 0);
	bench_attest(bench, &client, name);
	bench_forget(&client);
}

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
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 400, "csr_malformed");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:badCSR");
	bench->verifier.refusal = refusal_none;
	assert_order_status(bench, &client, name, "ready");
	bench->verifier.has_other_key = true;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 400, "csr_key_not_attested");
	bench->verifier.has_other_key = false;
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(member(json_object_get(answer.json, "error"), "refusal"), "csr_key_not_attested");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
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
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 503, "ledger_full");
	assert_true(answer.retry_after_s > 0);
	assert_order_status(bench, &client, name, "ready");
	bench->signer.refusal = refusal_envelope_unsatisfied;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "envelope_unsatisfied");
	bench->signer.refusal = refusal_none;
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(member(json_object_get(answer.json, "error"), "refusal"), "envelope_unsatisfied");
	bench_forget(&client);
}

struct racer {
	struct bench *bench;
	const struct client *client;
	const char *path, *payload;
	pthread_barrier_t *start;
	unsigned http_status;
	char status[32];
};

static void *race(void *argument)
{
	struct racer *racer = argument;
	struct answer *answer = malloc(sizeof *answer);
	pthread_barrier_wait(racer->start);
	bench_post(racer->bench, racer->client, racer->path, racer->payload, answer);
	racer->http_status = answer->http_status;
	snprintf(racer->status, sizeof racer->status, "%s", bench_text(answer, "status"));
	json_decref(answer->json);
	free(answer);
	return NULL;
}

static unsigned run_race(struct bench *bench, const struct client *client, const char *path, const char *payload,
			 const char *wanted)
{
	enum { racers = 4 };
	struct racer all[racers];
	pthread_t threads[racers];
	pthread_barrier_t start;
	unsigned winners = 0;
	pthread_barrier_init(&start, NULL, racers);
	for (int i = 0; i < racers; i++) {
		all[i] = (struct racer){bench, client, path, payload, &start, 0, ""};
		assert_int_equal(pthread_create(&threads[i], NULL, race, &all[i]), 0);
	}
	for (int i = 0; i < racers; i++) {
		pthread_join(threads[i], NULL);
		if (all[i].http_status == 200 && strcmp(all[i].status, wanted) == 0)
			winners++;
	}
	pthread_barrier_destroy(&start);
	return winners;
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
		assert_int_equal(run_race(bench, &client, bench_path(path, "order/%s/finalize", name),
					  "{\"csr\":\"MIIB\"}", "valid"),
				 1);
		assert_int_equal(bench->signer.issues, round + 1);
	}
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
	run_race(bench, &client, bench_path(path, "challenge/%s", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", "valid");
	assert_int_equal(bench->verifier.statements, 1);
	assert_order_status(bench, &client, name, "ready");
	bench_forget(&client);
}

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

#define ON_A_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(an_order_goes_from_pending_to_a_certificate),
	    ON_A_BENCH(a_certificate_is_explained_with_its_place_in_the_ledger),
	    ON_A_BENCH(case_10_another_account_reaches_nothing_of_an_order),
	    ON_A_BENCH(cases_15_16_and_18_identifiers_are_judged_octet_for_octet),
	    ON_A_BENCH(case_22_pending_orders_are_bounded_per_account),
	    ON_A_BENCH(an_order_past_its_time_is_invalid),
	    ON_A_BENCH(case_23_a_failed_challenge_stays_invalid_with_its_error),
	    ON_A_BENCH(case_23_a_challenge_that_was_answered_is_closed),
	    ON_A_BENCH(another_device_is_refused_with_the_subproblem_that_clients_print),
	    ON_A_BENCH(a_client_without_attestation_is_refused_by_name),
	    ON_A_BENCH(case_63_another_key_than_the_attested_one_ends_the_order),
	    ON_A_BENCH(the_signers_last_word_ends_the_order),
	    ON_A_BENCH(case_66_of_parallel_finalizes_one_gets_through_with_one_issue),
	    ON_A_BENCH(of_parallel_challenge_answers_one_is_judged),
	    ON_A_BENCH(an_ak_is_activated_in_two_steps_and_case_48_once),
	    ON_A_BENCH(case_48_a_wrong_or_empty_secret_uses_the_activation_up),
	    ON_A_BENCH(an_activation_survives_a_neighbour_that_is_away),
	    ON_A_BENCH(wrong_ak_evidence_is_refused_and_open_activations_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
