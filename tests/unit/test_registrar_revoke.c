/* SPDX-License-Identifier: Apache-2.0
 * Revocation (RFC 8555 7.6): who may ask, what is refused, what the resources say afterwards, and that ledger and
 * database agree whoever dies in between. */
#include <openssl/rsa.h>

#include "tests/registrar/bench.h"

#include <stdio.h>
#include <unistd.h>

#define REVOKE "/acme/devices/revoke-certificate"

/* The leaf of the answer's chain in base64url. */
static void read_leaf(const struct answer *answer, char out[2048])
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n";
	assert_int_equal(strncmp(answer->body, head, sizeof head - 1), 0);
	size_t size = 0;
	for (const char *at = answer->body + sizeof head - 1; *at != '-' && *at != '='; at++)
		if (*at != '\n')
			out[size++] = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	out[size] = 0;
}

static const char *payload_of(const char *leaf, const char *more)
{
	static char text[5600];
	snprintf(text, sizeof text, "{\"certificate\":\"%s\"%s}", leaf, more);
	return text;
}

static void obtain(struct bench *bench, const struct client *client, char name[65], char leaf[2048])
{
	struct answer answer;
	char path[600];
	bench_order(bench, client, "ABC", name);
	bench_attest(bench, client, name);
	bench_finalize(bench, client, name);
	bench_post(bench, client, bench_path(path, "certificate/%s", name), NULL, &answer);
	assert_int_equal(answer.http_status, 200);
	read_leaf(&answer, leaf);
}

static void plead(struct bench *bench, const struct client *client, const char *leaf, const char *more,
		   struct answer *answer)
{
	bench_post(bench, client, REVOKE, payload_of(leaf, more), answer);
}

static void assert_revoked(const struct answer *answer)
{
	if (answer->http_status != 200)
		fail_msg("expected 200, got %u %s", answer->http_status, answer->body);
	assert_int_equal(answer->size, 0);
	assert_int_equal(strlen(answer->nonce), 32);
}

