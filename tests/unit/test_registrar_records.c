/* SPDX-License-Identifier: Apache-2.0
 * Enrolment records as the registrar keeps them: codes that hold for one certificate, identifiers that are known as another
 * device's, and the statements that a directory keeps or does not. */
#include "tests/registrar/bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

#define RECORD "/admin/enrolment-record"
#define OF_APPLE "\"format\":\"apple\",\"serial\":\"TMWF\""
#define EK "\"ek\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""

static struct client administrator(const struct bench *bench)
{
	struct client ada = {.key = bench->administrator};
	snprintf(ada.kid, sizeof ada.kid, BENCH_ORIGIN "/admin/administrator/ada");
	return ada;
}

static void add_record(struct bench *bench, const char *identifier, const char *members, unsigned sequence, struct answer *answer)
{
	char payload[600];
	const struct client ada = administrator(bench);
	const long long now = (long long)time(NULL);
	snprintf(payload, sizeof payload,
		 "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"%s\",%s,\"sequence\":%u,\"issued\":%lld,\"expires\":%lld}",
		 identifier, members, sequence, now, now + 600);
	bench_post(bench, &ada, RECORD, payload, answer);
}

/* A code that stands for the device with the serial number TMWF, as the fake verifier sees it too. */
static void add_code(struct bench *bench, const char *code, unsigned sequence)
{
	struct answer answer;
	add_record(bench, code, OF_APPLE ",\"oneTime\":true", sequence, &answer);
	assert_int_equal(answer.http_status, 201);
	strcpy(bench->verifier.certified, "TMWF");
}

static void respond(struct bench *bench, const struct client *client, const char *name, struct answer *answer)
{
	char path[600];
	bench_post(bench, client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", answer);
}

static void expect_challenge(struct bench *bench, const struct client *client, const char *name, const char *refusal)
{
	struct answer answer;
	respond(bench, client, name, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), refusal);
}

static void finalize(struct bench *bench, const struct client *client, const char *name, struct answer *answer)
{
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", answer);
}

static void a_record_names_a_device_in_one_way(void **state)
{
	static const char *const good[] = {EK, OF_APPLE, "\"format\":\"apple\",\"udid\":\"0000-1\"", OF_APPLE ",\"oneTime\":true",
					   EK ",\"oneTime\":true"};
	static const char *const bad[] = {"\"serial\":\"TMWF\"", "\"format\":\"apple\"", OF_APPLE ",\"udid\":\"0000-1\"", EK "," OF_APPLE,
					  EK ",\"format\":\"tpm\"", "\"format\":\"\",\"serial\":\"TMWF\"", "\"format\":\"apple\",\"serial\":\"\"",
					  OF_APPLE ",\"oneTime\":false", OF_APPLE ",\"oneTime\":1", "\"format\":7,\"serial\":\"TMWF\""};
	struct bench *bench = *state;
	struct answer answer;
	for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
		add_record(bench, "LAPTOP", good[i], i + 1, &answer);
		assert_int_equal(answer.http_status, 201);
	}
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		add_record(bench, "LAPTOP", bad[i], 100 + i, &answer);
		bench_assert_refused(&answer, 400, "payload_malformed");
	}
}

/* The order is by the code; what is known of the device is by its own name. */
static void a_code_gives_one_certificate(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char first[65], second[65], third[65], path[600];
	bench_register(bench, &client);
	bench_register(bench, &other);
	add_code(bench, "code-1", 1);
	bench_order(bench, &client, "code-1", first);
	bench_order(bench, &other, "code-1", second);
	bench_attest(bench, &client, first);
	bench_attest(bench, &other, second);
	assert_true(bench->verifier.record_size > 0);
	bench_finalize(bench, &client, first);
	assert_true(bench->verifier.device_voucher_size > 0);
	bench_post(bench, &client, bench_path(path, "entry/%s", first), NULL, &answer);
	assert_string_equal(bench_member(json_object_get(answer.json, "why"), "certified"), "TMWF");
	assert_string_equal(bench_member(json_object_get(answer.json, "why"), "identifier"), "code-1");
	assert_int_equal(strlen(bench_member(json_object_get(answer.json, "why"), "rootHash")), 64);
	finalize(bench, &other, second, &answer);
	bench_assert_refused(&answer, 403, "record_burnt");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:rejectedIdentifier");
	bench_assert_order(bench, &other, second, "invalid");
	bench_restart(bench, true);
	bench_order(bench, &client, "code-1", third);
	expect_challenge(bench, &client, third, "record_burnt");
	add_code(bench, "code-1", 2); /* a newer record does not bring it back */
	bench_order(bench, &client, "code-1", third);
	expect_challenge(bench, &client, third, "record_burnt");
	add_code(bench, "code-2", 1);
	bench_order(bench, &client, "code-2", third);
	bench_attest(bench, &client, third);
	bench_finalize(bench, &client, third);
	assert_int_equal(bench->signer.issues, 2);
	bench_forget(&client);
	bench_forget(&other);
}

static void a_code_is_burnt_by_no_failure(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	add_code(bench, "code-1", 1);
	bench_order(bench, &client, "code-1", name);
	bench->verifier.refusal = refusal_record_mismatch;
	expect_challenge(bench, &client, name, "record_mismatch");
	bench->verifier.refusal = refusal_none;
	bench_order(bench, &client, "code-1", name);
	bench_attest(bench, &client, name);
	bench->signer.refusal = refusal_envelope_exceeded; /* the signer's last word on this order */
	finalize(bench, &client, name, &answer);
	assert_string_equal(bench_text(&answer, "refusal"), "envelope_exceeded");
	bench->signer.refusal = refusal_none;
	bench_order(bench, &client, "code-1", name);
	bench_attest(bench, &client, name);
	bench_restart(bench, true); /* an order of a former boot is over */
	bench_order(bench, &client, "code-1", name);
	bench_attest(bench, &client, name);
	bench->signer.is_deaf = true; /* it may come back */
	finalize(bench, &client, name, &answer);
	assert_int_equal(answer.http_status, 503);
	bench->signer.is_deaf = false;
	bench_wire_signer(bench);
	bench_finalize(bench, &client, name);
	bench_forget(&client);
}

