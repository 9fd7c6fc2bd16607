/* SPDX-License-Identifier: Apache-2.0
 * Renewal information and `replaces` (RFC 9773): who may replace what, from when on, and what gives it free again. */
#include "tests/registrar/bench.h"

#include <stdio.h>

#define NEW_ORDER "/acme/devices/new-order"

static void obtain(struct bench *bench, const struct client *client, const char *identifier, char name[65], char id[80])
{
	bench_order(bench, client, identifier, name);
	bench_attest(bench, client, name);
	const size_t entry = bench->signer.size;
	bench_finalize(bench, client, name);
	bench_name_certificate(bench, entry, id);
}

static void ask(struct bench *bench, char method, const char *id, struct answer *out)
{
	char path[600];
	bench_send(bench, method, bench_path(path, "renewal-info/%s", id), "", bytes_from(NULL, 0), out);
}

static void order_replacing(struct bench *bench, const struct client *client, const char *identifier, const char *id,
			    struct answer *out)
{
	char payload[600];
	snprintf(payload, sizeof payload,
		 "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"%s\"}],\"replaces\":\"%s\"}", identifier, id);
	bench_post(bench, client, NEW_ORDER, payload, out);
}

/* An order that was taken and says so. */
static void succeed(struct bench *bench, const struct client *client, const char *id, char name[65])
{
	struct answer answer;
	order_replacing(bench, client, "ABC", id, &answer);
	if (answer.http_status != 201)
		fail_msg("expected 201, got %u %s", answer.http_status, answer.body);
	assert_string_equal(bench_text(&answer, "replaces"), id);
	snprintf(name, 65, "%s", strrchr(answer.location, '/') + 1);
}

static void is_refused_as_replaced(struct bench *bench, const struct client *client, const char *id)
{
	struct answer answer;
	order_replacing(bench, client, "ABC", id, &answer);
	bench_assert_refused(&answer, 409, "already_replaced");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:alreadyReplaced");
}

static void revoke(struct bench *bench, const struct client *client, const char *name)
{
	struct answer answer;
	char path[600], leaf[400], payload[500];
	struct buffer text = {.data = (uint8_t *)leaf, .room = sizeof leaf - 1};
	bench_post(bench, client, bench_path(path, "certificate/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	for (const char *at = strchr(answer.body, '\n') + 1; *at != '-' && *at != '='; at++) {
		const char c = *at == '+' ? '-' : *at == '/' ? '_' : *at;
		if (*at != '\n')
			assert_true(buffer_add(&text, &c, 1));
	}
	leaf[text.size] = 0;
	snprintf(payload, sizeof payload, "{\"certificate\":\"%s\",\"reason\":1}", leaf);
	bench_post(bench, client, "/acme/devices/revoke-certificate", payload, &answer);
	assert_int_equal(answer.http_status, 200);
}

static void anybody_may_ask_when_a_certificate_should_be_renewed(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], id[80], expected[300];
	bench_register(bench, &client);
	obtain(bench, &client, "ABC", name, id);
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	snprintf(expected, sizeof expected, "%s/acme/devices/renewal-info", BENCH_ORIGIN);
	assert_string_equal(bench_text(&answer, "renewalInfo"), expected);
	const unsigned reads = bench->signer.reads, statements = bench->verifier.statements;
	ask(bench, 'G', id, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.content_type, "application/json");
	assert_int_equal(answer.retry_after_s, 150);
	const json_t *window = json_object_get(answer.json, "suggestedWindow");
	const char *start = bench_member(window, "start"), *end = bench_member(window, "end");
	assert_int_equal(strlen(start), 20);
	assert_int_equal(start[19], 'Z');
	assert_true(strcmp(start, end) < 0);
	assert_null(json_object_get(answer.json, "explanationURL"));
	char body[1000];
	strcpy(body, answer.body);
	ask(bench, 'H', id, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.body, body); /* which the listener keeps to itself */
	/* neither neighbour was asked */
	assert_int_equal(bench->signer.reads, reads);
	assert_int_equal(bench->verifier.statements, statements);
	bench_post(bench, &client, "/acme/devices/renewal-info/x", NULL, &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
	bench_forget(&client);
}

static void what_is_no_name_or_names_no_certificate_is_refused_by_name(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], id[80], other[80], path[600];
	bench_register(bench, &client);
	obtain(bench, &client, "ABC", name, id);
	static const char *const malformed[] = {"x", "x.", "AQ.AQ==", "AQ.AA", "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyF",
						"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
						"AAAAAAAAAAAAAAAAAAA.AQ"};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		ask(bench, 'G', malformed[i], &answer);
		bench_assert_refused(&answer, 400, "renewal_id_malformed");
		order_replacing(bench, &client, "ABC", malformed[i], &answer);
		bench_assert_refused(&answer, 400, "renewal_id_malformed");
	}
	strcpy(other, id);
	other[0] = 'A'; /* another issuer */
	static const char standard[] = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
	const char *const unknown[] = {other, standard, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AQAAAAAAAAAAAAAAAAAAAAAAAAA"};
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		ask(bench, 'G', unknown[i], &answer);
		bench_assert_refused(&answer, 404, "renewal_unknown");
		order_replacing(bench, &client, "ABC", unknown[i], &answer);
		bench_assert_refused(&answer, 404, "renewal_unknown");
	}
	ask(bench, 'G', "", &answer); /* nor is the bare path one */
	bench_assert_refused(&answer, 400, "renewal_id_malformed");
	bench_post(bench, &client, NEW_ORDER,
		   "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}],\"replaces\":7}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_send(bench, 'G', bench_path(path, "renewal-info"), "", bytes_from(NULL, 0), &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_forget(&client);
}

