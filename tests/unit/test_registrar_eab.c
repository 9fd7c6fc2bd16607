/* SPDX-License-Identifier: Apache-2.0
 * External account bindings (RFC 8555 7.3.4): every check by the name of its refusal; one key, one account. */
#include "tests/registrar/bench.h"

#include <openssl/hmac.h>
#include <stdio.h>

#include "ca/jose/base64url.h"
#include "tests/registrar/bench_sign.h"

#define NEW_ACCOUNT "/acme/devices/new-account"
#define URL BENCH_ORIGIN NEW_ACCOUNT

/* A binding that is right but for what a test makes wrong. */
struct binding {
	const char *algorithm, *kid, *url, *key, *payload;
	const char *more;  /* of the protected header */
	size_t mac_octets; /* 0: all */
};

static void encode(const uint8_t *octets, size_t size, char *out, size_t room)
{
	struct buffer text = {.data = (uint8_t *)out, .room = room - 1};
	assert_true(base64url_encode(bytes_from(octets, size), &text));
	out[text.size] = 0;
}

static void mac(const struct binding *binding, const char *header, char out[128])
{
	uint8_t key_octets[64], made[EVP_MAX_MD_SIZE];
	char input[4096], head[2048], body[2048];
	unsigned size = 0;
	struct buffer key = BUFFER(key_octets);
	assert_false(is_refused(base64url_decode(bytes_from_text(binding->key), &key)));
	encode((const uint8_t *)header, strlen(header), head, sizeof head);
	encode((const uint8_t *)binding->payload, strlen(binding->payload), body, sizeof body);
	const int length = snprintf(input, sizeof input, "%s.%s", head, body);
	const EVP_MD *digest = strcmp(binding->algorithm, "HS512") == 0	  ? EVP_sha512()
			       : strcmp(binding->algorithm, "HS384") == 0 ? EVP_sha384()
									  : EVP_sha256();
	assert_non_null(HMAC(digest, key.data, (int)key.size, (const uint8_t *)input, (size_t)length, made, &size));
	encode(made, binding->mac_octets == 0 ? size : binding->mac_octets, out, 128);
}

/* Opens an account with the binding, which stays here as it was sent. */
static char inner[6000];
static void open_bound(struct bench *bench, const struct client *client, const struct binding *binding,
		       struct answer *answer)
{
	char header[1024], signature[128], payload[6200];
	struct buffer raw = {.data = (uint8_t *)inner, .room = sizeof inner - 1};
	snprintf(header, sizeof header, "{\"alg\":\"%s\",%s,\"url\":\"%s\"%s}", binding->algorithm, binding->kid,
		 binding->url, binding->more);
	mac(binding, header, signature);
	sign_raw(header, binding->payload, signature, &raw);
	inner[raw.size] = 0;
	snprintf(payload, sizeof payload, "{\"externalAccountBinding\":%s}", inner);
	bench_post(bench, client, NEW_ACCOUNT, payload, answer);
}

static struct binding good_binding(const struct client *client, char jwk[1025])
{
	sign_jwk(client->key, jwk);
	return (struct binding){.algorithm = "HS256",
				.kid = "\"kid\":\"tenant\"",
				.url = URL,
				.key = BENCH_EAB_KEY,
				.payload = jwk,
				.more = ""};
}

static void an_account_is_opened_with_a_binding_and_shows_it(void **state)
{
	static const char *const algorithms[] = {"HS384", "HS512"};
	struct bench *bench = *state;
	struct answer answer;
	char jwk[1025];
	for (size_t i = 0; i < 2; i++) {
		struct client client = bench_client();
		struct binding binding = good_binding(&client, jwk);
		binding.algorithm = algorithms[i];
		if (i == 1) {
			binding.kid = "\"kid\":\"other\"";
			binding.key = BENCH_OTHER_EAB_KEY;
		}
		bench->registrar.directories[0].is_eab_required = true;
		open_bound(bench, &client, &binding, &answer);
		assert_int_equal(answer.http_status, 201);
		strcpy(client.kid, answer.location);
		bench_restart(bench, true);
		bench_post(bench, &client, client.kid, NULL, &answer);
		const json_t *shown = json_object_get(answer.json, "externalAccountBinding");
		json_t *sent = json_loads(inner, 0, NULL);
		assert_int_equal(json_object_size(sent), 3);
		assert_true(json_equal(shown, sent));
		json_decref(sent);
		bench_forget(&client);
	}
}

