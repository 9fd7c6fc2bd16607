/* SPDX-License-Identifier: Apache-2.0
 * The listener, hijacked: it sees every request and may send what it likes to the real registrar and the real signer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "ca/jose/jwk.h"
#include "tests/hostile/world.h"

static struct stage stage;
static struct world world;

static status exchange(uint8_t method, const char *path, struct bytes body, struct message_response *out)
{
	const struct message_request ask = {.method = method,
					    .path = bytes_from_text(path),
					    .content_type = bytes_from_text("application/jose+json"),
					    .remote = bytes_from_text("127.0.0.1"),
					    .body = body};
	return stage_call(&stage, process_REGISTRAR, message_request, &ask, out);
}

static void fresh_nonce(const char *path, char out[65])
{
	struct message_response answer;
	assert_false(is_refused(exchange('H', path, bytes_from(NULL, 0), &answer)));
	assert_in_range(answer.nonce.size, 16, 64);
	memcpy(out, answer.nonce.data, answer.nonce.size);
	out[answer.nonce.size] = 0;
}

/* A request by that account for `signed_path`, sent to `path`. */
static struct message_response post(const char *path, const char *signed_path, const struct device_account *account,
				    const char *kid, const char *payload)
{
	struct device_octets jws = {0};
	struct message_response answer;
	char nonce[65], url[256];
	fresh_nonce("/acme/devices/new-nonce", nonce);
	snprintf(url, sizeof url, "%s%s", world.origin, signed_path);
	device_jws_build(&(struct device_jws){.account = account, .url = url, .kid = kid, .nonce = nonce, .payload = payload},
			 &jws);
	assert_false(is_refused(exchange('P', path, device_view(&jws), &answer)));
	return answer;
}

static void is_refused_by_name(struct message_response answer, const char *name)
{
	char text[80];
	snprintf(text, sizeof text, "\"%s\"", name);
	assert_true(answer.http_status >= 400);
	if (memmem(answer.body.data, answer.body.size, text, strlen(text)) == NULL)
		fail_msg("not %s: %.*s", name, (int)answer.body.size, (const char *)answer.body.data);
}

static char kid[256];

static void an_honest_account_is_made(void **state)
{
	(void)state;
	const struct message_response answer =
		post("/acme/devices/new-account", "/acme/devices/new-account", &world.account, NULL, "{}");
	assert_int_equal(answer.http_status, 201);
	memcpy(kid, answer.location.data, answer.location.size);
	kid[answer.location.size] = 0;
}

/* None of these is the listener's to send, so the receiver hangs up. */
static void no_message_of_another_process(void **state)
{
	(void)state;
	union {
		struct message_issued issued;
		struct message_entry_voided voided;
		struct message_entry_revoked revoked;
		struct message_ledger_given ledger;
		struct message_pin_given pin;
		struct message_statement_judged judged;
	} answer;
	static const struct message_ledger_ask ledger;
	static const struct message_pin_ask pin;
	const struct message_issue issue = {.order = bytes_from_text("order"), .envelope = bytes_from_text("device")};
	const struct message_ak_certify certify = {.voucher = bytes_from_text("voucher")};
	const struct message_entry_void close_it = {.entry = 0};
	const struct message_entry_revoke revoke_it = {.asked_by = 'a', .request = bytes_from_text("{}")};
	const struct message_statement_judge judge = {.directory = bytes_from_text("devices")};
	const struct {
		enum process to;
		enum message id;
		const void *request;
	} attempts[] = {
		{process_SIGNER, message_issue, &issue},        {process_SIGNER, message_ak_certify, &certify},
		{process_SIGNER, message_entry_void, &close_it}, {process_SIGNER, message_ledger_ask, &ledger},
		{process_SIGNER, message_pin_ask, &pin},        {process_REGISTRAR, message_issue, &issue},
		{process_SIGNER, message_entry_revoke, &revoke_it},
		{process_REGISTRAR, message_statement_judge, &judge},
	};
	for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
		assert_int_equal(stage_call(&stage, attempts[i].to, attempts[i].id, attempts[i].request, &answer).refusal,
				 refusal_neighbour_away);
}

