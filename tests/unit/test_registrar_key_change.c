/* SPDX-License-Identifier: Apache-2.0
 * Key roll-over (RFC 8555 7.3.5): every check by the name of its refusal, and what the change does to orders. */
#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/registrar/bench_sign.h"

#define PATH "/acme/devices/key-change"
#define URL BENCH_ORIGIN PATH

/* A key change that is right but for what a test makes wrong. */
struct roll {
	EVP_PKEY *signer;		  /* of the inner JWS */
	const char *kid, *nonce, *url;	  /* of the inner JWS; "": absent */
	const char *account, *old_key;	  /* of its payload; old_key is a JWK or any other value */
};

static const char *write_inner(const struct roll *roll, char out[8192])
{
	char payload[4096];
	struct buffer inner = {.data = (uint8_t *)out, .room = 8191};
	snprintf(payload, sizeof payload, "{\"account\":\"%s\",\"oldKey\":%s}", roll->account, roll->old_key);
	sign_request(roll->signer, roll->kid, roll->nonce, roll->url, payload, &inner);
	out[inner.size] = 0;
	return out;
}

static struct roll good_roll(const struct client *client, EVP_PKEY *new_key, char jwk[1025])
{
	sign_jwk(client->key, jwk);
	return (struct roll){
	    .signer = new_key, .kid = "", .nonce = "", .url = URL, .account = client->kid, .old_key = jwk};
}

static void change_key(struct bench *bench, struct client *client, EVP_PKEY *new_key, struct answer *answer)
{
	char jwk[1025], inner[8192];
	const struct roll roll = good_roll(client, new_key, jwk);
	bench_post(bench, client, PATH, write_inner(&roll, inner), answer);
}

/* The client goes on with the new key. */
static void take_new_key(struct client *client, struct client *next)
{
	EVP_PKEY_free(client->key);
	client->key = next->key;
	next->key = NULL;
}

static void a_new_key_takes_the_place_of_the_old_at_once_and_for_good(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client();
	struct answer answer;
	bench_send(bench, 'G', "/acme/devices/directory", "", bytes_from(NULL, 0), &answer);
	assert_string_equal(bench_text(&answer, "keyChange"), URL);
	bench_register(bench, &client);
	bench_post(bench, &client, client.kid, "{\"contact\":[\"mailto:ada@example.org\"]}", &answer);
	strcpy(next.kid, client.kid);
	change_key(bench, &client, next.key, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.location, client.kid);
	assert_string_equal(json_string_value(bench_first(&answer, "contact")), "mailto:ada@example.org");
	for (int round = 0; round < 2; round++) {
		bench_post(bench, &client, client.kid, NULL, &answer);
		bench_assert_refused(&answer, 400, "signature_wrong");
		bench_post(bench, &next, client.kid, NULL, &answer);
		assert_int_equal(answer.http_status, 200);
		bench_restart(bench, false);
	}
	/* Each key finds its account: the new key the one it took over, the old key one of its own. */
	char kid[513];
	strcpy(kid, client.kid);
	next.kid[0] = client.kid[0] = 0;
	bench_post(bench, &next, "/acme/devices/new-account", "{\"onlyReturnExisting\":true}", &answer);
	assert_string_equal(answer.location, kid);
	bench_post(bench, &client, "/acme/devices/new-account", "{\"onlyReturnExisting\":true}", &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	bench_register(bench, &client);
	assert_string_not_equal(client.kid, kid);
	bench_forget(&client);
	bench_forget(&next);
}

static void a_key_is_replaced_by_one_of_any_kind_and_the_longest_size(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	EVP_PKEY *const keys[] = {
	    EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"),	  EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"),
	    EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096), EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)4096),
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct client next = {.key = keys[i]};
		change_key(bench, &client, next.key, &answer);
		assert_int_equal(answer.http_status, 200);
		take_new_key(&client, &next);
		bench_restart(bench, false);
		bench_post(bench, &client, client.kid, NULL, &answer);
		assert_int_equal(answer.http_status, 200);
	}
	bench_forget(&client);
}

