/* SPDX-License-Identifier: Apache-2.0
 * Orders from the first request to the certificate and why it was granted; what they may name, and how many there are.
 */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

static void assert_link(const struct answer *answer, const char *expected)
{
	for (size_t i = 0; i < answer->link_count; i++)
		if (strcmp(answer->links[i], expected) == 0)
			return;
	fail_msg("no link %s", expected);
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
	assert_string_equal(bench_member(bench_first(&answer, "identifiers"), "value"), "ABC/1.2.3");
	assert_null(json_object_get(answer.json, "certificate"));
	assert_null(json_object_get(answer.json, "error"));
	snprintf(url, sizeof url, "%s", answer.location);
	snprintf(name, sizeof name, "%s", strrchr(url, '/') + 1);
	snprintf(authorization, sizeof authorization, "%s", json_string_value(bench_first(&answer, "authorizations")));
	snprintf(finalize, sizeof finalize, "%s", bench_text(&answer, "finalize"));

	bench_post(bench, &client, authorization, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "pending");
	assert_string_equal(bench_member(json_object_get(answer.json, "identifier"), "type"), "permanent-identifier");
	assert_int_equal(json_array_size(json_object_get(answer.json, "challenges")), 1);
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "type"), "device-attest-01");
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "status"), "pending");
	assert_true(strlen(bench_member(bench_first(&answer, "challenges"), "token")) > 0);
	bench_post(bench, &client, finalize, "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");

	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\",\"more\":1}",
		   &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_int_equal(strlen(bench_text(&answer, "validated")), 20);
	snprintf(link, sizeof link, "<%s>;rel=\"up\"", authorization);
	assert_link(&answer, link);
	bench_post(bench, &client, authorization, NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	bench_assert_order(bench, &client, name, "ready");

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
	for (size_t i = 0; i < answer.link_count; i++) /* above a certificate some clients look for its issuer */
		assert_null(strstr(answer.links[i], "rel=\"up\""));
	assert_link(&answer, "<" BENCH_ORIGIN "/acme/devices/directory>;rel=\"index\"");

	bench_post(bench, &client, finalize, "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	snprintf(path, sizeof path, "%s/orders", client.kid);
	bench_post(bench, &client, path, NULL, &answer);
	assert_string_equal(json_string_value(bench_first(&answer, "orders")), url);
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
	assert_string_equal(bench_member(why, "format"), "tpm");
	assert_string_equal(bench_member(why, "assurance"), "hardware");
	assert_string_equal(bench_member(why, "envelope"), "device");
	assert_string_equal(bench_member(why, "identifier"), "ABC");
	assert_string_equal(bench_member(json_object_get(why, "claims"), "manufacturer"), "id:00001014");
	assert_int_equal(strlen(bench_member(why, "policyHash")), 64);
	assert_int_equal(strlen(bench_member(why, "evidenceHash")), 64);
	bench->signer.is_deaf = false;
	bench->signer.entries[0].state = 'r';
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "state"), "revoked");
	bench_forget(&client);
}