static void a_revoked_certificate_should_be_renewed_at_once(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], id[80], successor[65];
	bench_register(bench, &client);
	strcpy(bench->registrar.directories[0].limits.help, "https://help.example/renewal");
	obtain(bench, &client, "ABC", name, id);
	ask(bench, 'G', id, &answer);
	assert_null(json_object_get(answer.json, "explanationURL"));
	revoke(bench, &client, name);
	ask(bench, 'G', id, &answer);
	assert_int_equal(answer.http_status, 200);
	const json_t *window = json_object_get(answer.json, "suggestedWindow");
	/* the fake signer revokes at 1700000000 */
	assert_string_equal(bench_member(window, "start"), "2023-11-14T21:13:20Z");
	assert_string_equal(bench_member(window, "end"), "2023-11-14T21:13:21Z");
	assert_string_equal(bench_text(&answer, "explanationURL"), "https://help.example/renewal");
	succeed(bench, &client, id, successor);
	bench_forget(&client);
}

static void a_certificate_has_one_successor(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], id[80], successor[65], next[80], path[600];
	bench_register(bench, &client);
	obtain(bench, &client, "ABC", name, id);
	order_replacing(bench, &client, "DEF", id, &answer);
	bench_assert_refused(&answer, 400, "replaces_mismatch");
	succeed(bench, &client, id, successor);
	is_refused_as_replaced(bench, &client, id);
	bench_attest(bench, &client, successor);
	is_refused_as_replaced(bench, &client, id);
	const size_t entry = bench->signer.size;
	bench_finalize(bench, &client, successor);
	bench_name_certificate(bench, entry, next);
	is_refused_as_replaced(bench, &client, id);
	bench_post(bench, &client, bench_path(path, "order/%s", successor), NULL, &answer);
	assert_string_equal(bench_text(&answer, "replaces"), id);
	bench_restart(bench, true);
	is_refused_as_replaced(bench, &client, id);
	/* an order that replaces nothing says nothing, and may be made at any time */
	bench_order(bench, &client, "ABC", name);
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_null(json_object_get(answer.json, "replaces"));
	succeed(bench, &client, next, name);
	bench_forget(&client);
}

static void an_order_that_fails_gives_its_predecessor_free(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], id[80], successor[65], path[600];
	bench_register(bench, &client);
	obtain(bench, &client, "ABC", name, id);
	succeed(bench, &client, id, successor); /* the attestation fails */
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", successor), "{}", &answer);
	bench_assert_order(bench, &client, successor, "invalid");
	bench->verifier.order_life_s = 1;
	succeed(bench, &client, id, successor); /* expires */
	bench->verifier.order_life_s = 3600;
	for (int i = 0; i < 300 && answer.http_status != 201; i++) {
		order_replacing(bench, &client, "ABC", id, &answer);
		struct timespec pause = {.tv_nsec = 10000000};
		nanosleep(&pause, NULL);
	}
	assert_int_equal(answer.http_status, 201);
	is_refused_as_replaced(bench, &client, id);
	bench_restart(bench, true); /* which ends open orders */
	succeed(bench, &client, id, successor);
	bench_attest(bench, &client, successor);
	bench_finalize(bench, &client, successor);
	is_refused_as_replaced(bench, &client, id);
	revoke(bench, &client, successor); /* an order whose certificate is revoked is invalid */
	succeed(bench, &client, id, successor);
	bench_forget(&client);
}

/* step CLI has another account at each run. */
static void case_21_another_account_replaces_once_it_has_proven_the_device(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65], id[80], wish[65], wrong[600];
	bench_register(bench, &client);
	bench_register(bench, &other);
	obtain(bench, &client, "ABC", name, id);
	order_replacing(bench, &other, "DEF", id, &answer);
	bench_assert_refused(&answer, 400, "replaces_mismatch");
	succeed(bench, &other, id, wish);
	bench_attest(bench, &other, wish);
	is_refused_as_replaced(bench, &client, id);
	bench_finalize(bench, &other, wish);
	is_refused_as_replaced(bench, &client, id);
	is_refused_as_replaced(bench, &other, id);
	bench_post(bench, &client, bench_path(wrong, "order/%s", wish), NULL, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_forget(&client);
	bench_forget(&other);
}