static void assert_shown_as_revoked(struct bench *bench, const struct client *client, const char *name)
{
	struct answer answer;
	char path[600];
	bench_post(bench, client, bench_path(path, "order/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "status"), "invalid");
	assert_string_equal(bench_member(json_object_get(answer.json, "error"), "refusal"), "certificate_revoked");
	assert_string_equal(bench_text(&answer, "certificate"), "");
	bench_post(bench, client, bench_path(path, "certificate/%s", name), NULL, &answer);
	bench_assert_refused(&answer, 410, "certificate_revoked");
	bench_post(bench, client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_assert_refused(&answer, 410, "certificate_revoked");
	bench_post(bench, client, bench_path(path, "entry/%s", name), NULL, &answer);
	assert_string_equal(bench_text(&answer, "state"), "revoked");
	const json_t *revocation = json_object_get(answer.json, "revocation");
	assert_true(json_is_integer(json_object_get(revocation, "entry")));
	assert_true(strlen(bench_member(revocation, "leaf")) > 0);
	assert_true(strlen(bench_member(revocation, "request")) > 0);
	assert_true(strlen(bench_member(revocation, "checkpoint")) > 0);
}

static void the_account_that_got_a_certificate_revokes_it(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], leaf[2048], other[65], kept[2048], path[600];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	obtain(bench, &client, other, kept);
	bench_post(bench, &client, bench_path(path, "entry/%s", name), NULL, &answer);
	assert_null(json_object_get(answer.json, "revocation"));
	plead(bench, &client, leaf, ",\"reason\":4", &answer);
	assert_revoked(&answer);
	assert_int_equal(bench->signer.entries[0].state, 'r');
	const struct fake_entry *entry = &bench->signer.entries[2];
	assert_int_equal(entry->reason, 4);
	assert_int_equal(entry->asked_by, 'a');
	assert_memory_equal(entry->thumbprint, bench->verifier.thumbprint, 32);
	assert_shown_as_revoked(bench, &client, name);
	bench_assert_order(bench, &client, other, "valid");
	bench_post(bench, &client, bench_path(path, "account/1/orders"), NULL, &answer);
	assert_int_equal(json_array_size(json_object_get(answer.json, "orders")), 1);
	plead(bench, &client, leaf, "", &answer);
	bench_assert_refused(&answer, 400, "already_revoked");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:alreadyRevoked");
	assert_int_equal(bench->signer.revocations, 1);
	bench_restart(bench, true);
	assert_shown_as_revoked(bench, &client, name);
	obtain(bench, &client, name, leaf); /* a new order is another matter */
	bench_forget(&client);
}

static void the_certificates_own_key_revokes_it(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), device = bench_client(), stranger = bench_client();
	struct answer answer;
	char name[65], leaf[2048];
	bench_register(bench, &client);
	bench->signer.certified = device.key;
	obtain(bench, &client, name, leaf);
	plead(bench, &stranger, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:unauthorized");
	/* an account's key is one by its kid, not by itself */
	struct client bare = {.key = client.key};
	plead(bench, &bare, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	assert_int_equal(bench->signer.revocations, 0);
	plead(bench, &device, leaf, ",\"reason\":1", &answer);
	assert_revoked(&answer);
	assert_int_equal(bench->signer.entries[1].asked_by, 'k');
	assert_shown_as_revoked(bench, &client, name);
	bench_forget(&client);
	bench_forget(&device);
	bench_forget(&stranger);
}

static void an_account_with_a_valid_authorization_for_the_identifier_revokes(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65], leaf[2048], order[65], path[600];
	bench_register(bench, &client);
	bench_register(bench, &other);
	obtain(bench, &client, name, leaf);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench_order(bench, &other, "ABC", order); /* pending */
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench_order(bench, &other, "DEF", order); /* for another */
	bench_attest(bench, &other, order);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench_order(bench, &other, "ABC", order); /* given up */
	bench_attest(bench, &other, order);
	bench_post(bench, &other, bench_path(path, "authorization/%s/0", order), "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench->verifier.order_life_s = 1; /* expired */
	bench_order(bench, &other, "ABC", order);
	bench_attest(bench, &other, order);
	sleep(2);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench->verifier.order_life_s = 3600;
	bench_order(bench, &other, "ABC", order);
	bench_attest(bench, &other, order);
	plead(bench, &other, leaf, "", &answer);
	assert_revoked(&answer);
	assert_int_equal(bench->signer.entries[1].asked_by, 'i');
	bench_forget(&client);
	bench_forget(&other);
}

/* Orders these identifiers and proves them; a device comes first. */
static void prove(struct bench *bench, const struct client *client, const char *identifiers, bool has_device, bool has_name,
		  char name[65])
{
	struct answer answer;
	char path[600], payload[400];
	snprintf(payload, sizeof payload, "{\"identifiers\":[%s]}", identifiers);
	bench_post(bench, client, "/acme/devices/new-order", payload, &answer);
	assert_int_equal(answer.http_status, 201);
	snprintf(name, 65, "%s", strrchr(answer.location, '/') + 1);
	if (has_device)
		bench_attest(bench, client, name);
	if (has_name)
		bench_post(bench, client, bench_path(path, "challenge/%s/%d/http-01", name, has_device ? 1 : 0), "{}", &answer);
	while (probe_once(&bench->registrar) == probe_done)
		;
	bench_assert_order(bench, client, name, "ready");
}

#define DEVICE "{\"type\":\"permanent-identifier\",\"value\":\"ABC\"}"
#define NAME "{\"type\":\"dns\",\"value\":\"www.example.test\"}"

static void who_revokes_by_authorizations_has_them_for_all_identifiers(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char name[65], leaf[2048], order[65], path[600];
	strcpy(bench->registrar.directories[0].identifiers, "permanent-identifier dns");
	strcpy(bench->registrar.directories[0].profiles[0].dns_suffixes, "example.test");
	bench->registrar.directories[0].offers[challenge_http_01] = true;
	bench_register(bench, &client);
	bench_register(bench, &other);
	prove(bench, &client, DEVICE "," NAME, true, true, name);
	bench_finalize(bench, &client, name);
	bench_post(bench, &client, bench_path(path, "certificate/%s", name), NULL, &answer);
	read_leaf(&answer, leaf);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	prove(bench, &other, DEVICE, true, false, order); /* the device alone */
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	prove(bench, &other, NAME, false, true, order); /* and its name, which is given up again */
	bench_post(bench, &other, bench_path(path, "authorization/%s/0", order), "{\"status\":\"deactivated\"}", &answer);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	prove(bench, &other, NAME, false, true, order); /* all, in two orders */
	plead(bench, &other, leaf, "", &answer);
	assert_revoked(&answer);
	assert_int_equal(bench->signer.entries[1].asked_by, 'i');
	bench_forget(&client);
	bench_forget(&other);
}

static void an_administrator_revokes_and_others_do_not_take_that_way(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct client ada = {.key = bench->administrator, .kid = BENCH_ORIGIN "/admin/administrator/ada"};
	struct client otto = {.key = bench->auditor, .kid = BENCH_ORIGIN "/admin/administrator/otto"};
	struct answer answer;
	char name[65], leaf[2048];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	bench_post(bench, &otto, "/admin/revocation", payload_of(leaf, ",\"reason\":9"), &answer);
	bench_assert_refused(&answer, 403, "role_missing");
	bench_post(bench, &client, "/admin/revocation", payload_of(leaf, ""), &answer);
	bench_assert_refused(&answer, 403, "role_missing");
	bench_post(bench, &ada, REVOKE, payload_of(leaf, ""), &answer);
	bench_assert_refused(&answer, 400, "account_unknown");
	bench_post(bench, &ada, "/admin/revocation", payload_of(leaf, ",\"reason\":9"), &answer);
	assert_revoked(&answer);
	assert_int_equal(bench->signer.entries[1].asked_by, 'm');
	assert_int_equal(bench->signer.entries[1].reason, 9);
	bench_forget(&client);
}

/* The longest request there is: of the longest certificate that is looked at, by an RSA key of 4096 bits that it names. */
static void the_longest_certificate_is_revocable_by_the_longest_key(void **state)
{
	static char leaf[5462 + 1];
	struct bench *bench = *state;
	struct client holder = {.key = EVP_RSA_gen(4096)};
	struct answer answer;
	memset(leaf, 'A', sizeof leaf - 1);
	bench_post(bench, &holder, REVOKE, payload_of(leaf, ",\"reason\":4"), &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	bench_forget(&holder);
}

static void an_ak_certificate_is_revoked_by_its_account_and_not_given_again(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client(), other = bench_client();
	struct answer answer;
	char url[600], leaf[2048];
	bench_register(bench, &client);
	bench_register(bench, &other);
	bench_post(bench, &client, "/acme/devices/ak",
		   "{\"ekCertificate\":\"MIIB\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}", &answer);
	snprintf(url, sizeof url, "%s", answer.location);
	bench_post(bench, &client, url, "{\"secret\":\"c2VjcmV0\"}", &answer);
	read_leaf(&answer, leaf);
	plead(bench, &other, leaf, "", &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	plead(bench, &client, leaf, "", &answer);
	assert_revoked(&answer);
	bench_post(bench, &client, url, NULL, &answer);
	bench_assert_refused(&answer, 410, "certificate_revoked");
	bench_forget(&client);
	bench_forget(&other);
}

static void what_is_not_a_certificate_of_ours_is_refused(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], leaf[2048];
	static char long_one[12700];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	plead(bench, &client, "", "", &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	plead(bench, &client, "MIIB", "", &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	for (size_t i = 0; i < strlen(leaf); i++) { /* cut, and changed, anywhere */
		char bent[2048];
		strcpy(bent, leaf);
		bent[i] = bent[i] == 'A' ? 'Q' : 'A';
		plead(bench, &client, bent, "", &answer);
		assert_int_not_equal(answer.http_status, 200);
		strcpy(bent, leaf);
		bent[i] = 0;
		plead(bench, &client, bent, "", &answer);
		assert_int_not_equal(answer.http_status, 200);
	}
	strcat(leaf, "AAAA");
	plead(bench, &client, leaf, "", &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	memset(long_one, 'A', sizeof long_one - 1);
	bench_post(bench, &client, REVOKE, payload_of("!", ""), &answer);
	bench_assert_refused(&answer, 400, "base64url_malformed");
	static char payload[sizeof long_one + 100];
	snprintf(payload, sizeof payload, "{\"certificate\":\"%s\"}", long_one);
	bench_post(bench, &client, REVOKE, payload, &answer);
	bench_assert_refused(&answer, 413, "body_too_long");
	bench_post(bench, &client, REVOKE, "{}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench_post(bench, &client, REVOKE, NULL, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	assert_int_equal(bench->signer.revocations, 0);
	bench_forget(&client);
}

static void a_reason_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {",\"reason\":-1", ",\"reason\":256", ",\"reason\":4294967297"};
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], leaf[2048];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		plead(bench, &client, leaf, bad[i], &answer);
		bench_assert_refused(&answer, 400, "revocation_reason_bad");
		assert_string_equal(bench_text(&answer, "type"), "urn:ietf:params:acme:error:badRevocationReason");
	}
	plead(bench, &client, leaf, ",\"reason\":\"keyCompromise\"", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	assert_int_equal(bench->signer.revocations, 0);
	plead(bench, &client, leaf, ",\"reason\":0", &answer);
	assert_revoked(&answer);
	bench_forget(&client);
}

static void an_expired_certificate_and_a_deactivated_account_revoke_nothing(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], leaf[2048], good[2048];
	bench_register(bench, &client);
	bench->signer.gives_expired = true;
	obtain(bench, &client, name, leaf);
	bench->signer.gives_expired = false;
	obtain(bench, &client, name, good);
	plead(bench, &client, leaf, "", &answer);
	bench_assert_refused(&answer, 400, "certificate_expired");
	bench_post(bench, &client, client.kid, "{\"status\":\"deactivated\"}", &answer);
	assert_int_equal(answer.http_status, 200);
	plead(bench, &client, good, "", &answer);
	bench_assert_refused(&answer, 401, "account_deactivated");
	assert_int_equal(bench->signer.revocations, 0);
	bench_forget(&client);
}

static void take_over(struct bench *bench)
{
	assert_false(is_refused(takeover_hold(&bench->registrar)));
	takeover_release(&bench->registrar);
}

static void case_66_a_revocation_that_the_ledger_alone_has_is_taken_over(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], leaf[2048];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	bench->signer.dies_after_entry = true;
	plead(bench, &client, leaf, ",\"reason\":1", &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	bench_assert_order(bench, &client, name, "valid");
	bench_restart(bench, false);
	take_over(bench);
	assert_shown_as_revoked(bench, &client, name);
	assert_int_equal(bench->signer.voids, 0);
	plead(bench, &client, leaf, "", &answer);
	bench_assert_refused(&answer, 400, "already_revoked");
	assert_int_equal(bench->signer.revocations, 1);
	bench_forget(&client);
}

static void case_66_a_client_whose_revocation_was_entered_hears_so_although_the_signer_died(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char name[65], leaf[2048];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	bench->registrar.signer_patience_ms = 5000;
	bench->signer.dies_after_entry = true;
	struct sender sender = {.bench = bench, .client = &client, .path = REVOKE, .payload = payload_of(leaf, "")};
	bench_post_apart(&sender);
	while (bench->signer.size == 1)
		usleep(1000);
	usleep(50000);
	bench_wire_signer(bench);
	bench_await(&sender);
	assert_int_equal(sender.http_status, 200);
	assert_int_equal(bench->signer.revocations, 2); /* the link asked twice */
	assert_shown_as_revoked(bench, &client, name);
	bench_forget(&client);
}

static void of_two_at_once_one_revokes(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	char name[65], leaf[2048];
	bench_register(bench, &client);
	obtain(bench, &client, name, leaf);
	assert_int_equal(bench_race(bench, &client, REVOKE, payload_of(leaf, ""), ""), 1);
	assert_shown_as_revoked(bench, &client, name);
	bench_forget(&client);
}

static void nothing_that_can_be_sent_is_the_certificate_of_a_void_intent(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	char name[65], path[600];
	bench_register(bench, &client);
	bench_order(bench, &client, "ABC", name);
	bench_attest(bench, &client, name);
	bench->signer.dies_after_entry = true;
	bench_post(bench, &client, bench_path(path, "order/%s/finalize", name), "{\"csr\":\"MIIB\"}", &answer);
	bench_restart(bench, false);
	take_over(bench);
	assert_int_equal(bench->signer.entries[0].state, 'v');
	static const char made_up[] = "MIIBQDCCAQCgAwIBAgIUAQAAAAAAAAAAAAAAAAAAAAAAAABjZXJ0";
	plead(bench, &client, made_up, "", &answer);
	bench_assert_refused(&answer, 404, "certificate_unknown");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_BENCH(the_account_that_got_a_certificate_revokes_it),
	    ON_A_BENCH(the_certificates_own_key_revokes_it),
	    ON_A_BENCH(an_account_with_a_valid_authorization_for_the_identifier_revokes),
	    ON_A_BENCH(who_revokes_by_authorizations_has_them_for_all_identifiers),
	    ON_A_BENCH(an_administrator_revokes_and_others_do_not_take_that_way),
	    ON_A_BENCH(the_longest_certificate_is_revocable_by_the_longest_key),
	    ON_A_BENCH(an_ak_certificate_is_revoked_by_its_account_and_not_given_again),
	    ON_A_BENCH(what_is_not_a_certificate_of_ours_is_refused),
	    ON_A_BENCH(a_reason_that_is_none_is_refused),
	    ON_A_BENCH(an_expired_certificate_and_a_deactivated_account_revoke_nothing),
	    ON_A_BENCH(case_66_a_revocation_that_the_ledger_alone_has_is_taken_over),
	    ON_A_BENCH(case_66_a_client_whose_revocation_was_entered_hears_so_although_the_signer_died),
	    ON_A_BENCH(of_two_at_once_one_revokes),
	    ON_A_BENCH(nothing_that_can_be_sent_is_the_certificate_of_a_void_intent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