static void case_11_the_inner_and_outer_request_must_agree(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client(), other = bench_client();
	struct answer answer;
	char jwk[1025], new_jwk[1025], other_jwk[1025], inner[8192];
	bench_register(bench, &client);
	bench_register(bench, &other);
	sign_jwk(next.key, new_jwk);
	sign_jwk(other.key, other_jwk);
	const struct roll good = good_roll(&client, next.key, jwk);
	struct {
		struct roll roll;
		const char *refusal;
	} rows[] = {
	    {good, "jws_kid_not_allowed"},	{good, "key_change_nonce"},	    {good, "key_change_url_wrong"},
	    {good, "key_change_url_wrong"},	{good, "key_change_account_wrong"}, {good, "key_change_account_wrong"},
	    {good, "key_change_old_key_wrong"}, {good, "key_change_old_key_wrong"}, {good, "key_change_old_key_wrong"},
	    {good, "payload_malformed"},
	};
	rows[0].roll.kid = client.kid;
	rows[1].roll.nonce = "bm9uY2U";
	rows[2].roll.url = URL "/";
	rows[3].roll.url = BENCH_ORIGIN "/acme/devices/new-account";
	rows[4].roll.account = other.kid;
	rows[5].roll.account = "https://elsewhere.test/acme/devices/account/1";
	rows[6].roll.old_key = new_jwk;
	rows[7].roll.old_key = other_jwk;
	rows[8].roll.old_key = "{\"kty\":\"oct\",\"k\":\"AAAA\"}";
	rows[9].roll.old_key = "\"a key\"";
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(bench, &client, PATH, write_inner(&rows[i].roll, inner), &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
		assert_non_null(strstr(bench_text(&answer, "detail"), "in the inner JWS"));
	}
	/* The inner request of one account, sent by another. */
	bench_post(bench, &other, PATH, write_inner(&good, inner), &answer);
	bench_assert_refused(&answer, 400, "key_change_account_wrong");
	bench_post(bench, &client, client.kid, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_post(bench, &client, PATH, inner, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
	bench_forget(&next);
	bench_forget(&other);
}

static void case_11_the_new_key_must_have_signed_and_be_strong(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client(), other = bench_client();
	struct answer answer;
	char jwk[1025], new_jwk[1025], header[3000], inner[8192];
	bench_register(bench, &client);
	sign_jwk(next.key, new_jwk);
	const struct roll roll = good_roll(&client, next.key, jwk);
	/* The signature of another key; of another payload. */
	write_inner(&roll, inner);
	char *signature = strstr(inner, "\"signature\":\"") + 13;
	signature[0] = signature[0] == 'A' ? 'B' : 'A';
	bench_post(bench, &client, PATH, inner, &answer);
	bench_assert_refused(&answer, 400, "signature_wrong");
	static const struct {
		const char *algorithm, *key, *refusal;
	} rows[] = {
	    {"none", NULL, "algorithm_unsupported"},
	    {"HS256", NULL, "algorithm_unsupported"},
	    {"ES384", NULL, "algorithm_unsupported"},
	    {"RS256", "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"_____w\"}", "public_key_weak"},
	    {"EdDSA", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	     "public_key_weak"},
	    {"ES256", "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", "public_key_bad"},
	    {"HS256", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "public_key_bad"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buffer raw = {.data = (uint8_t *)inner, .room = sizeof inner - 1};
		snprintf(header, sizeof header, "{\"alg\":\"%s\",\"url\":\"" URL "\",\"jwk\":%s}", rows[i].algorithm,
			 rows[i].key == NULL ? new_jwk : rows[i].key);
		sign_raw(header, "{}", "AAAA", &raw);
		inner[raw.size] = 0;
		bench_post(bench, &client, PATH, inner, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
	}
	bench_forget(&client);
	bench_forget(&next);
	bench_forget(&other);
}

static void what_is_no_inner_request_is_refused(void **state)
{
	static const struct {
		unsigned http_status;
		const char *payload, *refusal;
	} rows[] = {
	    {400, NULL, "payload_malformed"},
	    {400, "{}", "jws_malformed"},
	    {400, "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\"}", "jws_header_malformed"},
	    {400, "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"\",\"header\":{}}", "jws_malformed"},
	    {400, "{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"\"}", "base64url_malformed"},
	    {400, "{\"protected\":\"e30\",\"protected\":\"e30\",\"payload\":\"\"}", "json_duplicate"},
	    {400, "[]", "json_malformed"},
	};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char padded[8300];
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(bench, &client, PATH, rows[i].payload, &answer);
		bench_assert_refused(&answer, rows[i].http_status, rows[i].refusal);
	}
	memset(padded, ' ', sizeof padded);
	strcpy(padded + 8200, "{}");
	bench_post(bench, &client, PATH, padded, &answer);
	bench_assert_refused(&answer, 413, "body_too_long");
	bench_forget(&client);
}

static void case_11_a_key_that_an_account_has_is_a_conflict_and_location_says_whose(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	bench_register(bench, &other);
	change_key(bench, &client, other.key, &answer);
	bench_assert_refused(&answer, 409, "account_key_in_use");
	assert_string_equal(answer.location, other.kid);
	change_key(bench, &client, client.key, &answer);
	bench_assert_refused(&answer, 409, "account_key_in_use");
	assert_string_equal(answer.location, client.kid);
	bench_post(bench, &other, other.kid, "{\"status\":\"deactivated\"}", &answer);
	change_key(bench, &client, other.key, &answer);
	bench_assert_refused(&answer, 409, "account_key_in_use");
	bench_post(bench, &client, client.kid, NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
	bench_forget(&other);
}

static void case_11_only_the_old_key_of_a_live_account_changes_it(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client(), thief = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	strcpy(thief.kid, client.kid);
	change_key(bench, &thief, next.key, &answer);
	bench_assert_refused(&answer, 400, "signature_wrong");
	thief.kid[0] = 0;
	bench_post(bench, &thief, PATH, "{}", &answer);
	bench_assert_refused(&answer, 400, "jws_jwk_not_allowed");
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	change_key(bench, &client, next.key, &answer);
	bench_assert_refused(&answer, 401, "account_deactivated");
	bench_forget(&client);
	bench_forget(&next);
	bench_forget(&thief);
}

static void pending_and_ready_orders_go_on_with_the_new_key(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client();
	struct answer answer;
	char pending[65], ready[65], path[600];
	uint8_t old_thumbprint[32];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", pending);
	bench_order(bench, &client, "ABD", ready);
	bench_attest(bench, &client, ready);
	memcpy(old_thumbprint, bench->verifier.thumbprint, sizeof old_thumbprint);
	change_key(bench, &client, next.key, &answer);
	assert_int_equal(answer.http_status, 200);
	take_new_key(&client, &next);
	bench_assert_order(bench, &client, pending, "pending");
	/* What was attested for the old key is attested again, in the same order with the same token. */
	bench_assert_order(bench, &client, ready, "pending");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", ready), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	assert_int_equal(bench->signer.issues, 0);
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", ready), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "pending");
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "status"), "pending");
	assert_null(json_object_get(bench_first(&answer, "challenges"), "validated"));
	const char *const names[] = {pending, ready};
	for (size_t i = 0; i < 2; i++) {
		bench_attest(bench, &client, names[i]);
		assert_memory_not_equal(bench->verifier.thumbprint, old_thumbprint, sizeof old_thumbprint);
		bench_finalize(bench, &client, names[i]);
	}
	bench_post(bench, &client, bench_path(path, "certificate/%s", ready), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_forget(&client);
}

/* The verifier holds the statement in hand while the key is changed. */
static void a_verdict_for_the_old_key_does_not_outlast_it(void **state)
{
	struct bench *bench = *state;
	char name[65], path[600];
	for (int is_good = 0; is_good < 2; is_good++) {
		struct client client = bench_client(), next = bench_client(), old;
		struct answer answer;
		bench_register(bench, &client);
		bench_order(bench, &client, "ABC", name);
		old = client;
		bench->verifier.refusal = is_good ? refusal_none : refusal_tpm_extra_data_wrong;
		bench->verifier.delay_ms = 300;
		struct sender challenge = {.bench = bench,
					   .client = &old,
					   .path = bench_path(path, "challenge/%s/0/device-attest-01", name),
					   .payload = "{\"attObj\":\"oWNmbXRjdHBt\"}"};
		bench_post_apart(&challenge);
		while (!flight_has(bench->registrar.flight, "challenge", name))
			usleep(1000);
		usleep(50000);
		change_key(bench, &client, next.key, &answer);
		assert_int_equal(answer.http_status, 200);
		bench_await(&challenge);
		assert_int_equal(challenge.http_status, 401);
		bench->verifier.delay_ms = 0;
		bench->verifier.refusal = refusal_none;
		take_new_key(&client, &next);
		bench_assert_order(bench, &client, name, "pending");
		bench_attest(bench, &client, name);
		bench_finalize(bench, &client, name);
		bench_forget(&client);
	}
}

static void of_two_key_changes_at_once_one_gets_through(void **state)
{
	struct bench *bench = *state;
	for (int round = 0; round < 10; round++) {
		struct client client = bench_client(), one = bench_client(), two = bench_client();
		struct answer answer;
		char jwk[1025], first[8192], second[8192];
		bench_register(bench, &client);
		const struct roll to_one = good_roll(&client, one.key, jwk), to_two = good_roll(&client, two.key, jwk);
		struct sender senders[] = {
		    {.bench = bench, .client = &client, .path = PATH, .payload = write_inner(&to_one, first)},
		    {.bench = bench, .client = &client, .path = PATH, .payload = write_inner(&to_two, second)}};
		bench_post_apart(&senders[0]);
		bench_post_apart(&senders[1]);
		bench_await(&senders[0]);
		bench_await(&senders[1]);
		assert_int_equal((senders[0].http_status == 200) + (senders[1].http_status == 200), 1);
		struct client *const winner = senders[0].http_status == 200 ? &one : &two,
				     *const loser = winner == &one ? &two : &one;
		strcpy(winner->kid, client.kid);
		strcpy(loser->kid, client.kid);
		bench_post(bench, winner, client.kid, NULL, &answer);
		assert_int_equal(answer.http_status, 200);
		bench_post(bench, loser, client.kid, NULL, &answer);
		bench_assert_refused(&answer, 400, "signature_wrong");
		bench_forget(&client);
		bench_forget(&one);
		bench_forget(&two);
	}
}

/* A request that was verified with the key that this process knew, while the store has another already. */
static void a_request_by_a_key_that_was_just_replaced_is_refused(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client();
	struct account_row before, after;
	struct answer answer;
	bench_register(bench, &client);
	store_enter(bench->registrar.store);
	assert_false(is_refused(store_account_find(bench->registrar.store, 1, &before)));
	after = before;
	after.thumbprint[0] ^= 1;
	sign_jwk(next.key, after.jwk);
	assert_false(is_refused(store_leave(bench->registrar.store,
					    store_account_change_key(bench->registrar.store, &before, &after))));
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	bench_assert_refused(&answer, 401, "account_key_replaced");
	bench_forget(&client);
	bench_forget(&next);
}

/* Who read the store before a change may keep the old key only if it comes too late to be asked. */
static void a_replaced_key_is_not_kept_by_who_read_it_before(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), next = bench_client();
	struct key_holder old, now = {0}, found;
	struct answer answer;
	bench_register(bench, &client);
	struct keyring *keyring = bench->registrar.keyring;
	assert_false(is_refused(keyring_find_account(keyring, bench->registrar.store, 1, &old)));
	const uint64_t changes = keyring_changes(keyring);
	change_key(bench, &client, next.key, &answer);
	assert_int_equal(answer.http_status, 200);
	for (int64_t other = 1; other <= 5; other++) { /* drives it out of its set */
		now = old;
		now.account = 1 + 256 * other;
		keyring_keep(keyring, &now, keyring_changes(keyring));
	}
	keyring_keep(keyring, &old, changes);
	assert_false(is_refused(keyring_find_account(keyring, bench->registrar.store, 1, &found)));
	assert_memory_not_equal(found.thumbprint, old.thumbprint, sizeof old.thumbprint);
	EVP_PKEY_free(old.key);
	EVP_PKEY_free(found.key);
	bench_forget(&client);
	bench_forget(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(a_new_key_takes_the_place_of_the_old_at_once_and_for_good),
	    ON_A_BENCH(a_key_is_replaced_by_one_of_any_kind_and_the_longest_size),
	    ON_A_BENCH(case_11_the_inner_and_outer_request_must_agree),
	    ON_A_BENCH(case_11_the_new_key_must_have_signed_and_be_strong),
	    ON_A_BENCH(what_is_no_inner_request_is_refused),
	    ON_A_BENCH(case_11_a_key_that_an_account_has_is_a_conflict_and_location_says_whose),
	    ON_A_BENCH(case_11_only_the_old_key_of_a_live_account_changes_it),
	    ON_A_BENCH(pending_and_ready_orders_go_on_with_the_new_key),
	    ON_A_BENCH(a_verdict_for_the_old_key_does_not_outlast_it),
	    ON_A_BENCH(of_two_key_changes_at_once_one_gets_through),
	    ON_A_BENCH(a_request_by_a_key_that_was_just_replaced_is_refused),
	    ON_A_BENCH(a_replaced_key_is_not_kept_by_who_read_it_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
