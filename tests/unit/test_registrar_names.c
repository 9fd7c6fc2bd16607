/* SPDX-License-Identifier: Apache-2.0
 * Orders that name servers: several identifiers and challenges, probed while the client waits. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ca/registrar/describe.h"
#include "ca/registrar/store_sqlite.h"
#include "tests/registrar/bench.h"

/* The directory takes everything from now on, until the registrar starts anew. */
static void take_all(struct bench *bench)
{
	struct directory *directory = &bench->registrar.directories[0];
	strcpy(directory->identifiers, "permanent-identifier hardware-module dns ip");
	strcpy(directory->profiles[0].dns_suffixes, "example.test");
	strcpy(directory->profiles[0].ip_ranges, "192.0.2.0/24 2001:db8::/32");
	for (enum challenge i = 0; i < challenge_count; i++)
		directory->offers[i] = true;
}

#define DNS(value) "{\"type\":\"dns\",\"value\":\"" value "\"}"
#define IP(value) "{\"type\":\"ip\",\"value\":\"" value "\"}"
#define DEVICE "{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}"
#define ORDER(list) "{\"identifiers\":[" list "]}"
#define TWO DNS("www.example.test") "," IP("192.0.2.7")

static void order(struct bench *bench, const struct client *client, const char *payload, char name[65])
{
	struct answer answer;
	take_all(bench);
	bench_post(bench, client, "/acme/devices/new-order", payload, &answer);
	if (answer.http_status != 201)
		fail_msg("%s", answer.body);
	snprintf(name, 65, "%s", strrchr(answer.location, '/') + 1);
}

static void begin(struct bench *bench, struct client *client, const char *payload, char name[65])
{
	*client = bench_client();
	bench_register(bench, client);
	order(bench, client, payload, name);
}

static void read_authorization(struct bench *bench, const struct client *client, const char *name, unsigned number,
			       struct answer *out)
{
	char path[600];
	bench_post(bench, client, bench_path(path, "authorization/%s/%u", name, number), NULL, out);
	assert_int_equal(out->http_status, 200);
}

static void respond(struct bench *bench, const struct client *client, const char *name, unsigned number,
		    const char *type, struct answer *out)
{
	char path[600];
	bench_post(bench, client, bench_path(path, "challenge/%s/%u/%s", name, number, type), "{}", out);
	assert_int_equal(out->http_status, 200);
}

/* All that waits is probed. */
static void probe_all(struct bench *bench)
{
	while (probe_once(&bench->registrar) == probe_done)
		;
}

static void assert_authorization(struct bench *bench, const struct client *client, const char *name, unsigned number,
				 const char *expected)
{
	struct answer answer;
	read_authorization(bench, client, name, number, &answer);
	assert_string_equal(bench_text(&answer, "status"), expected);
}

static void each_identifier_has_an_authorization_with_the_challenges_that_can_prove_it(void **state)
{
	static const char *const expected[5][3] = {{"device-attest-01"},
						   {"http-01", "dns-01", "tls-alpn-01"},
						   {"dns-01"},
						   {"http-01", "tls-alpn-01"},
						   {"http-01", "tls-alpn-01"}};
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], tokens[12][130], path[600];
	size_t token_count = 0;
	begin(bench, &client, ORDER(DEVICE "," DNS("a.example.test") "," DNS("*.example.test") "," IP("192.0.2.7") "," IP("2001:db8::1")),
	      name);
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "authorizations")), 5);
	assert_int_equal(json_array_size(json_object_get(answer.json, "identifiers")), 5);
	assert_string_equal(bench_member(json_array_get(json_object_get(answer.json, "identifiers"), 2), "value"),
			    "*.example.test");
	for (unsigned i = 0; i < 5; i++) {
		read_authorization(bench, &client, name, i, &answer);
		const json_t *list = json_object_get(answer.json, "challenges");
		assert_int_equal(json_array_size(list), (i == 1 ? 3 : i > 2 ? 2 : 1));
		for (size_t k = 0; k < json_array_size(list); k++) {
			const json_t *challenge = json_array_get(list, k);
			assert_string_equal(bench_member(challenge, "type"), expected[i][k]);
			assert_string_equal(bench_member(challenge, "status"), "pending");
			snprintf(tokens[token_count++], 130, "%s", bench_member(challenge, "token"));
		}
		assert_true(json_is_true(json_object_get(answer.json, "wildcard")) == (i == 2));
		if (i == 2) /* RFC 8555 7.1.4 */
			assert_string_equal(bench_member(json_object_get(answer.json, "identifier"), "value"), "example.test");
	}
	for (size_t i = 0; i < token_count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tokens[i], tokens[k]);
	bench_forget(&client);
}

