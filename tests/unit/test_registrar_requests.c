/* SPDX-License-Identifier: Apache-2.0
 * The path of every request: what is refused, in which order, and whether the nonce survives it. */
#include "tests/registrar/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/registrar/bench_sign.h"

static const char jose[] = "application/jose+json";
static const struct bytes nothing = {0};

static void the_directory_names_its_resources(void **state)
{
	struct answer answer;
	bench_send(*state, 'G', "/acme/devices/directory", "", nothing, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.content_type, "application/json");
	assert_string_equal(bench_text(&answer, "newNonce"), BENCH_ORIGIN "/acme/devices/new-nonce");
	assert_string_equal(bench_text(&answer, "newAccount"), BENCH_ORIGIN "/acme/devices/new-account");
	assert_string_equal(bench_text(&answer, "newOrder"), BENCH_ORIGIN "/acme/devices/new-order");
	assert_string_equal(json_string_value(json_object_get(json_object_get(answer.json, "keyward"), "akEnrolment")),
			    BENCH_ORIGIN "/acme/devices/ak");
	assert_true(json_is_object(json_object_get(answer.json, "meta")));
	assert_int_equal(answer.link_count, 0);
	assert_string_equal(answer.nonce, "");
}

static void new_nonce_answers_head_with_200_and_get_with_204(void **state)
{
	struct answer answer;
	bench_send(*state, 'H', "/acme/devices/new-nonce", "", nothing, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_int_equal(strlen(answer.nonce), 32);
	assert_string_equal(answer.links[0], "<" BENCH_ORIGIN "/acme/devices/directory>;rel=\"index\"");
	bench_send(*state, 'G', "/acme/devices/new-nonce", "", nothing, &answer);
	assert_int_equal(answer.http_status, 204);
	assert_int_equal(answer.size, 0);
	bench_send(*state, 'G', "/admin/new-nonce", "", nothing, &answer);
	assert_int_equal(answer.http_status, 204);
	assert_int_equal(strlen(answer.nonce), 32);
}

static void every_answer_but_the_directory_links_to_the_directory(void **state)
{
	static const char *const paths[] = {"new-account", "new-order", "account/1", "account/1/orders", "orders/5",
					    "key-change", "order/A", "order/A/finalize", "authorization/A/0", "challenge/A/0/device-attest-01",
					    "certificate/A", "entry/A", "ak", "ak/1", "no-such-thing"};
	struct client client = bench_client();
	struct answer answer;
	char path[600];
	bench_register(*state, &client);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		bench_post(*state, &client, bench_path(path, "%s", paths[i]), NULL, &answer);
		assert_int_equal(answer.link_count, 1);
		assert_string_equal(answer.links[0], "<" BENCH_ORIGIN "/acme/devices/directory>;rel=\"index\"");
		assert_int_equal(strlen(answer.nonce), 32);
	}
	bench_forget(&client);
}