/* Both are ready, and only one of them may ask the signer. */
static void of_two_orders_by_one_code_at_once_one_gets_a_certificate(void **state)
{
	struct bench *bench = *state;
	struct client clients[2] = {bench_client(), bench_client()};
	char names[2][65], paths[2][600];
	struct sender senders[2];
	add_code(bench, "code-1", 1);
	for (size_t i = 0; i < 2; i++) {
		bench_register(bench, &clients[i]);
		bench_order(bench, &clients[i], "code-1", names[i]);
		bench_attest(bench, &clients[i], names[i]);
		senders[i] = (struct sender){.bench = bench,
					     .client = &clients[i],
					     .path = bench_path(paths[i], "order/%s/finalize", names[i]),
					     .payload = "{\"csr\":\"MIIB\"}"};
	}
	bench->signer.late_ms = 200;
	for (size_t i = 0; i < 2; i++)
		bench_post_apart(&senders[i]);
	for (size_t i = 0; i < 2; i++)
		bench_await(&senders[i]);
	assert_int_equal((senders[0].http_status == 200) + (senders[1].http_status == 200), 1);
	assert_int_equal((senders[0].http_status == 403) + (senders[1].http_status == 403), 1);
	assert_int_equal(bench->signer.issues, 1);
	for (size_t i = 0; i < 2; i++)
		bench_forget(&clients[i]);
}

static unsigned warnings;

static void count_warning(int level, const char *format, ...)
{
	(void)format;
	warnings += level == 4;
}

static void case_49_an_identifier_that_is_known_as_another_devices_is_held(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	bench_register(bench, &client);
	warnings = 0;
	bench->registrar.log = count_warning;
	bench->verifier.device = 1;
	bench_order(bench, &client, "press-7", name);
	bench_attest(bench, &client, name);
	bench->verifier.device = 2;
	for (int i = 0; i < 3; i++) {
		bench_order(bench, &client, "press-7", name);
		expect_challenge(bench, &client, name, "identity_held");
	}
	assert_int_equal(warnings, 1); /* it is said once */
	bench->verifier.device = 0;    /* who does not say which device it is, is not another one */
	bench_order(bench, &client, "press-7", name);
	bench_attest(bench, &client, name);
	bench->verifier.device = 1; /* the known one is served */
	bench_order(bench, &client, "press-7", name);
	bench_attest(bench, &client, name);
	bench->verifier.device = 2;
	bench->verifier.record_sequence = 3; /* by an administrator's newer word */
	bench_order(bench, &client, "press-7", name);
	bench_attest(bench, &client, name);
	bench->verifier.device = 1;
	bench_order(bench, &client, "press-7", name); /* by the same record, which the verifier would not take from it */
	expect_challenge(bench, &client, name, "identity_held");
	bench->verifier.record_sequence = 2;
	bench_order(bench, &client, "press-7", name);
	expect_challenge(bench, &client, name, "identity_held");
	bench_restart(bench, true);
	bench_order(bench, &client, "press-7", name);
	expect_challenge(bench, &client, name, "identity_held");
	respond(bench, &client, name, &answer);
	bench_assert_refused(&answer, 400, "challenge_closed");
	bench_forget(&client);
}

/* The octets of the statement that bench_attest sends, anywhere in the database's files. */
static bool has_statement(struct bench *bench)
{
	sqlite3 *connection = NULL;
	sqlite3_stmt *s = NULL;
	registrar_close(&bench->registrar);
	assert_int_equal(sqlite3_open(bench->file, &connection), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(connection, "SELECT count(*) FROM statement WHERE octets = x'a163666d746374706d'", -1, &s, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	const bool is_kept = sqlite3_column_int(s, 0) == 1;
	sqlite3_finalize(s);
	sqlite3_close(connection);
	FILE *file = fopen(bench->file, "rbe");
	static char octets[1 << 22];
	const size_t size = fread(octets, 1, sizeof octets, file);
	fclose(file);
	const bool is_there = memmem(octets, size, "\xa1" "cfmtctpm", 9) != NULL;
	bench_restart(bench, false);
	assert_int_equal(is_kept, is_there);
	return is_there;
}

static void a_statement_is_kept_only_where_that_is_configured(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char name[65];
	bench->directories[0] = (struct bench_directory){.name = "devices"};
	bench->directory_count = 1;
	for (int i = 0; i < 2; i++) {
		bench->directories[0].keeps_statements = i == 1;
		bench_restart(bench, false);
		if (i == 0)
			bench_register(bench, &client);
		bench_order(bench, &client, "press-7", name);
		bench_attest(bench, &client, name);
		assert_int_equal(has_statement(bench), i == 1);
	}
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(a_record_names_a_device_in_one_way),
	    ON_A_BENCH(a_code_gives_one_certificate),
	    ON_A_BENCH(a_code_is_burnt_by_no_failure),
	    ON_A_BENCH(of_two_orders_by_one_code_at_once_one_gets_a_certificate),
	    ON_A_BENCH(case_49_an_identifier_that_is_known_as_another_devices_is_held),
	    ON_A_BENCH(a_statement_is_kept_only_where_that_is_configured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