static void a_directory_offers_no_other_challenges_than_its_own(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65];
	begin(bench, &client, ORDER(TWO), name);
	bench->registrar.directories[0].offers[challenge_http_01] = bench->registrar.directories[0].offers[challenge_tls_alpn_01] = false;
	bench_post(bench, &client, "/acme/devices/new-order", ORDER(DNS("b.example.test")), &answer);
	assert_int_equal(answer.http_status, 201);
	snprintf(name, sizeof name, "%s", strrchr(answer.location, '/') + 1);
	read_authorization(bench, &client, name, 0, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "challenges")), 1);
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "type"), "dns-01");
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "token"), "token-1-1-of-the-order");
	bench_post(bench, &client, "/acme/devices/new-order", ORDER(IP("192.0.2.7")), &answer);
	bench_assert_refused(&answer, 403, "challenge_unavailable");
	bench_forget(&client);
}

static void names_are_probed_and_the_order_is_ready_with_the_last_of_them(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	assert_string_equal(bench_text(&answer, "status"), "processing");
	assert_int_equal(answer.retry_after_s, 1);
	assert_authorization(bench, &client, name, 0, "pending");
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_int_equal(answer.retry_after_s, 1);
	respond(bench, &client, name, 0, "http-01", &answer); /* said twice, probed once */
	assert_int_equal(bench->prober.probes, 0);
	probe_all(bench);
	assert_int_equal(bench->prober.probes, 1);
	assert_string_equal(bench->prober.identifier, "www.example.test");
	assert_string_equal(bench->prober.type, "dns");
	assert_string_equal(bench->prober.challenge, "http-01");
	assert_string_equal(bench->prober.token, "token-0-0-of-the-order");
	read_authorization(bench, &client, name, 0, &answer);
	assert_string_equal(bench_text(&answer, "status"), "valid");
	assert_int_equal(answer.retry_after_s, 0);
	assert_int_equal(json_array_size(json_object_get(answer.json, "challenges")), 1); /* the one that did it */
	assert_string_not_equal(bench_member(bench_first(&answer, "challenges"), "validated"), "");
	bench_assert_order(bench, &client, name, "pending");
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 403, "order_not_ready");
	respond(bench, &client, name, 1, "tls-alpn-01", &answer);
	probe_all(bench);
	bench_assert_order(bench, &client, name, "ready");
	bench_finalize(bench, &client, name);
	assert_int_equal(bench->signer.names, 2);
	assert_int_equal(bench->signer.device_size, 0);
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	const json_t *why = json_object_get(answer.json, "why");
	assert_string_equal(bench_member(why, "identifier"), "www.example.test");
	assert_string_equal(bench_member(json_array_get(json_object_get(why, "identifiers"), 1), "challenge"), "tls-alpn-01");
	bench_forget(&client);
}

static void a_device_with_names_is_ready_when_both_were_proven(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65];
	for (int is_device_first = 0; is_device_first < 2; is_device_first++) {
		begin(bench, &client, ORDER(DEVICE "," DNS("www.example.test")), name);
		if (is_device_first)
			bench_attest(bench, &client, name);
		respond(bench, &client, name, 1, "dns-01", &answer);
		probe_all(bench);
		bench_assert_order(bench, &client, name, is_device_first ? "ready" : "pending");
		if (!is_device_first)
			bench_attest(bench, &client, name);
		bench_assert_order(bench, &client, name, "ready");
		bench_finalize(bench, &client, name);
		assert_int_equal(bench->signer.names, 1);
		assert_int_not_equal(bench->signer.device_size, 0);
		bench_forget(&client);
	}
}