static void no_request_in_anothers_name(void **state)
{
	(void)state;
	is_refused_by_name(post("/acme/devices/new-order", "/acme/devices/new-order", &world.other_account, kid,
				"{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"x\"}]}"),
			   "signature_wrong");
	char unknown[300];
	snprintf(unknown, sizeof unknown, "%sX", kid);
	is_refused_by_name(post("/acme/devices/new-order", "/acme/devices/new-order", &world.other_account, unknown, "{}"),
			   "account_unknown");
}

static void no_request_sent_elsewhere_than_it_was_signed_for(void **state)
{
	(void)state;
	is_refused_by_name(post("/acme/devices/new-order", "/acme/devices/new-account", &world.account, kid, "{}"),
			   "url_wrong");
}

/* An order as the honest account signs it, for the listener to do with as it likes. */
static void sign_order(struct device_octets *jws)
{
	char nonce[65], url[256];
	fresh_nonce("/acme/devices/new-nonce", nonce);
	snprintf(url, sizeof url, "%s/acme/devices/new-order", world.origin);
	device_jws_build(&(struct device_jws){.account = &world.account,
					      .url = url,
					      .kid = kid,
					      .nonce = nonce,
					      .payload = "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"x\"}]}"},
			 jws);
}

static void no_changed_body(void **state)
{
	(void)state;
	struct device_octets jws = {0};
	struct message_response answer;
	sign_order(&jws);
	uint8_t *payload = memmem(jws.data, jws.size, "\"payload\":\"", 11);
	assert_non_null(payload);
	payload[20] = payload[20] == 'A' ? 'B' : 'A';
	assert_false(is_refused(exchange('P', "/acme/devices/new-order", device_view(&jws), &answer)));
	is_refused_by_name(answer, "signature_wrong");
}

static void case_04_no_request_twice(void **state)
{
	(void)state;
	struct device_octets jws = {0};
	struct message_response answer;
	sign_order(&jws);
	assert_false(is_refused(exchange('P', "/acme/devices/new-order", device_view(&jws), &answer)));
	assert_int_equal(answer.http_status, 201);
	assert_false(is_refused(exchange('P', "/acme/devices/new-order", device_view(&jws), &answer)));
	is_refused_by_name(answer, "nonce_bad");
}

static void no_administrators_act(void **state)
{
	(void)state;
	char administrator[256];
	char nonce[65], url[256];
	struct device_octets jws = {0};
	struct message_response answer;
	snprintf(administrator, sizeof administrator, "%s/admin/administrator/first", world.origin);
	fresh_nonce("/admin/new-nonce", nonce);
	snprintf(url, sizeof url, "%s/admin/enrolment-record", world.origin);
	device_jws_build(&(struct device_jws){.account = &world.account,
					      .url = url,
					      .kid = administrator,
					      .nonce = nonce,
					      .payload = "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"x\"}"},
			 &jws);
	assert_false(is_refused(exchange('P', "/admin/enrolment-record", device_view(&jws), &answer)));
	is_refused_by_name(answer, "signature_wrong");
}

static char order[65];

/* As the honest account asks it of a resource of its order, with one member of base64url. */
static struct message_response ask_order(const char *before, const char *after, const char *member, struct bytes octets)
{
	static struct device_octets payload;
	char path[256], lead[32];
	payload.size = 0;
	snprintf(path, sizeof path, "/acme/devices/%s/%s%s", before, order, after);
	snprintf(lead, sizeof lead, "{\"%s\":\"", member);
	device_append(&payload, lead, strlen(lead));
	device_base64url(octets, &payload);
	device_append(&payload, "\"}", 3);
	return post(path, path, &world.account, kid, member[0] == 0 ? "" : (const char *)payload.data);
}