static void case_21_a_stranger_keeps_no_device_from_renewing(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), stranger = bench_client();
	struct answer answer;
	char name[65], id[80], wish[65], successor[65], path[600];
	bench_register(bench, &client);
	bench_register(bench, &stranger);
	obtain(bench, &client, "ABC", name, id);
	for (int i = 0; i < 3; i++)
		succeed(bench, &stranger, id, wish); /* and none is the successor */
	succeed(bench, &client, id, successor);
	/* even with a statement that holds, it comes too late */
	bench_post(bench, &stranger, bench_path(path, "challenge/%s/0/device-attest-01", wish), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), "already_replaced");
	bench_assert_order(bench, &stranger, wish, "invalid");
	bench_attest(bench, &client, successor);
	bench_finalize(bench, &client, successor);
	bench_forget(&client);
	bench_forget(&stranger);
}

/* Who shares a name with a device is not that device. */
static void another_account_replaces_with_all_identifiers_alone(void **state)
{
#define NAME "{\"type\":\"dns\",\"value\":\"www.example.test\"}"
#define BOTH "{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}," NAME
	struct bench *bench = *state;
	struct client client = bench_client(), stranger = bench_client();
	struct answer answer;
	char name[65], id[80], path[600], payload[600];
	bench_register(bench, &client);
	bench_register(bench, &stranger);
	struct directory *directory = &bench->registrar.directories[0];
	strcpy(directory->identifiers, "permanent-identifier dns");
	strcpy(directory->profiles[0].dns_suffixes, "example.test");
	directory->offers[challenge_http_01] = true;
	bench_post(bench, &client, NEW_ORDER, "{\"identifiers\":[" BOTH "]}", &answer);
	snprintf(name, sizeof name, "%s", strrchr(answer.location, '/') + 1);
	bench_attest(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "challenge/%s/1/http-01", name), "{}", &answer);
	assert_int_equal(probe_once(&bench->registrar), probe_done);
	bench_finalize(bench, &client, name);
	bench_name_certificate(bench, 0, id);
	snprintf(payload, sizeof payload, "{\"identifiers\":[" NAME "],\"replaces\":\"%s\"}", id);
	bench_post(bench, &stranger, NEW_ORDER, payload, &answer);
	bench_assert_refused(&answer, 400, "replaces_mismatch");
	bench_post(bench, &client, NEW_ORDER, payload, &answer);
	assert_int_equal(answer.http_status, 201);
	snprintf(payload, sizeof payload, "{\"identifiers\":[" BOTH "],\"replaces\":\"%s\"}", id);
	bench_post(bench, &stranger, NEW_ORDER, payload, &answer);
	bench_assert_refused(&answer, 409, "already_replaced");
	bench_forget(&client);
	bench_forget(&stranger);
}

static void case_21_of_two_accounts_that_prove_one_device_at_once_one_replaces(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), both[2] = {bench_client(), bench_client()};
	char name[65], id[80], wishes[2][65], paths[2][600];
	struct sender senders[2];
	unsigned valid = 0;
	bench_register(bench, &client);
	obtain(bench, &client, "ABC", name, id);
	for (size_t i = 0; i < 2; i++) {
		bench_register(bench, &both[i]);
		succeed(bench, &both[i], id, wishes[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		senders[i] = (struct sender){.bench = bench,
					     .client = &both[i],
					     .path = bench_path(paths[i], "challenge/%s/0/device-attest-01", wishes[i]),
					     .payload = "{\"attObj\":\"oWNmbXRjdHBt\"}"};
		bench_post_apart(&senders[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		bench_await(&senders[i]);
		valid += strcmp(senders[i].status, "valid") == 0;
		bench_forget(&both[i]);
	}
	assert_int_equal(valid, 1);
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(anybody_may_ask_when_a_certificate_should_be_renewed),
	    ON_A_BENCH(what_is_no_name_or_names_no_certificate_is_refused_by_name),
	    ON_A_BENCH(a_revoked_certificate_should_be_renewed_at_once),
	    ON_A_BENCH(a_certificate_has_one_successor),
	    ON_A_BENCH(an_order_that_fails_gives_its_predecessor_free),
	    ON_A_BENCH(case_21_another_account_replaces_once_it_has_proven_the_device),
	    ON_A_BENCH(case_21_a_stranger_keeps_no_device_from_renewing),
	    ON_A_BENCH(another_account_replaces_with_all_identifiers_alone),
	    ON_A_BENCH(case_21_of_two_accounts_that_prove_one_device_at_once_one_replaces),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
