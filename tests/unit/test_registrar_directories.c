/* SPDX-License-Identifier: Apache-2.0
 * Several directories and their profiles: each shows its own, and nothing of one is there in another. */
#include "tests/registrar/bench.h"

#include <stdio.h>

#define SECRET "c2VjcmV0LXBhdGgtb2YtYXBwbGU"
#define AN_ORDER "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}]"

static const struct message_registrar_profile short_lived = {.name = {(const uint8_t *)"short", 5},
							     .description = {(const uint8_t *)"An hour", 7},
							     .envelope = {(const uint8_t *)"strict", 6},
							     .validity_s = 3600},
					      long_lived = {.name = {(const uint8_t *)"long", 4},
							    .description = {(const uint8_t *)"A day", 5},
							    .envelope = {(const uint8_t *)"device", 6},
							    .validity_s = 86400,
							    .dns_suffixes = {(const uint8_t *)"example.test", 12}};

static int set_up(void **state)
{
	bench_set_up(state);
	struct bench *bench = *state;
	bench->directories[0] = (struct bench_directory){.name = "devices"};
	bench->directories[1] = (struct bench_directory){
	    .name = "macs", .path = SECRET, .profiles = {short_lived, long_lived}, .profile_count = 2, .has_no_eab_keys = true};
	bench->directory_count = 2;
	bench_restart(bench, false);
	return 0;
}
#define IN_TWO(test) cmocka_unit_test_setup_teardown(test, set_up, bench_tear_down)

static void show(struct bench *bench, const char *segment, struct answer *answer)
{
	char path[600];
	snprintf(path, sizeof path, "/acme/%s/directory", segment);
	bench_send(bench, 'G', path, "", bytes_from(NULL, 0), answer);
}

static void register_in(struct bench *bench, const char *segment, struct client *client)
{
	struct answer answer;
	char path[600];
	client->kid[0] = 0;
	snprintf(path, sizeof path, "/acme/%s/new-account", segment);
	bench_post(bench, client, path, "{}", &answer);
	assert_int_equal(answer.http_status, 201);
	snprintf(client->kid, sizeof client->kid, "%s", answer.location);
}

static void order_in(struct bench *bench, const char *segment, const struct client *client, const char *payload,
		     struct answer *answer)
{
	char path[600];
	snprintf(path, sizeof path, "/acme/%s/new-order", segment);
	bench_post(bench, client, path, payload, answer);
}

/* Attests for the order of the answer; its name. */
static void attest_in(struct bench *bench, const char *segment, const struct client *client, char name[65], struct answer *answer)
{
	char path[600];
	assert_int_equal(answer->http_status, 201);
	snprintf(name, 65, "%s", strrchr(answer->location, '/') + 1);
	snprintf(path, sizeof path, "/acme/%s/challenge/%s/0/device-attest-01", segment, name);
	bench_post(bench, client, path, "{\"attObj\":\"oWNmbXRjdHBt\"}", answer);
	assert_string_equal(bench_text(answer, "status"), "valid");
}

static void finalize_in(struct bench *bench, const char *segment, const struct client *client, const char *name,
			struct answer *answer)
{
	char path[600];
	snprintf(path, sizeof path, "/acme/%s/order/%s/finalize", segment, name);
	bench_post(bench, client, path, "{\"csr\":\"MIIB\"}", answer);
}

static void each_directory_shows_its_own_urls_and_profiles(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	show(bench, "devices", &answer);
	assert_string_equal(bench_text(&answer, "newOrder"), BENCH_ORIGIN "/acme/devices/new-order");
	assert_null(json_object_get(json_object_get(answer.json, "meta"), "profiles"));
	show(bench, SECRET, &answer);
	assert_string_equal(bench_text(&answer, "newOrder"), BENCH_ORIGIN "/acme/" SECRET "/new-order");
	const json_t *profiles = json_object_get(json_object_get(answer.json, "meta"), "profiles");
	assert_int_equal(json_object_size(profiles), 2);
	assert_string_equal(bench_member(profiles, "short"), "An hour");
	bench_send(bench, 'H', "/acme/" SECRET "/new-nonce", "", bytes_from(NULL, 0), &answer);
	assert_int_equal(answer.link_count, 1);
	assert_string_equal(answer.links[0], "<" BENCH_ORIGIN "/acme/" SECRET "/directory>;rel=\"index\"");
}

static char logged[4096];

static void keep_line(int level, const char *format, ...)
{
	char line[512];
	va_list arguments;
	(void)level;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	strncat(logged, line, sizeof logged - strlen(logged) - 1);
}

