/* SPDX-License-Identifier: Apache-2.0
 * What RFC 8555 asks of a server in passing and no other test shows: a row of tests/requirements/requirements.def each. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <string.h>

static const struct bytes nothing = {0};

static void the_directory_leaves_out_what_is_not_offered(void **state)
{
	static const char *const urls[] = {"newNonce", "newAccount", "newOrder", "revokeCert", "keyChange"};
	static const char *const absent[] = {"termsOfService", "caaIdentities"};
	struct answer answer;
	bench_send(*state, 'G', "/acme/devices/directory", "", nothing, &answer);
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
		assert_int_equal(strncmp(bench_text(&answer, urls[i]), BENCH_ORIGIN "/acme/devices/", 33), 0);
	assert_null(json_object_get(answer.json, "newAuthz"));
	const json_t *meta = json_object_get(answer.json, "meta");
	assert_true(json_is_object(meta));
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_null(json_object_get(meta, absent[i]));
}

static void a_nonce_that_is_absent_is_bad_and_one_that_is_no_base64url_malformed(void **state)
{
	static const char url[] = BENCH_ORIGIN "/acme/devices/new-account";
	static const char *const malformed[] = {"AAAA=", "AA+A", "A A", "\xc3\xa9"};
	struct client client = bench_client();
	struct answer answer;
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", "", url, &answer);
	bench_assert_refused(&answer, 400, "nonce_bad");
	assert_int_equal(strlen(answer.nonce), 32);
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		bench_post_as(*state, &client, "/acme/devices/new-account", "{}", malformed[i], url, &answer);
		bench_assert_refused(&answer, 400, "jws_header_malformed");
		assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:malformed");
	}
	bench_forget(&client);
}

static const char *first_contact(const struct answer *answer)
{
	const char *text = json_string_value(bench_first(answer, "contact"));
	return text == NULL ? "" : text;
}

static void an_account_found_by_its_key_is_as_it_was_before_the_request(void **state)
{
	struct client client = bench_client();
	struct answer answer;
	char kid[513];
	bench_post(*state, &client, "/acme/devices/new-account", "{\"contact\":[\"mailto:ada@example.org\"]}", &answer);
	assert_int_equal(answer.http_status, 201);
	strcpy(kid, answer.location);
	bench_post(*state, &client, "/acme/devices/new-account",
		   "{\"contact\":[\"mailto:eve@example.org\"],\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.location, kid);
	assert_string_equal(first_contact(&answer), "mailto:ada@example.org");
	strcpy(client.kid, kid);
	bench_post(*state, &client, kid, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_string_equal(first_contact(&answer), "mailto:ada@example.org");
	bench_forget(&client);
}

static void a_member_that_nobody_knows_changes_nothing_and_is_not_given_back(void **state)
{
	struct client client = bench_client();
	struct answer answer;
	bench_post(*state, &client, "/acme/devices/new-account", "{\"favouriteColour\":\"blue\",\"orders\":\"x\"}",
		   &answer);
	assert_int_equal(answer.http_status, 201);
	assert_null(json_object_get(answer.json, "favouriteColour"));
	assert_string_not_equal(bench_text(&answer, "orders"), "x");
	strcpy(client.kid, answer.location);
	bench_post(*state, &client, client.kid, "{\"favouriteColour\":\"red\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_null(json_object_get(answer.json, "favouriteColour"));
	bench_post(*state, &client, "/acme/devices/new-order",
		   "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"ABC\",\"more\":1}],\"status\":\"valid\","
		   "\"favouriteColour\":\"green\"}",
		   &answer);
	assert_int_equal(answer.http_status, 201);
	assert_null(json_object_get(answer.json, "favouriteColour"));
	assert_string_equal(bench_text(&answer, "status"), "pending");
	bench_forget(&client);
}

/* The order now; a reference of the caller's. */
static json_t *look(struct bench *bench, const struct client *client, const char *name)
{
	struct answer answer;
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_int_equal(strlen(bench_text(&answer, "expires")), 20);
	return json_incref(answer.json);
}

static void the_arrays_of_an_order_never_change_and_it_says_when_it_expires(void **state)
{
	static const char *const arrays[] = {"identifiers", "authorizations"};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	json_t *seen[3];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC/1.2.3", name);
	seen[0] = look(bench, &client, name);
	bench_attest(bench, &client, name);
	seen[1] = look(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_int_equal(strlen(bench_text(&answer, "expires")), 20);
	bench_finalize(bench, &client, name);
	seen[2] = look(bench, &client, name);
	assert_string_equal(bench_member(seen[2], "status"), "valid");
	for (size_t i = 0; i < 2; i++)
		for (size_t at = 1; at < 3; at++) {
			assert_int_equal(json_array_size(json_object_get(seen[at], arrays[i])), 1);
			assert_true(json_equal(json_object_get(seen[0], arrays[i]), json_object_get(seen[at], arrays[i])));
		}
	for (size_t i = 0; i < 3; i++)
		json_decref(seen[i]);
	bench_forget(&client);
}

/* One certificate of RFC 7468 3 in its strict form: full lines but the last; behind it, or NULL. */
static const char *skip_strict(const char *at)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n", foot[] = "-----END CERTIFICATE-----\n";
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = 64;
	if (strncmp(at, head, sizeof head - 1) != 0)
		return NULL;
	at += sizeof head - 1;
	while (strncmp(at, foot, sizeof foot - 1) != 0) {
		const bool is_after_short = size != 64;
		size = strspn(at, alphabet);
		size += strspn(at + size, "=");
		if (is_after_short || size == 0 || size > 64 || size % 4 != 0 || at[size] != '\n')
			return NULL;
		at += size + 1;
	}
	return at + sizeof foot - 1;
}

static void a_chain_is_certificates_in_strict_pem_and_nothing_else(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char path[600], name[65];
	unsigned count = 0;
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench_finalize(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "certificate/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	for (const char *at = answer.body; *at != 0; count++) {
		at = skip_strict(at);
		assert_non_null(at);
	}
	assert_true(count >= 2);
	bench_forget(&client);
}

static void an_identifier_stands_in_subproblems_alone(void **state)
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
	assert_null(json_object_get(error, "identifier"));
	const json_t *sub = json_array_get(json_object_get(error, "subproblems"), 0);
	assert_string_equal(bench_member(json_object_get(sub, "identifier"), "type"), "permanent-identifier");
	bench_post(bench, &client, "/acme/devices/new-order",
		   "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"/\"}]}", &answer);
	bench_assert_refused(&answer, 400, "identifier_malformed");
	assert_null(json_object_get(answer.json, "identifier"));
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(the_directory_leaves_out_what_is_not_offered),
	    ON_A_BENCH(a_nonce_that_is_absent_is_bad_and_one_that_is_no_base64url_malformed),
	    ON_A_BENCH(an_account_found_by_its_key_is_as_it_was_before_the_request),
	    ON_A_BENCH(a_member_that_nobody_knows_changes_nothing_and_is_not_given_back),
	    ON_A_BENCH(the_arrays_of_an_order_never_change_and_it_says_when_it_expires),
	    ON_A_BENCH(a_chain_is_certificates_in_strict_pem_and_nothing_else),
	    ON_A_BENCH(an_identifier_stands_in_subproblems_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