static void an_account_without_a_binding_is_opened_only_where_none_is_required(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), known = bench_client();
	struct answer answer;
	bench_register(bench, &known);
	bench_post(bench, &known, known.kid, NULL, &answer);
	assert_null(json_object_get(answer.json, "externalAccountBinding"));
	bench->registrar.directories[0].is_eab_required = true;
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	assert_true(json_is_true(json_object_get(json_object_get(answer.json, "meta"), "externalAccountRequired")));
	bench_post(bench, &client, NEW_ACCOUNT, "{}", &answer);
	bench_assert_refused(&answer, 403, "eab_required");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:externalAccountRequired");
	bench_post(bench, &client, NEW_ACCOUNT, "{\"externalAccountBinding\":null}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &client, NEW_ACCOUNT, "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	known.kid[0] = 0;
	bench_post(bench, &known, NEW_ACCOUNT, "{}", &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
	bench_forget(&known);
}

static void case_12_a_binding_that_is_wrong_anywhere_is_refused(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char jwk[1025], other_jwk[1025];
	const struct binding good = good_binding(&client, jwk);
	sign_jwk(other.key, other_jwk);
	struct {
		struct binding binding;
		unsigned http_status;
		const char *refusal;
	} rows[] = {
	    {good, 403, "eab_key_unknown"},	{good, 403, "eab_mac_wrong"},	    {good, 403, "eab_mac_wrong"},
	    {good, 403, "eab_mac_wrong"},	{good, 400, "eab_algorithm_wrong"}, {good, 400, "eab_algorithm_wrong"},
	    {good, 400, "eab_nonce"},		{good, 400, "eab_url_wrong"},	    {good, 400, "eab_account_wrong"},
	    {good, 400, "eab_account_wrong"},	{good, 400, "jws_jwk_not_allowed"}, {good, 400, "jws_header_malformed"},
	};
	char jwk_instead[1100];
	snprintf(jwk_instead, sizeof jwk_instead, "\"jwk\":%s", jwk);
	rows[0].binding.kid = "\"kid\":\"revoked\"";
	rows[1].binding.key = BENCH_OTHER_EAB_KEY;
	rows[2].binding.mac_octets = 16;
	rows[3].binding.kid = "\"kid\":\"other\"";
	rows[4].binding.algorithm = "none";
	rows[5].binding.algorithm = "ES256";
	rows[6].binding.more = ",\"nonce\":\"bm9uY2U\"";
	rows[7].binding.url = BENCH_ORIGIN "/acme/devices/new-order";
	rows[8].binding.payload = other_jwk;
	rows[9].binding.payload = "{}";
	rows[10].binding.kid = jwk_instead;
	rows[11].binding.more = ",\"crit\":[\"b64\"],\"b64\":false";
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_bound(bench, &client, &rows[i].binding, &answer);
		bench_assert_refused(&answer, rows[i].http_status, rows[i].refusal);
	}
	bench_post(bench, &client, NEW_ACCOUNT, "{\"externalAccountBinding\":{\"protected\":\"e30\"}}", &answer);
	bench_assert_refused(&answer, 400, "jws_malformed");
	/* Nothing of this used the key up. */
	open_bound(bench, &client, &good, &answer);
	assert_int_equal(answer.http_status, 201);
	bench_forget(&client);
	bench_forget(&other);
}

static void case_12_a_key_opens_one_account(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char jwk[1025], other_jwk[1025];
	const struct binding first = good_binding(&client, jwk), second = good_binding(&other, other_jwk);
	open_bound(bench, &client, &first, &answer);
	assert_int_equal(answer.http_status, 201);
	strcpy(client.kid, answer.location);
	open_bound(bench, &other, &second, &answer);
	bench_assert_refused(&answer, 403, "eab_key_used");
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	open_bound(bench, &other, &second, &answer);
	bench_assert_refused(&answer, 403, "eab_key_used");
	bench_post(bench, &other, NEW_ACCOUNT, "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	bench_forget(&client);
	bench_forget(&other);
}

static void a_key_that_is_short_or_no_base64url_stops_the_start(void **state)
{
	static const struct {
		const char *key;
		enum refusal refusal;
	} rows[] = {
	    {"AAAA", refusal_public_key_weak},
	    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", refusal_public_key_weak}, /* 31 octets and a half */
	    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", refusal_base64url_malformed},
	    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", refusal_none},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t octets[200];
		struct buffer record = BUFFER(octets);
		struct eab_keys keys = {.count = 0};
		const struct message_eab_key eab = {.name = bytes_from_text("a"), .key = bytes_from_text(rows[i].key)};
		assert_false(is_refused(wire_encode(message_eab_key, &eab, &record)));
		assert_int_equal(eab_add_key(&keys, buffer_view(&record)).refusal, rows[i].refusal);
		assert_int_equal(keys.count, rows[i].refusal == refusal_none);
	}
}

static void case_12_a_key_binds_no_account_in_a_directory_that_does_not_take_it(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char jwk[1025];
	const struct binding binding = good_binding(&client, jwk);
	bench->directories[0] = (struct bench_directory){.name = "devices", .has_no_eab_keys = true};
	bench->directories[1] = (struct bench_directory){.name = "others"};
	bench->directory_count = 2;
	bench_restart(bench, false);
	open_bound(bench, &client, &binding, &answer);
	bench_assert_refused(&answer, 403, "eab_key_unknown");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(an_account_is_opened_with_a_binding_and_shows_it),
	    ON_A_BENCH(an_account_without_a_binding_is_opened_only_where_none_is_required),
	    ON_A_BENCH(case_12_a_binding_that_is_wrong_anywhere_is_refused),
	    ON_A_BENCH(case_12_a_key_opens_one_account),
	    ON_A_BENCH(case_12_a_key_binds_no_account_in_a_directory_that_does_not_take_it),
	    cmocka_unit_test(a_key_that_is_short_or_no_base64url_stops_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
