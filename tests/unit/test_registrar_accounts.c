/* SPDX-License-Identifier: Apache-2.0
 * Accounts, which anybody may have, and the requests of administrators. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <time.h>

static void a_key_has_one_account_and_finds_it_again(void **state)
{
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char kid[513];
	bench_post(*state, &client, "/acme/devices/new-account", "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:accountDoesNotExist");
	bench_post(*state, &client, "/acme/devices/new-account",
		   "{\"contact\":[\"mailto:ada@example.org\"],\"status\":\"deactivated\",\"orders\":\"x\",\"more\":{}}",
		   &answer);
	assert_int_equal(answer.http_status, 201);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer.json, "contact"), 0)),
			    "mailto:ada@example.org");
	strcpy(kid, answer.location);
	bench_post(*state, &client, "/acme/devices/new-account", "{\"contact\":[\"bad\"],\"onlyReturnExisting\":true}",
		   &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.location, kid);
	bench_restart(*state, true);
	bench_post(*state, &client, "/acme/devices/new-account", "{}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.location, kid);
	bench_register(*state, &other);
	assert_string_not_equal(other.kid, kid);
	bench_post(*state, &client, "/acme/devices/new-account", NULL, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_forget(&client);
	bench_forget(&other);
}

static void contacts_are_plain_mailto_addresses(void **state)
{
	static const struct {
		const char *contact, *refusal;
	} rows[] = {
	    {"tel:+123", "contact_unsupported"},
	    {"https://a", "contact_unsupported"},
	    {"mailto:a@b?subject=x", "contact_invalid"},
	    {"mailto:a@b,c@d", "contact_invalid"},
	    {"mailto:a@b%2cc@d", "contact_invalid"},
	    {"mailto:a", "contact_invalid"},
	    {"mailto:@b", "contact_invalid"},
	    {"mailto:a b@c", "contact_invalid"},
	    {"mailto:a@b\\r\\nBcc: c", "contact_invalid"},
	    {"ada@example.org", "contact_invalid"},
	};
	struct client client = bench_client();
	struct answer answer;
	char payload[200];
	bench_register(*state, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(payload, sizeof payload, "{\"contact\":[\"%s\"]}", rows[i].contact);
		bench_post(*state, &client, client.kid, payload, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
	}
	bench_post(*state, &client, client.kid,
		   "{\"contact\":[\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\"]}",
		   &answer);
	bench_assert_refused(&answer, 400, "contact_invalid");
	bench_post(*state, &client, client.kid, "{\"contact\":[\"mailto:new+tag@example.org\"]}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_post(*state, &client, client.kid, NULL, &answer);
	assert_string_equal(json_string_value(json_array_get(json_object_get(answer.json, "contact"), 0)),
			    "mailto:new+tag@example.org");
	assert_int_equal(strncmp(bench_text(&answer, "orders"), client.kid, strlen(client.kid)), 0);
	bench_forget(&client);
}

static void what_is_not_the_clients_to_change_is_ignored(void **state)
{
	static const char *const updates[] = {
	    "{\"status\":\"valid\"}",
	    "{\"status\":\"revoked\"}",
	    "{\"status\":7}",
	    "{\"orders\":\"x\",\"key\":{},\"termsOfServiceAgreed\":false,\"initialIp\":null,\"more\":[1]}",
	    "{}",
	};
	struct client client = bench_client();
	struct answer answer;
	char orders[600];
	bench_register(*state, &client);
	snprintf(orders, sizeof orders, "%s/orders", client.kid);
	bench_post(*state, &client, client.kid, "{\"contact\":[\"mailto:a@b\"],\"status\":\"valid\"}", &answer);
	for (size_t i = 0; i < sizeof updates / sizeof updates[0]; i++) {
		bench_post(*state, &client, client.kid, updates[i], &answer);
		assert_int_equal(answer.http_status, 200);
		assert_string_equal(bench_text(&answer, "status"), "valid");
		assert_string_equal(json_string_value(bench_first(&answer, "contact")), "mailto:a@b");
		assert_string_equal(bench_text(&answer, "orders"), orders);
		assert_int_equal(json_object_size(answer.json), 3);
	}
	bench_post(*state, &client, client.kid, "{\"contact\":[]}", &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "contact")), 0);
	bench_post(*state, &client, client.kid, "{\"contact\":\"mailto:a@b\"}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_forget(&client);
}

static void case_10_a_deactivated_account_may_nothing_more(void **state)
{
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(*state, &client);
	bench_order(*state, &client, "ABC", name);
	bench_post(*state, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_post(*state, &client, client.kid, NULL, &answer);
	bench_assert_refused(&answer, 401, "account_deactivated");
	static const char *const parts[] = {"order", "authorization", "challenge", "certificate", "entry", "ak"};
	static const char *const tails[] = {"", "/0", "/0/device-attest-01", "", "", ""};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		bench_post(*state, &client, bench_path(path, "%s/%s%s", parts[i], name, tails[i]), NULL, &answer);
		bench_assert_refused(&answer, 401, "account_deactivated");
	}
	bench_post(*state, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"AA\"}", &answer);
	bench_assert_refused(&answer, 401, "account_deactivated");
	client.kid[0] = 0;
	bench_post(*state, &client, "/acme/devices/new-account", "{}", &answer);
	bench_assert_refused(&answer, 401, "account_deactivated");
	bench_forget(&client);
}

static void an_account_is_read_by_itself_alone(void **state)
{
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char path[600];
	bench_register(*state, &client);
	bench_register(*state, &other);
	bench_post(*state, &other, client.kid, NULL, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_post(*state, &other, client.kid, "{\"status\":\"deactivated\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	snprintf(path, sizeof path, "%s/orders", client.kid);
	bench_post(*state, &other, path, NULL, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_post(*state, &client, path, NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 0);
	bench_post(*state, &client, path, "{}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_forget(&client);
	bench_forget(&other);
}

#define EK "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct client administrator_of(EVP_PKEY *key, const char *name)
{
	struct client client = {.key = key};
	snprintf(client.kid, sizeof client.kid, BENCH_ORIGIN "/admin/administrator/%s", name);
	return client;
}

static const char *record_text(char room[400], const char *identifier, const char *ek, int sequence, long long expires)
{
	snprintf(room, 400,
		 "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"%s\",\"ek\":\"%s\",\"sequence\":%d,"
		 "\"issued\":%lld,\"expires\":%lld}",
		 identifier, ek, sequence, (long long)time(NULL) - 1, expires);
	return room;
}

static void an_administrator_adds_an_enrolment_record_and_it_goes_to_the_verifier(void **state)
{
	struct bench *bench = *state;
	struct client ada = administrator_of(bench->administrator, "ada"),
		      otto = administrator_of(bench->auditor, "otto"),
		      false_ada = administrator_of(bench->auditor, "ada"), client = bench_client();
	struct answer answer;
	char payload[400], name[65];
	const long long later = (long long)time(NULL) + 1000;
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 3, later), &answer);
	assert_int_equal(answer.http_status, 201);
	assert_string_equal(bench_text(&answer, "identifier"), "SN-7");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 3, later), &answer);
	bench_assert_refused(&answer, 409, "record_superseded");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 4, later), &answer);
	assert_int_equal(answer.http_status, 201);
	bench_post(bench, &otto, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 5, later), &answer);
	bench_assert_refused(&answer, 403, "role_missing");
	bench_post(bench, &false_ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 5, later), &answer);
	bench_assert_refused(&answer, 400, "signature_wrong");
	bench_register(bench, &client);
	bench_order(bench, &client, "SN-7", name);
	bench_attest(bench, &client, name);
	assert_true(bench->verifier.record_size > 200);
	bench_order(bench, &client, "SN-8", name);
	bench_attest(bench, &client, name);
	assert_int_equal(bench->verifier.record_size, 0);
	bench_forget(&client);
}

static void an_enrolment_record_with_a_wrong_member_is_refused(void **state)
{
	struct bench *bench = *state;
	struct client ada = administrator_of(bench->administrator, "ada");
	struct answer answer;
	char payload[400], padded[8300];
	const long long later = (long long)time(NULL) + 1000;
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 3, 5), &answer);
	bench_assert_refused(&answer, 403, "record_expired");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 3, later + 90 * 86400), &answer);
	bench_assert_refused(&answer, 403, "record_too_long");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", EK, 0, later), &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "SN-7", "0123", 1, later), &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(
	    bench, &ada, "/admin/enrolment-record",
	    record_text(payload, "SN-7", "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", 1, later),
	    &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &ada, "/admin/enrolment-record", record_text(payload, "A/B", EK, 1, later), &answer);
	bench_assert_refused(&answer, 400, "identifier_malformed");
	bench_post(bench, &ada, "/admin/enrolment-record", NULL, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	memset(padded, ' ', sizeof padded);
	strcpy(padded + 6200, record_text(payload, "SN-7", EK, 9, later));
	bench_post(bench, &ada, "/admin/enrolment-record", padded, &answer);
	bench_assert_refused(&answer, 413, "body_too_long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(a_key_has_one_account_and_finds_it_again),
	    ON_A_BENCH(contacts_are_plain_mailto_addresses),
	    ON_A_BENCH(what_is_not_the_clients_to_change_is_ignored),
	    ON_A_BENCH(case_10_a_deactivated_account_may_nothing_more),
	    ON_A_BENCH(an_account_is_read_by_itself_alone),
	    ON_A_BENCH(an_administrator_adds_an_enrolment_record_and_it_goes_to_the_verifier),
	    ON_A_BENCH(an_enrolment_record_with_a_wrong_member_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