static void a_directory_with_a_path_is_found_by_it_alone_and_no_log_has_it(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	static const char *const wrong[] = {"macs", SECRET "a", "c2VjcmV0LXBhdGgtb2YtYXBwbG", "C2VjcmV0LXBhdGgtb2YtYXBwbGU", ""};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		show(bench, wrong[i], &answer);
		bench_assert_refused(&answer, 404, "not_found");
		assert_int_equal(answer.link_count, 0);
	}
	logged[0] = 0;
	bench->registrar.log = keep_line;
	bench_send(bench, 'G', "/acme/" SECRET "/new-order", "", bytes_from(NULL, 0), &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
	bench_send(bench, 'G', "/acme/" SECRET, "", bytes_from(NULL, 0), &answer);
	bench_assert_refused(&answer, 404, "not_found");
	assert_non_null(strstr(logged, "/acme/macs/new-order from 192.0.2.1 refused: method_wrong"));
	assert_null(strstr(logged, SECRET));
}

static void an_account_is_of_one_directory(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other;
	struct answer answer;
	char kid[513];
	register_in(bench, "devices", &client);
	order_in(bench, SECRET, &client, AN_ORDER "}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	snprintf(kid, sizeof kid, BENCH_ORIGIN "/acme/" SECRET "/account/%s", strrchr(client.kid, '/') + 1);
	other = client;
	strcpy(other.kid, kid); /* its number below the other directory */
	for (int i = 0; i < 2; i++) { /* from the store, and from the keyring */
		order_in(bench, SECRET, &other, AN_ORDER "}", &answer);
		bench_assert_refused(&answer, 400, "account_unknown");
	}
	register_in(bench, SECRET, &other); /* the same key, another account */
	assert_string_not_equal(other.kid, kid);
	order_in(bench, SECRET, &other, AN_ORDER "}", &answer);
	assert_int_equal(answer.http_status, 201);
	bench_restart(bench, true);
	order_in(bench, "devices", &client, AN_ORDER "}", &answer);
	assert_int_equal(answer.http_status, 201);
	order_in(bench, "devices", &other, AN_ORDER "}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	bench_forget(&client);
}

static void what_one_directory_holds_is_not_there_in_another(void **state)
{
	struct bench *bench = *state;
	struct client here = bench_client(), there;
	struct answer answer;
	char name[65], path[600];
	register_in(bench, "devices", &here);
	there = here;
	register_in(bench, SECRET, &there);
	order_in(bench, "devices", &here, AN_ORDER "}", &answer);
	attest_in(bench, "devices", &here, name, &answer);
	static const char *const resources[][2] = {
	    {"order", ""}, {"authorization", "/0"}, {"challenge", "/0/device-attest-01"}, {"certificate", ""}, {"entry", ""}};
	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		snprintf(path, sizeof path, "/acme/" SECRET "/%s/%s%s", resources[i][0], name, resources[i][1]);
		bench_post(bench, &there, path, NULL, &answer);
		bench_assert_refused(&answer, 403, "account_wrong");
	}
	finalize_in(bench, SECRET, &there, name, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	bench_finalize(bench, &here, name);
	bench_forget(&here);
}

static void a_certificate_is_revoked_and_renewed_where_it_was_given(void **state)
{
	struct bench *bench = *state;
	struct client here = bench_client(), there;
	struct answer answer;
	char name[65], path[600], id[80], payload[700], leaf[400] = "";
	register_in(bench, "devices", &here);
	there = here;
	register_in(bench, SECRET, &there);
	order_in(bench, "devices", &here, AN_ORDER "}", &answer);
	attest_in(bench, "devices", &here, name, &answer);
	bench_finalize(bench, &here, name);
	bench_post(bench, &here, bench_path(path, "certificate/%s", name), NULL, &answer);
	for (const char *at = strchr(answer.body, '\n') + 1; *at != '-' && *at != '='; at++)
		if (*at != '\n')
			strncat(leaf, *at == '+' ? "-" : *at == '/' ? "_" : (const char[2]){*at, 0}, 1);
	bench_name_certificate(bench, 0, id);
	snprintf(path, sizeof path, "/acme/" SECRET "/renewal-info/%s", id);
	bench_send(bench, 'G', path, "", bytes_from(NULL, 0), &answer);
	bench_assert_refused(&answer, 404, "renewal_unknown");
	snprintf(payload, sizeof payload, AN_ORDER ",\"replaces\":\"%s\"}", id);
	order_in(bench, SECRET, &there, payload, &answer);
	bench_assert_refused(&answer, 404, "renewal_unknown");
	snprintf(payload, sizeof payload, "{\"certificate\":\"%s\"}", leaf);
	bench_post(bench, &there, "/acme/" SECRET "/revoke-certificate", payload, &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	bench_send(bench, 'G', bench_path(path, "renewal-info/%s", id), "", bytes_from(NULL, 0), &answer);
	assert_int_equal(answer.http_status, 200);
	bench_post(bench, &here, "/acme/devices/revoke-certificate", payload, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&here);
}

static void limits_count_for_each_directory(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	for (size_t i = 0; i < 2; i++)
		bench->registrar.directories[i].limits.most[limit_accounts_per_address] = 1;
	register_in(bench, "devices", &client);
	struct client second = bench_client();
	bench_post(bench, &second, "/acme/devices/new-account", "{}", &answer);
	bench_assert_refused(&answer, 429, "address_accounts_limited");
	register_in(bench, SECRET, &second);
	bench_forget(&client);
	bench_forget(&second);
}

static void an_order_gets_the_profile_that_it_asks_for_or_the_first(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	static const struct {
		const char *asked, *got, *envelope;
		uint32_t validity_s;
	} rows[] = {{"}", "short", "strict", 3600}, {",\"profile\":\"long\"}", "long", "device", 86400}};
	register_in(bench, SECRET, &client);
	for (size_t i = 0; i < 2; i++) {
		char payload[200];
		snprintf(payload, sizeof payload, AN_ORDER "%s", rows[i].asked);
		order_in(bench, SECRET, &client, payload, &answer);
		assert_string_equal(bench_text(&answer, "profile"), rows[i].got);
		attest_in(bench, SECRET, &client, name, &answer);
		finalize_in(bench, SECRET, &client, name, &answer);
		assert_string_equal(bench_text(&answer, "status"), "valid");
		assert_string_equal(bench->signer.envelope, rows[i].envelope);
		assert_int_equal(bench->signer.validity_s, rows[i].validity_s);
		assert_string_equal(bench_text(&answer, "profile"), rows[i].got);
	}
	bench_forget(&client);
}

static void case_25_a_profile_that_is_not_offered_is_refused(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), plain = bench_client();
	struct answer answer;
	static const char *const wrong[] = {AN_ORDER ",\"profile\":\"none\"}", AN_ORDER ",\"profile\":\"\"}",
					    AN_ORDER ",\"profile\":\"Short\"}"};
	register_in(bench, SECRET, &client);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		order_in(bench, SECRET, &client, wrong[i], &answer);
		bench_assert_refused(&answer, 400, "profile_unknown");
		assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:invalidProfile");
	}
	order_in(bench, SECRET, &client, AN_ORDER ",\"profile\":7}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	register_in(bench, "devices", &plain); /* which has none */
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		order_in(bench, "devices", &plain, wrong[i], &answer);
		bench_assert_refused(&answer, 400, "profile_unknown");
	}
	order_in(bench, "devices", &plain, AN_ORDER "}", &answer);
	assert_string_equal(bench_text(&answer, "profile"), "");
	bench_forget(&client);
	bench_forget(&plain);
}

static void case_25_a_profile_withdrawn_before_finalize_gives_nothing(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	register_in(bench, SECRET, &client);
	order_in(bench, SECRET, &client, AN_ORDER "}", &answer);
	attest_in(bench, SECRET, &client, name, &answer);
	bench->directories[1].profiles[0] = long_lived;
	bench->directories[1].profile_count = 1;
	bench_restart(bench, false);
	finalize_in(bench, SECRET, &client, name, &answer);
	bench_assert_refused(&answer, 400, "profile_withdrawn");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:invalidProfile");
	char path[600];
	snprintf(path, sizeof path, "/acme/" SECRET "/order/%s", name);
	bench_post(bench, &client, path, NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void names_are_those_of_the_profiles_envelope(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
#define A_NAME "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"www.example.test\"}]"
	register_in(bench, SECRET, &client);
	strcpy(bench->registrar.directories[1].identifiers, "dns");
	bench->registrar.directories[1].offers[challenge_http_01] = true;
	order_in(bench, SECRET, &client, A_NAME "}", &answer);
	bench_assert_refused(&answer, 403, "envelope_name_outside");
	order_in(bench, SECRET, &client, A_NAME ",\"profile\":\"long\"}", &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
}

/* The client knows no envelopes, so it is told what its profile asks for. */
static void a_profile_that_asks_for_more_says_so(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65];
	register_in(bench, SECRET, &client);
	order_in(bench, SECRET, &client, AN_ORDER "}", &answer);
	attest_in(bench, SECRET, &client, name, &answer);
	bench->signer.refusal = refusal_envelope_unsatisfied;
	finalize_in(bench, SECRET, &client, name, &answer);
	assert_string_equal(bench_text(&answer, "refusal"), "envelope_unsatisfied");
	assert_non_null(strstr(bench_text(&answer, "detail"), "the profile short asks for more than a statement of format tpm"));
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_TWO(each_directory_shows_its_own_urls_and_profiles),
	    IN_TWO(a_directory_with_a_path_is_found_by_it_alone_and_no_log_has_it),
	    IN_TWO(an_account_is_of_one_directory),
	    IN_TWO(what_one_directory_holds_is_not_there_in_another),
	    IN_TWO(a_certificate_is_revoked_and_renewed_where_it_was_given),
	    IN_TWO(limits_count_for_each_directory),
	    IN_TWO(an_order_gets_the_profile_that_it_asks_for_or_the_first),
	    IN_TWO(case_25_a_profile_that_is_not_offered_is_refused),
	    IN_TWO(case_25_a_profile_withdrawn_before_finalize_gives_nothing),
	    IN_TWO(names_are_those_of_the_profiles_envelope),
	    IN_TWO(a_profile_that_asks_for_more_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