static void case_10_another_account_reaches_nothing_of_an_order(void **state)
{
	static const char *const parts[] = {"order", "authorization", "challenge", "certificate", "entry"};
	static const char *const tails[] = {"", "/0", "/0/device-attest-01", "", ""};
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_order(bench, &client, "ABC", name);
	bench_post(bench, &other, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_post(bench, &other, bench_path(path, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_attest(bench, &client, name);
	bench_post(bench, &other, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_finalize(bench, &client, name);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		bench_post(bench, &other, bench_path(path, "%s/%s%s", parts[i], name, tails[i]), NULL, &answer);
		bench_assert_refused(&answer, 403, "account_wrong");
		bench_post(bench, &client, bench_path(path, "%s/absent%s", parts[i], tails[i]), NULL, &answer);
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
	    {"{\"identifiers\":[" PID_OF("A") ",{\"type\":\"dns\",\"value\":\"a.example\"}]}", "identifier_type_unsupported"},
	    {"{\"identifiers\":[" PID_OF("A") "," PID_OF("B") "]}", "identifier_count"},
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
	assert_string_equal(bench_member(bench_first(&answer, "identifiers"), "value"), "id:x");
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
	bench_assert_order(bench, &client, name, "invalid");
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}", &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", ready), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 400, "order_expired");
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "expired");
	assert_int_equal(bench->verifier.statements, 1);
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void add_orders(struct bench *bench, int64_t account, unsigned count, bool are_live)
{
	static unsigned number;
	store_enter(bench->registrar.store);
	for (unsigned i = 0; i < count; i++) {
		struct order_row order = {.account = account,
					  .expires_boot_s = are_live ? UINT32_MAX : 1,
					  .authorization_count = 1,
					  .authorizations = {{.type = "permanent-identifier", .value = "A"}}};
		snprintf(order.name, sizeof order.name, "order-%04u", number++);
		assert_false(is_refused(store_order_add(bench->registrar.store, &order, 1)));
	}
	assert_false(is_refused(store_leave(bench->registrar.store, OK)));
}

/* The URL of the link with relation next; "": none. */
static const char *next_of(const struct answer *answer, char out[601])
{
	out[0] = 0;
	for (size_t i = 0; i < answer->link_count; i++) {
		const char *end = strstr(answer->links[i], ">;rel=\"next\"");
		if (end != NULL)
			snprintf(out, 601, "%.*s", (int)(end - answer->links[i] - 1), answer->links[i] + 1);
	}
	return out;
}

static void the_list_of_orders_comes_page_by_page_newest_first_each_order_once(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char url[601], last[600] = "~";
	unsigned total = 0, pages = 0;
	bench_register(bench, &client);
	bench_register(bench, &other);
	for (int i = 0; i < 5; i++) {
		add_orders(bench, 1, 48, true);
		add_orders(bench, 1, 7, false);
		add_orders(bench, 2, 20, true);
	}
	snprintf(url, sizeof url, "%s/orders", client.kid);
	while (url[0] != 0) {
		bench_post(bench, &client, url, NULL, &answer);
		assert_int_equal(answer.http_status, 200);
		const json_t *orders = json_object_get(answer.json, "orders");
		for (size_t i = 0; i < json_array_size(orders); i++, total++) {
			const char *one = json_string_value(json_array_get(orders, i));
			assert_true(strcmp(strrchr(one, '/'), strrchr(last, '/') == NULL ? last : strrchr(last, '/')) < 0);
			snprintf(last, sizeof last, "%s", one);
		}
		assert_link(&answer, "<" BENCH_ORIGIN "/acme/devices/directory>;rel=\"index\"");
		next_of(&answer, url);
		pages++;
	}
	assert_int_equal(total, 240);
	assert_int_equal(pages, 3);
	/* A page that is exactly full is the last one. */
	snprintf(url, sizeof url, "%s/orders", other.kid);
	bench_post(bench, &other, url, NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 100);
	assert_string_equal(next_of(&answer, url), "");
	bench_forget(&client);
	bench_forget(&other);
}

static void a_page_of_orders_is_of_the_account_that_asks_whatever_the_number(void **state)
{
	static const char *const bad[] = {"0", "01", "x", "-1", "1x", "9999999999999999999"};
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char path[600], name[65];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_order(bench, &client, "ABC", name);
	bench_post(bench, &other, "/acme/devices/orders/999999999", NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 0);
	bench_post(bench, &client, "/acme/devices/orders/999999999", NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 1);
	bench_post(bench, &client, "/acme/devices/orders/1", NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 0);
	bench_post(bench, &client, "/acme/devices/orders/1", "{}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		bench_post(bench, &client, bench_path(path, "orders/%s", bad[i]), NULL, &answer);
		bench_assert_refused(&answer, 404, "not_found");
	}
	bench_forget(&client);
	bench_forget(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(an_order_goes_from_pending_to_a_certificate),
	    ON_A_BENCH(a_certificate_is_explained_with_its_place_in_the_ledger),
	    ON_A_BENCH(case_10_another_account_reaches_nothing_of_an_order),
	    ON_A_BENCH(cases_15_16_and_18_identifiers_are_judged_octet_for_octet),
	    ON_A_BENCH(case_22_pending_orders_are_bounded_per_account),
	    ON_A_BENCH(an_order_past_its_time_is_invalid),
	    ON_A_BENCH(the_list_of_orders_comes_page_by_page_newest_first_each_order_once),
	    ON_A_BENCH(a_page_of_orders_is_of_the_account_that_asks_whatever_the_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