static void the_directory_and_new_nonce_can_be_read_by_post_as_get(void **state)
{
	struct client client = bench_client();
	struct answer answer;
	bench_register(*state, &client);
	bench_post(*state, &client, "/acme/devices/directory", NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_post(*state, &client, "/acme/devices/new-nonce", NULL, &answer);
	assert_int_equal(answer.http_status, 204);
	assert_int_equal(strlen(answer.nonce), 32);
	bench_post(*state, &client, "/acme/devices/directory", "{}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_forget(&client);
}

static void unknown_paths_are_refused_and_a_path_has_one_spelling(void **state)
{
	static const char *const paths[] = {
	    "/",
	    "/acme",
	    "/acme/other/directory",
	    "/acme/devices/directory/",
	    "/acme/devices/Directory",
	    "/acme/devices//directory",
	    "/acme/devices/%64irectory",
	    "/acme/devices/directory?x",
	    "/acme/devices/order/",
	    "/acme/devices/order/a.b",
	    "/acme/devices/order/a/finalize/x",
	    "/acme/devices/order/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct answer answer;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		bench_send(*state, 'G', paths[i], "", nothing, &answer);
		bench_assert_refused(&answer, 404, "not_found");
		bench_send(*state, 'P', paths[i], jose, nothing, &answer);
		bench_assert_refused(&answer, 404, "not_found");
		assert_int_equal(strlen(answer.nonce), 32);
	}
}

static void case_14_a_wrong_method_or_media_type_is_refused(void **state)
{
	static const char *const types[] = {"", "application/json", "application/jose", "application/jose+jsonx",
					    "text/plain"};
	struct answer answer;
	bench_send(*state, 'G', "/acme/devices/new-account", "", nothing, &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
	bench_send(*state, 'H', "/acme/devices/new-order", "", nothing, &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
	bench_send(*state, 'P', "/admin/new-nonce", jose, nothing, &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		bench_send(*state, 'P', "/acme/devices/new-account", types[i], bytes_from_text("{}"), &answer);
		bench_assert_refused(&answer, 415, "media_type_wrong");
	}
	bench_send(*state, 'P', "/acme/devices/new-account", "Application/JOSE+json; charset=utf-8",
		   bytes_from_text("{}"), &answer);
	bench_assert_refused(&answer, 400, "jws_malformed");
}

/* Sends a body with a protected header of one's own: %1$s nonce, %2$s url. */
static void send_raw(struct bench *bench, const char *path, const char *format, const char *nonce,
		     struct answer *answer)
{
	char header[2048], url[300];
	uint8_t octets[4096];
	struct buffer body = BUFFER(octets);
	snprintf(url, sizeof url, BENCH_ORIGIN "%s", path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(header, sizeof header, format, nonce, url);
#pragma GCC diagnostic pop
	sign_raw(header, "{}", "AAAA", &body);
	bench_send(bench, 'P', path, jose, buffer_view(&body), answer);
}

#define ANY_JWK                                                                                                        \
	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"           \
	"FEzRu9m36HLN_tue659LNpXW6pC"                                                                                  \
	"yStikYjKIWI5a0\"}"

static void cases_1_and_2_a_wrong_protected_header_is_refused_by_name(void **state)
{
	static const struct {
		const char *path, *header, *refusal;
		unsigned http_status;
	} rows[] = {
	    {"/acme/devices/new-account", "{\"alg\":\"none\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "algorithm_unsupported", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"HS256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "algorithm_unsupported", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"RS256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "algorithm_unsupported", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "signature_wrong", 400},
	    {"/acme/devices/new-account",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK ",\"kid\":\"x\"}",
	     "jws_header_malformed", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\"}",
	     "jws_header_malformed", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\"}",
	     "json_duplicate", 400},
	    {"/acme/devices/new-account", "{\"alg\":", "json_malformed", 400},
	    {"/acme/devices/new-account", "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"x\"}",
	     "jws_kid_not_allowed", 400},
	    {"/acme/devices/new-account",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	     "\"AA\",\"y\":\"AA\"}}",
	     "public_key_bad", 400},
	    {"/acme/devices/new-order", "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "jws_jwk_not_allowed", 400},
	    {"/acme/devices/new-order",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"https://other.test/acme/devices/account/"
	     "1\"}",
	     "account_unknown", 400},
	    {"/acme/devices/new-order",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/acme/devices/account/01\"}",
	     "account_unknown", 400},
	    {"/acme/devices/new-order",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/acme/devices/account/99\"}",
	     "account_unknown", 400},
	    {"/acme/devices/new-order",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/admin/administrator/ada\"}",
	     "account_unknown", 400},
	    {"/admin/enrolment-record", "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"jwk\":" ANY_JWK "}",
	     "jws_jwk_not_allowed", 400},
	    {"/admin/enrolment-record",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/acme/devices/account/1\"}",
	     "role_missing", 403},
	    {"/admin/enrolment-record",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/admin/administrator/eve\"}",
	     "role_missing", 403},
	    {"/admin/enrolment-record",
	     "{\"alg\":\"ES256\",\"nonce\":\"%1$s\",\"url\":\"%2$s\",\"kid\":\"" BENCH_ORIGIN
	     "/admin/administrator/ada\"}",
	     "signature_wrong", 400},
	};
	struct client client = bench_client();
	struct answer answer;
	char nonce[65];
	bench_nonce(*state, nonce);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		send_raw(*state, rows[i].path, rows[i].header, nonce, &answer);
		bench_assert_refused(&answer, rows[i].http_status, rows[i].refusal);
		assert_int_equal(strlen(answer.nonce), 32);
		if (strcmp(rows[i].refusal, "algorithm_unsupported") == 0)
			assert_true(json_is_array(json_object_get(answer.json, "algorithms")));
	}
	/* None of these used the nonce up. */
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce,
		      BENCH_ORIGIN "/acme/devices/new-account", &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
}

static void a_body_that_is_no_flattened_jws_is_refused(void **state)
{
	static char long_body[65537];
	struct answer answer;
	bench_send(*state, 'P', "/acme/devices/new-account", jose, bytes_from_text("nonsense"), &answer);
	bench_assert_refused(&answer, 400, "json_malformed");
	bench_send(*state, 'P', "/acme/devices/new-account", jose,
		   bytes_from_text("{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"\"}"), &answer);
	bench_assert_refused(&answer, 400, "base64url_malformed");
	memset(long_body, ' ', sizeof long_body);
	bench_send(*state, 'P', "/acme/devices/new-account", jose, bytes_from(long_body, sizeof long_body), &answer);
	bench_assert_refused(&answer, 413, "body_too_long");
}

static void case_3_a_url_that_differs_from_the_path_is_refused_and_keeps_the_nonce(void **state)
{
	static const char *const urls[] = {"https://other.test:8443/acme/devices/new-account",
					   "https://keyward.test/acme/devices/new-account",
					   BENCH_ORIGIN "/acme/devices/new-account/",
					   BENCH_ORIGIN "/acme/devices/new%2daccount",
					   BENCH_ORIGIN "/acme/devices/new-account?a=b",
					   BENCH_ORIGIN "/acme/devices/new-order",
					   "HTTPS://keyward.test:8443/acme/devices/new-account",
					   "/acme/devices/new-account"};
	struct client client = bench_client();
	struct answer answer;
	char nonce[65];
	bench_nonce(*state, nonce);
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce, urls[i], &answer);
		bench_assert_refused(&answer, 403, "url_wrong");
	}
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce,
		      BENCH_ORIGIN "/acme/devices/new-account", &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
}

static void case_4_a_bad_nonce_is_refused_with_a_fresh_one(void **state)
{
	static const char url[] = BENCH_ORIGIN "/acme/devices/new-account";
	struct client client = bench_client();
	struct answer answer;
	char nonce[65], fresh[65], other[40];
	bench_nonce(*state, nonce);
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce, url, &answer);
	assert_int_equal(answer.http_status, 201);
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce, url, &answer);
	bench_assert_refused(&answer, 400, "nonce_bad");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:badNonce");
	strcpy(fresh, answer.nonce);
	strcpy(other, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", other, url, &answer);
	bench_assert_refused(&answer, 400, "nonce_bad");
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", fresh, url, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_nonce(*state, nonce);
	bench_restart(*state, false);
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", nonce, url, &answer);
	bench_assert_refused(&answer, 400, "nonce_bad");
	bench_post_as(*state, &client, "/acme/devices/new-account", "{}", answer.nonce, url, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
}

struct twin {
	struct bench *bench;
	const struct client *client;
	const char *nonce;
	pthread_barrier_t *start;
	unsigned http_status;
};

static void *send_twin(void *argument)
{
	struct twin *twin = argument;
	struct answer *answer = malloc(sizeof *answer);
	pthread_barrier_wait(twin->start);
	bench_post_as(twin->bench, twin->client, "/acme/devices/new-account", "{}", twin->nonce,
		      BENCH_ORIGIN "/acme/devices/new-account", answer);
	twin->http_status = answer->http_status;
	json_decref(answer->json);
	free(answer);
	return NULL;
}

static void case_4_of_two_parallel_requests_with_one_nonce_exactly_one_wins(void **state)
{
	struct client client = bench_client();
	bench_register(*state, &client);
	client.kid[0] = 0;
	for (int round = 0; round < 25; round++) {
		char nonce[65];
		pthread_t threads[2];
		pthread_barrier_t start;
		struct twin twins[2];
		bench_nonce(*state, nonce);
		pthread_barrier_init(&start, NULL, 2);
		for (int i = 0; i < 2; i++) {
			twins[i] = (struct twin){*state, &client, nonce, &start, 0};
			assert_int_equal(pthread_create(&threads[i], NULL, send_twin, &twins[i]), 0);
		}
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&start);
		assert_int_equal(twins[0].http_status + twins[1].http_status, 200 + 400);
	}
	bench_forget(&client);
}

static void case_8_a_payload_that_is_not_strict_json_is_refused(void **state)
{
	static const struct {
		const char *payload, *refusal;
	} rows[] = {
	    {"{\"status\":\"valid\",\"status\":\"deactivated\"}", "json_duplicate"},
	    {"{\"status\":\"a\\u0000b\"}", "json_malformed"},
	    {"{\"status\":\"\\ud800\"}", "json_malformed"},
	    {"{\"a\":1e999}", "json_malformed"},
	    {"{} x", "json_malformed"},
	    {"[]", "json_malformed"},
	    {"\"text\"", "json_malformed"},
	    {"{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}", "json_malformed"},
	    {"{\"contact\":{}}", "payload_malformed"},
	    {"{\"contact\":[7]}", "payload_malformed"},
	};
	struct client client = bench_client();
	struct answer answer;
	char deep[7000] = "{\"a\":";
	bench_register(*state, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(*state, &client, client.kid, rows[i].payload, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
	}
	memset(deep + 5, '[', sizeof deep - 6);
	bench_post(*state, &client, client.kid, "{\"brackets\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	deep[5900] = 0;
	bench_post(*state, &client, client.kid, deep, &answer);
	bench_assert_refused(&answer, 400, "json_malformed");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(the_directory_names_its_resources),
	    ON_A_BENCH(new_nonce_answers_head_with_200_and_get_with_204),
	    ON_A_BENCH(every_answer_but_the_directory_links_to_the_directory),
	    ON_A_BENCH(the_directory_and_new_nonce_can_be_read_by_post_as_get),
	    ON_A_BENCH(unknown_paths_are_refused_and_a_path_has_one_spelling),
	    ON_A_BENCH(case_14_a_wrong_method_or_media_type_is_refused),
	    ON_A_BENCH(cases_1_and_2_a_wrong_protected_header_is_refused_by_name),
	    ON_A_BENCH(a_body_that_is_no_flattened_jws_is_refused),
	    ON_A_BENCH(case_3_a_url_that_differs_from_the_path_is_refused_and_keeps_the_nonce),
	    ON_A_BENCH(case_4_a_bad_nonce_is_refused_with_a_fresh_one),
	    ON_A_BENCH(case_4_of_two_parallel_requests_with_one_nonce_exactly_one_wins),
	    ON_A_BENCH(case_8_a_payload_that_is_not_strict_json_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