static void open_order(char token[129])
{
	static const char name[] = "{\"identifiers\":[{\"type\":\"permanent-identifier\",\"value\":\"" WORLD_IDENTIFIER "\"}]}";
	static const char lead[] = "\"token\":\"";
	struct message_response answer = post("/acme/devices/new-order", "/acme/devices/new-order", &world.account, kid, name);
	assert_int_equal(answer.http_status, 201);
	const char *slash = memrchr(answer.location.data, '/', answer.location.size);
	const size_t size = answer.location.size - (size_t)(slash + 1 - (const char *)answer.location.data);
	assert_in_range(size, 1, sizeof order - 1);
	memcpy(order, slash + 1, size);
	order[size] = 0;
	answer = ask_order("authorization", "/0", "", (struct bytes){0});
	const char *at = memmem(answer.body.data, answer.body.size, lead, sizeof lead - 1);
	assert_non_null(at);
	at += sizeof lead - 1;
	snprintf(token, 129, "%.*s", (int)strcspn(at, "\""), at);
}

/* The honest account's certificate, through the real registrar, verifier and signer. */
static void obtain(struct device_octets *certificate)
{
	static struct device_octets statement, csr;
	char token[129];
	uint8_t *der = NULL;
	const struct bytes chain[1] = {device_view(&world.ak_certificate)};
	const struct device_csr wish = {.key = world.key.key, .subject = WORLD_IDENTIFIER};
	statement.size = csr.size = certificate->size = 0;
	open_order(token);
	device_statement_build(&(struct device_statement){.ak = &world.ak,
							  .key = &world.key,
							  .token = bytes_from_text(token),
							  .thumbprint = world.account.thumbprint,
							  .chain = chain,
							  .chain_count = 1},
			       &statement);
	assert_int_equal(ask_order("challenge", "/0/device-attest-01", "attObj", device_view(&statement)).http_status, 200);
	device_csr_build(&wish, &csr);
	assert_int_equal(ask_order("order", "/finalize", "csr", device_view(&csr)).http_status, 200);
	const struct message_response answer = ask_order("certificate", "", "", (struct bytes){0});
	BIO *bio = BIO_new_mem_buf(answer.body.data, (int)answer.body.size);
	X509 *read = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	const int size = i2d_X509(read, &der);
	assert_true(size > 0);
	device_append(certificate, der, (size_t)size);
	OPENSSL_free(der);
	X509_free(read);
	BIO_free(bio);
}

static struct message_response revoke_as(const struct device_account *by, const char *by_kid, const char *payload)
{
	static const char path[] = "/acme/devices/revoke-certificate";
	return post(path, path, by, by_kid, payload);
}

static void no_revocation_but_by_those_who_may(void **state)
{
	(void)state;
	static struct device_octets certificate, payload;
	static struct device_account own;
	struct buffer jwk = BUFFER(own.jwk);
	char other_kid[256];
	obtain(&certificate);
	payload.size = 0;
	device_append(&payload, "{\"certificate\":\"", 16);
	device_base64url(device_view(&certificate), &payload);
	device_append(&payload, "\"}", 3);
	const char *text = (const char *)payload.data;
	is_refused_by_name(revoke_as(&world.other_account, kid, text), "signature_wrong");
	is_refused_by_name(revoke_as(&world.other_account, NULL, text), "revocation_forbidden");
	is_refused_by_name(revoke_as(&world.account, NULL, text), "revocation_forbidden");
	const struct message_response other =
		post("/acme/devices/new-account", "/acme/devices/new-account", &world.other_account, NULL, "{}");
	snprintf(other_kid, sizeof other_kid, "%.*s", (int)other.location.size, (const char *)other.location.data);
	is_refused_by_name(revoke_as(&world.other_account, other_kid, text), "revocation_forbidden");
	is_refused_by_name(post("/admin/revocation", "/admin/revocation", &world.account, kid, text), "role_missing");
	own.key = world.key.key;
	assert_false(is_refused(jwk_build(own.key, &jwk)));
	own.jwk_size = jwk.size;
	assert_int_equal(revoke_as(&own, NULL, text).http_status, 200);
	is_refused_by_name(ask_order("certificate", "", "", (struct bytes){0}), "certificate_revoked");
	is_refused_by_name(revoke_as(&world.account, kid, text), "already_revoked");
}