/* Probed while the statement is being judged: neither word is lost. */
static void a_name_that_is_proven_while_a_statement_is_judged_stays_proven(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(DEVICE "," DNS("www.example.test")), name);
	respond(bench, &client, name, 1, "dns-01", &answer);
	bench->verifier.delay_ms = 300;
	struct sender sender = {.bench = bench,
				.client = &client,
				.path = bench_path(path, "challenge/%s/0/device-attest-01", name),
				.payload = "{\"attObj\":\"oWNmbXRjdHBt\"}"};
	bench_post_apart(&sender);
	while (!flight_has(bench->registrar.flight, "challenge", name))
		usleep(1000);
	probe_all(bench);
	bench_await(&sender);
	assert_int_equal(sender.http_status, 200);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static void one_name_that_fails_ends_the_order_and_says_which_it_was(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	probe_all(bench);
	bench->prober.refusal = refusal_token_forged;
	respond(bench, &client, name, 1, "http-01", &answer);
	probe_all(bench);
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	const json_t *error = json_object_get(answer.json, "error");
	assert_string_equal(bench_member(error, "refusal"), "token_forged");
	const json_t *subproblem = json_array_get(json_object_get(error, "subproblems"), 0);
	assert_string_equal(bench_member(subproblem, "type"), "urn:ietf:params:acme:error:unauthorized");
	assert_string_equal(bench_member(subproblem, "detail"), "as the test wished");
	assert_string_equal(bench_member(json_object_get(subproblem, "identifier"), "value"), "192.0.2.7");
	read_authorization(bench, &client, name, 1, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_int_equal(json_array_size(json_object_get(answer.json, "challenges")), 1);
	assert_string_equal(bench_member(bench_first(&answer, "challenges"), "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(bench_first(&answer, "challenges"), "error"), "refusal"), "token_forged");
	assert_authorization(bench, &client, name, 0, "valid");
	respond(bench, &client, name, 1, "tls-alpn-01", &answer); /* changes nothing any more */
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_int_equal(bench->prober.probes, 2);
	bench_forget(&client);
}

static void a_failed_attestation_ends_the_order_with_its_names(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(DEVICE "," DNS("www.example.test")), name);
	bench->verifier.refusal = refusal_tpm_signature_wrong;
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), "{\"attObj\":\"oWNmbXRjdHBt\"}",
		   &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	const json_t *error = json_object_get(answer.json, "error");
	assert_string_equal(bench_member(json_object_get(json_array_get(json_object_get(error, "subproblems"), 0), "identifier"),
					 "value"),
			    "ABC");
	bench_assert_order(bench, &client, name, "invalid");
	assert_authorization(bench, &client, name, 1, "invalid");
	bench_forget(&client);
}

static void what_was_asked_for_is_probed_after_a_restart(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	respond(bench, &client, name, 1, "http-01", &answer);
	bench_restart(bench, false);
	assert_int_equal(bench->prober.probes, 0);
	bench_wire_prober(bench);
	probe_all(bench);
	assert_int_equal(bench->prober.probes, 2);
	bench_assert_order(bench, &client, name, "ready");
	bench_restart(bench, true); /* of another boot: nothing */
	probe_all(bench);
	assert_int_equal(bench->prober.probes, 2);
	bench_forget(&client);
}

static void a_prober_that_is_away_or_busy_is_asked_again(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(DNS("www.example.test")), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	bench->prober.refusal = refusal_busy;
	assert_int_equal(probe_once(&bench->registrar), probe_later);
	bench->prober.is_deaf = true;
	assert_int_equal(probe_once(&bench->registrar), probe_later);
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/http-01", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "processing");
	assert_int_equal(answer.retry_after_s, 1);
	bench->prober.is_deaf = false;
	bench->prober.refusal = refusal_none;
	bench_wire_prober(bench);
	probe_all(bench);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static void more_than_the_queue_holds_is_probed_all_the_same(void **state)
{
	enum { names = 24, orders = 12 };
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char payload[4096], name[65];
	take_all(bench);
	bench_register(bench, &client);
	for (unsigned i = 0; i < orders; i++) {
		int size = snprintf(payload, sizeof payload, "{\"identifiers\":[");
		for (unsigned k = 0; k < names; k++)
			size += snprintf(payload + size, sizeof payload - (size_t)size, "%s" DNS("h%u.example.test"),
					 k == 0 ? "" : ",", k);
		snprintf(payload + size, sizeof payload - (size_t)size, "]}");
		order(bench, &client, payload, name);
		for (unsigned k = 0; k < names; k++)
			respond(bench, &client, name, k, "http-01", &answer);
	}
	assert_true(names * orders > probe_queue_most);
	probe_all(bench);
	assert_int_equal(bench->prober.probes, names * orders);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static int interrupt(void *nothing)
{
	(void)nothing;
	return 1;
}

static void a_database_that_cannot_be_read_is_not_asked_without_a_pause(void **state)
{
	struct bench *bench = *state;
	sqlite3 *connection = bench->registrar.store->connection;
	bench->registrar.probing->is_scan_due = true;
	sqlite3_progress_handler(connection, 1, interrupt, NULL);
	assert_int_equal(probe_once(&bench->registrar), probe_later);
	sqlite3_progress_handler(connection, 0, NULL, NULL);
	assert_int_equal(probe_once(&bench->registrar), probe_idle);
}

static void case_91_on_a_full_disk_nobody_is_probed_and_later_once(void **state)
{
	struct rlimit limit = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65];
	begin(bench, &client, ORDER(DNS("www.example.test")), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(probe_once(&bench->registrar), probe_later);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(bench->prober.probes, 0);
	probe_all(bench);
	assert_int_equal(bench->prober.probes, 1);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static void change_key(struct bench *bench, const struct account_row *from, const struct account_row *to)
{
	store_enter(bench->registrar.store);
	assert_false(
	    is_refused(store_leave(bench->registrar.store, store_account_change_key(bench->registrar.store, from, to))));
}

/* As the client does it with its new key. */
static void ask_anew(struct bench *bench, const char *name)
{
	static struct order_row order;
	store_enter(bench->registrar.store);
	assert_false(is_refused(store_order_find(bench->registrar.store, name, &order)));
	assert_int_equal(order.authorizations[0].challenges[0].state, challenge_pending);
	order.authorizations[0].challenges[0].state = challenge_processing;
	assert_false(is_refused(store_leave(bench->registrar.store, store_order_write(bench->registrar.store, &order))));
}

static void *probe_apart(void *bench)
{
	probe_once(&((struct bench *)bench)->registrar);
	return NULL;
}

/* The key changes while the prober is asked: its voucher is for the key before, even if the client asks anew. */
static void a_name_probed_for_a_key_that_was_replaced_is_probed_anew(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	struct account_row first, second;
	static struct order_row order;
	pthread_t thread;
	char name[65];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 1, "http-01", &answer);
	probe_all(bench);
	assert_authorization(bench, &client, name, 1, "valid");
	store_enter(bench->registrar.store);
	assert_false(
	    is_refused(store_leave(bench->registrar.store, store_account_find(bench->registrar.store, 1, &first))));
	second = first;
	second.thumbprint[0] ^= 1;
	change_key(bench, &first, &second);
	change_key(bench, &second, &first); /* so that the client can go on asking */
	assert_authorization(bench, &client, name, 1, "pending");
	respond(bench, &client, name, 0, "http-01", &answer);
	bench->prober.delay_ms = 300;
	assert_int_equal(pthread_create(&thread, NULL, probe_apart, bench), 0);
	while (bench->prober.probes < 2)
		usleep(1000);
	change_key(bench, &first, &second);
	ask_anew(bench, name);
	assert_int_equal(pthread_join(thread, NULL), 0);
	store_enter(bench->registrar.store);
	assert_false(is_refused(store_leave(bench->registrar.store, store_order_find(bench->registrar.store, name, &order))));
	assert_int_equal(order.authorizations[0].state, authorization_pending);
	assert_int_equal(order.authorizations[0].challenges[0].state, challenge_processing);
	bench->prober.delay_ms = 0;
	assert_int_equal(probe_once(&bench->registrar), probe_done); /* nobody has to ask a third time */
	assert_int_equal(bench->prober.probes, 3);
	assert_memory_equal(bench->prober.thumbprint, second.thumbprint, 32);
	change_key(bench, &second, &first);
	respond(bench, &client, name, 0, "http-01", &answer);
	respond(bench, &client, name, 1, "http-01", &answer);
	probe_all(bench);
	bench_assert_order(bench, &client, name, "ready");
	bench_forget(&client);
}

static void an_authorization_that_is_given_up_takes_the_order_with_it(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	assert_string_equal(bench_text(&answer, "status"), "deactivated");
	bench_assert_order(bench, &client, name, "invalid");
	probe_all(bench); /* nobody wants to know any more */
	assert_int_equal(bench->prober.probes, 0);
	bench_post(bench, &client, bench_path(path, "authorization/%s/2", name), NULL, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_post(bench, &client, bench_path(path, "authorization/%s/00", name), NULL, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_post(bench, &client, bench_path(path, "challenge/%s/0/device-attest-01", name), NULL, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_forget(&client);
}

static void a_word_on_what_was_given_up_meanwhile_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	pthread_t thread;
	char name[65], path[600];
	begin(bench, &client, ORDER(DNS("www.example.test")), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	bench->prober.delay_ms = 300;
	assert_int_equal(pthread_create(&thread, NULL, probe_apart, bench), 0);
	while (bench->prober.probes < 1)
		usleep(1000);
	bench_post(bench, &client, bench_path(path, "authorization/%s/0", name), "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_authorization(bench, &client, name, 0, "deactivated");
	bench_assert_order(bench, &client, name, "invalid");
	bench_forget(&client);
}

static void a_challenge_that_is_not_needed_any_more_is_not_probed(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65], path[600];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	respond(bench, &client, name, 0, "dns-01", &answer);
	probe_once(&bench->registrar); /* the first was enough */
	assert_authorization(bench, &client, name, 0, "valid");
	bench->prober.refusal = refusal_token_forged;
	probe_all(bench);
	assert_int_equal(bench->prober.probes, 1);
	bench_post(bench, &client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "pending");
	assert_int_equal(answer.retry_after_s, 0);
	bench_forget(&client);
}

/* What is not even worth a subproblem is refused too: else the order would have the authorization, valid ones too, of
 * whoever was served here before. */
static void an_identifier_that_is_too_long_to_be_repeated_is_refused(void **state)
{
	char payload[6000];
	struct bench *bench = *state;
	struct client victim, client = bench_client();
	struct answer answer;
	char name[65];
	begin(bench, &victim, ORDER(TWO), name);
	respond(bench, &victim, name, 0, "http-01", &answer);
	respond(bench, &victim, name, 1, "http-01", &answer);
	probe_all(bench);
	bench_register(bench, &client);
	bench_assert_order(bench, &victim, name, "ready");
	const int size = snprintf(payload, sizeof payload, "%s", "{\"identifiers\":[{\"type\":\"");
	memset(payload + size, 0x7f, 5600); /* each is six octets there */
	strcpy(payload + size + 5600, "\",\"value\":\"a\"}]}");
	bench_post(bench, &client, "/acme/devices/new-order", payload, &answer);
	bench_assert_refused(&answer, 400, "identifier_type_unsupported");
	bench_forget(&client);
	bench_forget(&victim);
}

static void nobody_has_more_than_his_share_of_the_probes(void **state)
{
	(void)state;
	static struct probing probing;
	probe_open(&probing);
	for (unsigned i = 0; i < probe_account_most; i++)
		assert_true(probe_admit(&probing, 1));
	assert_false(probe_admit(&probing, 1));
	for (int64_t other = 2; other <= probe_threads - probe_account_most + 1; other++)
		assert_true(probe_admit(&probing, other));
	assert_false(probe_admit(&probing, 99)); /* no thread would be left to ask */
	probe_give_back(&probing, 2);
	assert_false(probe_admit(&probing, 1));
	assert_true(probe_admit(&probing, 99));
	probe_give_back(&probing, 1);
	probe_give_back(&probing, 99);
	assert_true(probe_admit(&probing, 1));
	assert_false(probe_admit(&probing, 1));
}

/* Who has his share in hand waits, and another is served meanwhile. */
static void an_order_waits_while_its_account_has_its_share(void **state)
{
	struct bench *bench = *state;
	struct client client;
	struct answer answer;
	char name[65];
	begin(bench, &client, ORDER(TWO), name);
	respond(bench, &client, name, 0, "http-01", &answer);
	const int64_t account = strtoll(strrchr(client.kid, '/') + 1, NULL, 10);
	struct probing *probing = bench->registrar.probing;
	for (unsigned i = 0; i < probe_account_most; i++)
		assert_true(probe_admit(probing, account));
	assert_int_equal(probe_once(&bench->registrar), probe_later);
	for (unsigned i = 0; i < probe_account_most; i++)
		probe_give_back(probing, account);
	assert_int_equal(probe_once(&bench->registrar), probe_done);
	assert_true(probe_admit(probing, account)); /* it gave back what it took */
	bench_forget(&client);
}

static void identifiers_that_cannot_be_certified_are_refused_one_by_one(void **state)
{
	static const struct {
		const char *payload, *refusal;
		unsigned http_status;
	} rows[] = {{ORDER(DNS("A.example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("a.example.test.")), "identifier_malformed", 400},
		    {ORDER(DNS("a_b.example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("-a.example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("a..example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("a.*.example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("*")), "identifier_malformed", 400},
		    {ORDER(DNS("192.0.2.7")), "identifier_malformed", 400},
		    {ORDER(DNS("xn--0.example.test")), "identifier_malformed", 400},
		    {ORDER(DNS("")), "identifier_malformed", 400},
		    {ORDER(IP("192.0.2.007")), "identifier_malformed", 400},
		    {ORDER(IP("2001:DB8::1")), "identifier_malformed", 400},
		    {ORDER(IP("2001:db8:0:0::1")), "identifier_malformed", 400},
		    {ORDER(IP("::ffff:192.0.2.7")), "identifier_malformed", 400},
		    {ORDER(IP("192.0.2.0/24")), "identifier_malformed", 400},
		    {ORDER(DNS("example.org")), "envelope_name_outside", 403},
		    {ORDER(DNS("badexample.test")), "envelope_name_outside", 403},
		    {ORDER(IP("198.51.100.1")), "envelope_name_outside", 403},
		    {ORDER("{\"type\":\"email\",\"value\":\"a@b\"}"), "identifier_type_unsupported", 400},
		    {ORDER(DNS("a.example.test") "," DNS("a.example.test")), "identifier_count", 400},
		    {ORDER(DEVICE ",{\"type\":\"hardware-module\",\"value\":\"7/1.2.3\"}"), "identifier_count", 400},
		    {ORDER("{\"type\":\"hardware-module\",\"value\":\"7\"}"), "identifier_malformed", 400}};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	take_all(bench);
	bench_register(bench, &client);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bench_post(bench, &client, "/acme/devices/new-order", rows[i].payload, &answer);
		bench_assert_refused(&answer, rows[i].http_status, rows[i].refusal);
	}
	bench_post(bench, &client, "/acme/devices/new-order",
		   ORDER(DNS("example.org") "," DNS("a.example.test") "," IP("10.0.0.1") ",{\"type\":\"email\",\"value\":\"a\"}"), &answer);
	bench_assert_refused(&answer, 403, "envelope_name_outside");
	const json_t *list = json_object_get(answer.json, "subproblems");
	static const char *const values[] = {"example.org", "10.0.0.1", "a"};
	static const char *const types[] = {"rejectedIdentifier", "rejectedIdentifier", "unsupportedIdentifier"};
	assert_int_equal(json_array_size(list), 3);
	for (size_t i = 0; i < 3; i++) {
		const json_t *one = json_array_get(list, i);
		assert_string_equal(bench_member(json_object_get(one, "identifier"), "value"), values[i]);
		assert_string_equal(strrchr(bench_member(one, "type"), ':') + 1, types[i]);
	}
	assert_int_equal(bench->verifier.orders, 0);
	bench_forget(&client);
}

static void an_order_is_bounded_in_number_and_octets(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char payload[16000], label[64];
	take_all(bench);
	bench_register(bench, &client);
	memset(label, 'x', 63);
	label[63] = 0;
	for (unsigned count = 32; count <= 33; count++) {
		int size = snprintf(payload, sizeof payload, "{\"identifiers\":[");
		for (unsigned k = 0; k < count; k++)
			size += snprintf(payload + size, sizeof payload - (size_t)size, "%s" DNS("h%u.example.test"),
					 k == 0 ? "" : ",", k);
		snprintf(payload + size, sizeof payload - (size_t)size, "]}");
		bench_post(bench, &client, "/acme/devices/new-order", payload, &answer);
		if (count == 32)
			assert_int_equal(answer.http_status, 201);
		else
			bench_assert_refused(&answer, 400, "identifier_count");
	}
	int size = snprintf(payload, sizeof payload, "{\"identifiers\":[");
	for (unsigned k = 0; k < 16; k++)
		size += snprintf(payload + size, sizeof payload - (size_t)size, "%s" DNS("h%u.%s.%s.example.test"),
				 k == 0 ? "" : ",", k, label, label);
	snprintf(payload + size, sizeof payload - (size_t)size, "]}");
	bench_post(bench, &client, "/acme/devices/new-order", payload, &answer);
	bench_assert_refused(&answer, 400, "identifier_count");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(each_identifier_has_an_authorization_with_the_challenges_that_can_prove_it),
	    ON_A_BENCH(a_directory_offers_no_other_challenges_than_its_own),
	    ON_A_BENCH(names_are_probed_and_the_order_is_ready_with_the_last_of_them),
	    ON_A_BENCH(a_device_with_names_is_ready_when_both_were_proven),
	    ON_A_BENCH(a_name_that_is_proven_while_a_statement_is_judged_stays_proven),
	    ON_A_BENCH(one_name_that_fails_ends_the_order_and_says_which_it_was),
	    ON_A_BENCH(a_failed_attestation_ends_the_order_with_its_names),
	    ON_A_BENCH(what_was_asked_for_is_probed_after_a_restart),
	    ON_A_BENCH(a_prober_that_is_away_or_busy_is_asked_again),
	    ON_A_BENCH(case_91_on_a_full_disk_nobody_is_probed_and_later_once),
	    ON_A_BENCH(a_database_that_cannot_be_read_is_not_asked_without_a_pause),
	    ON_A_BENCH(more_than_the_queue_holds_is_probed_all_the_same),
	    ON_A_BENCH(a_name_probed_for_a_key_that_was_replaced_is_probed_anew),
	    ON_A_BENCH(an_authorization_that_is_given_up_takes_the_order_with_it),
	    ON_A_BENCH(a_word_on_what_was_given_up_meanwhile_changes_nothing),
	    ON_A_BENCH(a_challenge_that_is_not_needed_any_more_is_not_probed),
	    ON_A_BENCH(identifiers_that_cannot_be_certified_are_refused_one_by_one),
	    ON_A_BENCH(an_identifier_that_is_too_long_to_be_repeated_is_refused),
	    ON_A_BENCH(nobody_has_more_than_his_share_of_the_probes),
	    ON_A_BENCH(an_order_waits_while_its_account_has_its_share),
	    ON_A_BENCH(an_order_is_bounded_in_number_and_octets),
	};
	return cmocka_run_group_tests_name("registrar_names", tests, NULL, NULL);
}