static void case_83_what_is_no_message_closes_the_channel(void **state)
{
	(void)state;
	static const uint8_t unknown[] = {0, 0, 0, 1, 0xff, 0xff, 0};
	static uint8_t long_packet[wire_packet_room];
	static const enum process both[] = {process_SIGNER, process_REGISTRAR};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(stage_send_raw(&stage, both[i], BYTES_OF(unknown)).refusal, refusal_neighbour_away);
		assert_int_equal(stage_send_raw(&stage, both[i], BYTES_OF(long_packet)).refusal, refusal_neighbour_away);
	}
}

/* What it does get: one certificate for the configured name, for a day. Another one has to wait. */
static void no_tls_certificate_but_its_own(void **state)
{
	(void)state;
	struct message_tls_certified certified;
	struct message_tls_certify ask = {.spki = bytes_from(world.key.spki, world.key.spki_size)};
	status first;
	for (int tries = 100; tries > 0; tries--, usleep(100000)) {
		first = stage_call(&stage, process_SIGNER, message_tls_certify, &ask, &certified);
		if (first.refusal != refusal_neighbour_away)
			break; /* the signer, wired at once, has opened its token */
	}
	assert_false(is_refused(first));
	assert_true(certified.chain.count >= 1);
	const unsigned char *at = certified.chain.at[0].data;
	X509 *certificate = d2i_X509(NULL, &at, (long)certified.chain.at[0].size);
	assert_non_null(certificate);
	assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ca(certificate), 0);
	X509_free(certificate);
	assert_int_equal(stage_call(&stage, process_SIGNER, message_tls_certify, &ask, &certified).refusal,
			 refusal_tls_too_soon);
}

static const char *build = "build";

static bool serves(void)
{
	enum { tries = 100 };
	char command[512];
	snprintf(command, sizeof command, "curl -sf -m 5 -o /dev/null --cacert %s/run/state/root.pem %s/acme/devices/directory",
		 stage.folder, world.origin);
	for (int i = 0; i < tries; i++) {
		if (system(command) == 0)
			return true;
		usleep(200000);
	}
	return false;
}

/* The last test: it takes the seat. What a confined listener cannot do (tests/confinement) is done here too. */
static void the_real_one_serves_and_logs_after_it_shut_down_every_socket(void **state)
{
	(void)state;
	stage_leave(&stage, build, true);
	assert_true(serves());
	assert_true(stage_logs(&stage, "listener.*certified a new TLS key"));
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tls_certificate_but_its_own),
		cmocka_unit_test(an_honest_account_is_made),
		cmocka_unit_test(no_message_of_another_process),
		cmocka_unit_test(no_request_in_anothers_name),
		cmocka_unit_test(no_request_sent_elsewhere_than_it_was_signed_for),
		cmocka_unit_test(no_changed_body),
		cmocka_unit_test(case_04_no_request_twice),
		cmocka_unit_test(no_administrators_act),
		cmocka_unit_test(no_revocation_but_by_those_who_may),
		cmocka_unit_test(case_83_what_is_no_message_closes_the_channel),
		cmocka_unit_test(the_real_one_serves_and_logs_after_it_shut_down_every_socket),
	};
	if (count > 1)
		build = arguments[1];
	world_new(&world, 14802);
	stage_start(&stage, build, process_LISTENER, world.configuration, NULL);
	const int failed = cmocka_run_group_tests_name("listener", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
