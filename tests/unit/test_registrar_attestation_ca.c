/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment by who has no account: two requests of plain JSON, and what of them is kept. */
#include "tests/registrar/bench.h"

#include <stdio.h>

#define PARAMS "\"params\":{\"public\":\"QUs=\",\"useTCSDActivationFormat\":false,\"createData\":\"REFUQQ==\","              \
	       "\"createAttestation\":\"QVRURVNU\",\"createSignature\":\"U0lH\"}"
#define ATTEST "{\"tpmInfo\":{\"version\":2},\"ek\":\"RUs=\",\"ekCerts\":[\"Q0VSVA==\",\"T1RIRVI=\"]," PARAMS "}"
#define SECRET "{\"secret\":\"c2VjcmV0\"}"

static int set_up(void **state)
{
	bench_set_up(state);
	struct bench *bench = *state;
	bench->directories[0] = (struct bench_directory){.name = "devices", .is_attestation_ca = true};
	bench->directories[1] = (struct bench_directory){.name = "closed"};
	bench->directories[2] = (struct bench_directory){.name = "second", .is_attestation_ca = true};
	bench->directory_count = 3;
	bench_restart(bench, false);
	return 0;
}
#define ON_A_CA(test) cmocka_unit_test_setup_teardown(test, set_up, bench_tear_down)

static void post(struct bench *bench, const char *path, const char *body, struct answer *out)
{
	bench_send(bench, 'P', path, "", bytes_from_text(body), out);
}

static void attest(struct bench *bench)
{
	struct answer answer;
	post(bench, "/acme/devices/attest", ATTEST, &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(answer.content_type, "application/json");
	assert_string_equal(bench_text(&answer, "credential"), "YmxvYg==");
	assert_string_equal(bench_text(&answer, "secret"), "ZW5jcnlwdGVk");
}

/* The leaf's base64; the bench's until the next answer. */
static const char *get_chain(const struct answer *answer)
{
	const json_t *chain = json_object_get(answer->json, "chain");
	assert_int_equal(answer->http_status, 200);
	assert_int_equal(json_array_size(chain), 2);
	assert_non_null(json_string_value(json_array_get(chain, 1)));
	return json_string_value(json_array_get(chain, 0));
}

static void the_verifier_gets_what_was_sent_and_the_device_a_chain(void **state)
{
	static const uint8_t nobody[32];
	struct bench *bench = *state;
	const struct fake_activation *asked = &bench->verifier.activation;
	struct answer answer;
	attest(bench);
	assert_string_equal(asked->ek_spki, "EK");
	assert_string_equal(asked->ek_certificate, "CERT");
	assert_string_equal(asked->ek_intermediate, "OTHER");
	assert_string_equal(asked->ek_public, "");
	assert_string_equal(asked->ak_public, "AK");
	assert_string_equal(asked->create_data, "DATA");
	assert_string_equal(asked->create_attestation, "ATTEST");
	assert_string_equal(asked->create_signature, "SIG");
	assert_memory_equal(bench->verifier.thumbprint, nobody, 32);
	bench->verifier.thumbprint[0] = 1;
	post(bench, "/acme/devices/secret", SECRET, &answer);
	(void)get_chain(&answer);
	assert_memory_equal(bench->verifier.thumbprint, nobody, 32);
	assert_int_equal(bench->signer.issues, 1);
}

static void case_48_the_secret_sent_again_gives_the_same_certificate_and_no_other(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	char first[8000];
	attest(bench);
	post(bench, "/acme/devices/secret", SECRET, &answer);
	snprintf(first, sizeof first, "%s", get_chain(&answer));
	post(bench, "/acme/devices/secret", SECRET, &answer);
	assert_string_equal(get_chain(&answer), first);
	bench_restart(bench, false);
	post(bench, "/acme/devices/secret", SECRET, &answer);
	assert_string_equal(get_chain(&answer), first);
	assert_int_equal(bench->signer.issues, 1);
}

static void case_48_another_secret_gives_nothing_and_harms_nobody(void **state)
{
	static const char *const rows[] = {"{\"secret\":\"d3Jvbmc=\"}", "{\"secret\":\"\"}", "{\"secret\":null}", "{}"};
	struct bench *bench = *state;
	struct answer answer;
	attest(bench);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		post(bench, "/acme/devices/secret", rows[i], &answer);
		bench_assert_refused(&answer, 403, "activation_unknown");
	}
	post(bench, "/acme/second/secret", SECRET, &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	post(bench, "/acme/devices/secret", SECRET, &answer);
	(void)get_chain(&answer);
	assert_int_equal(bench->signer.issues, 1);
}

static void an_activation_ends_with_the_boot_or_in_time(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	attest(bench);
	bench_restart(bench, true);
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	attest(bench);
	bench_run(bench, "UPDATE activation SET expires_boot_s = 0");
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	assert_int_equal(bench->signer.issues, 0);
}

static void a_refusal_uses_the_activation_up_and_an_absence_does_not(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	attest(bench);
	bench->verifier.is_deaf = true;
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 503, "neighbour_away");
	bench->verifier.is_deaf = false;
	bench_wire_verifier(bench);
	bench->verifier.refusal = refusal_activation_wrong;
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 403, "activation_wrong");
	bench->verifier.refusal = refusal_none;
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	assert_int_equal(bench->signer.issues, 0);
}

static void case_48_activations_of_accounts_and_of_nobody_are_apart(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	bench_register(bench, &client);
	attest(bench);
	bench_post(bench, &client, "/acme/devices/ak/1", SECRET, &answer);
	bench_assert_refused(&answer, 403, "account_wrong");
	strcpy(bench->verifier.secret, "another");
	bench_post(bench, &client, "/acme/devices/ak",
		   "{\"ekCertificate\":\"MIIB\",\"ekPublic\":\"AAEC\",\"akPublic\":\"AAED\"}", &answer);
	assert_int_equal(answer.http_status, 201);
	post(bench, "/acme/devices/secret", "{\"secret\":\"YW5vdGhlcg==\"}", &answer);
	bench_assert_refused(&answer, 403, "activation_unknown");
	assert_int_equal(bench->signer.issues, 0);
	bench_forget(&client);
}

static void a_directory_that_does_not_say_so_has_no_such_resource(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	post(bench, "/acme/closed/attest", ATTEST, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	post(bench, "/acme/closed/secret", SECRET, &answer);
	bench_assert_refused(&answer, 404, "not_found");
	bench_send(bench, 'G', "/acme/devices/attest", "", bytes_from(NULL, 0), &answer);
	bench_assert_refused(&answer, 405, "method_wrong");
}

static void plain_json_is_what_it_says(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	struct answer answer;
	const struct bytes body = bytes_from_text(ATTEST);
	bench_send(bench, 'P', "/acme/devices/attest", "application/json", body, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_send(bench, 'P', "/acme/devices/attest", "application/json; charset=utf-8", body, &answer);
	assert_int_equal(answer.http_status, 200);
	bench_send(bench, 'P', "/acme/devices/attest", "application/jose+json", body, &answer);
	bench_assert_refused(&answer, 415, "media_type_wrong");
	bench_send(bench, 'P', "/acme/devices/new-order", "application/json", body, &answer);
	bench_assert_refused(&answer, 415, "media_type_wrong");
	post(bench, "/acme/devices/attest", "{", &answer);
	bench_assert_refused(&answer, 400, "json_malformed");
	post(bench, "/acme/devices/attest", "{\"ek\":\"\",\"ek\":\"\"}", &answer);
	bench_assert_refused(&answer, 400, "json_duplicate");
	bench_register(bench, &client); /* a signature is no way to say it */
	bench_post(bench, &client, "/acme/devices/attest", "{}", &answer);
	bench_assert_refused(&answer, 415, "media_type_wrong");
	bench_forget(&client);
}

static void evidence_that_is_not_of_its_form_is_refused_by_name(void **state)
{
	static const struct {
		const char *body, *refusal, *detail;
	} rows[] = {
	    {"{}", "payload_malformed", "there are no params"},
	    {"{\"params\":[]}", "payload_malformed", "there are no params"},
	    {"{\"params\":{\"useTCSDActivationFormat\":true}}", "payload_malformed", "TPM 1.2"},
	    {"{\"params\":{\"public\":7}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"public\":\"QUs\"}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"public\":\"QU=s\"}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"public\":\"QUt=\"}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"public\":\"A===\"}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"public\":\"-__-\"}}", "payload_malformed", "public is not base64"},
	    {"{\"params\":{\"createData\":\" AAA\"}}", "payload_malformed", "createData is not base64"},
	    {"{\"ek\":{}," PARAMS "}", "payload_malformed", "ek is not base64"},
	    {"{\"ek\":\"RUs=\"," PARAMS "}", "ek_certificate_absent", ""},
	    {"{\"ek\":\"RUs=\",\"ekCerts\":null," PARAMS "}", "ek_certificate_absent", ""},
	    {"{\"ek\":\"RUs=\",\"ekCerts\":[]," PARAMS "}", "ek_certificate_absent", ""},
	    {"{\"ekCerts\":\"Q0VSVA==\"," PARAMS "}", "payload_malformed", "ekCerts is no list"},
	    {"{\"ekCerts\":[7]," PARAMS "}", "payload_malformed", "a certificate of ekCerts"},
	    {"{\"ekCerts\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]," PARAMS "}", "payload_malformed", "too many"},
	};
	struct bench *bench = *state;
	struct answer answer;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		post(bench, "/acme/devices/attest", rows[i].body, &answer);
		bench_assert_refused(&answer, 400, rows[i].refusal);
		assert_non_null(strstr(answer.body, rows[i].detail));
	}
	post(bench, "/acme/devices/secret", "{\"secret\":\"c2VjcmV0c\"}", &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	bench->verifier.refusal = refusal_ek_certificate_untrusted;
	post(bench, "/acme/devices/attest", ATTEST, &answer);
	bench_assert_refused(&answer, 400, "ek_certificate_untrusted");
}

/* Go leaves octets out, or writes null, where there are none; '+' and '/' are of its alphabet. */
static void what_may_be_absent_is_absent(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	post(bench, "/acme/devices/attest", "{\"ek\":null,\"akCert\":null,\"ekCerts\":[\"Pj4+Pz8/\"]," PARAMS "}", &answer);
	assert_int_equal(answer.http_status, 200);
	assert_string_equal(bench->verifier.activation.ek_spki, "");
	assert_string_equal(bench->verifier.activation.ek_certificate, ">>>???");
	assert_string_equal(bench->verifier.activation.ek_intermediate, "");
}

/* Room for octets of a certificate of that many. */
static void send_certificate(struct bench *bench, size_t size, struct answer *answer)
{
	static char body[12000];
	const int head = snprintf(body, sizeof body, "{\"ekCerts\":[\"");
	const size_t digits = (size + 2) / 3 * 4, padding = (3 - size % 3) % 3;
	memset(body + head, 'A', digits);
	memset(body + (size_t)head + digits - padding, '=', padding);
	snprintf(body + (size_t)head + digits, sizeof body - (size_t)head - digits, "\"]," PARAMS "}");
	post(bench, "/acme/devices/attest", body, answer);
}

static void a_certificate_is_at_most_4096_octets(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	send_certificate(bench, 4096, &answer);
	assert_int_equal(answer.http_status, 200);
	send_certificate(bench, 4097, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
	send_certificate(bench, 8000, &answer);
	bench_assert_refused(&answer, 400, "payload_malformed");
}

static void case_22_they_are_bounded_by_address_and_in_all(void **state)
{
	struct bench *bench = *state;
	struct answer answer;
	bench->registrar.directories[0].limits.most[limit_orders_per_address] = 2;
	attest(bench);
	attest(bench);
	post(bench, "/acme/devices/attest", ATTEST, &answer);
	bench_assert_refused(&answer, 429, "address_orders_limited");
	assert_true(answer.retry_after_s > 0);
	bench->registrar.directories[0].limits.most[limit_orders_per_address] = 0;
	bench->registrar.directories[0].orders_most = 3;
	bench_restart(bench, false);
	bench->registrar.directories[0].orders_most = 3;
	attest(bench);
	post(bench, "/acme/devices/attest", ATTEST, &answer);
	bench_assert_refused(&answer, 503, "orders_full");
}

static void its_certificate_is_revoked_by_an_administrator_and_by_no_account(void **state)
{
	struct bench *bench = *state;
	struct client client = bench_client();
	const struct client administrator = {.key = bench->administrator, .kid = BENCH_ORIGIN "/admin/administrator/ada"};
	struct answer answer;
	char leaf[8000], body[9000];
	bench_register(bench, &client);
	attest(bench);
	post(bench, "/acme/devices/secret", SECRET, &answer);
	snprintf(leaf, sizeof leaf, "%s", get_chain(&answer));
	for (char *at = leaf; *at != 0; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? (char)0 : *at;
	snprintf(body, sizeof body, "{\"certificate\":\"%s\"}", leaf);
	bench_post(bench, &client, "/acme/devices/revoke-certificate", body, &answer);
	bench_assert_refused(&answer, 403, "revocation_forbidden");
	bench_post(bench, &administrator, "/admin/revocation", body, &answer);
	assert_int_equal(answer.http_status, 200);
	post(bench, "/acme/devices/secret", SECRET, &answer);
	bench_assert_refused(&answer, 410, "certificate_revoked");
	bench_forget(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_A_CA(the_verifier_gets_what_was_sent_and_the_device_a_chain),
	    ON_A_CA(case_48_the_secret_sent_again_gives_the_same_certificate_and_no_other),
	    ON_A_CA(case_48_another_secret_gives_nothing_and_harms_nobody),
	    ON_A_CA(an_activation_ends_with_the_boot_or_in_time),
	    ON_A_CA(a_refusal_uses_the_activation_up_and_an_absence_does_not),
	    ON_A_CA(case_48_activations_of_accounts_and_of_nobody_are_apart),
	    ON_A_CA(a_directory_that_does_not_say_so_has_no_such_resource),
	    ON_A_CA(plain_json_is_what_it_says),
	    ON_A_CA(evidence_that_is_not_of_its_form_is_refused_by_name),
	    ON_A_CA(what_may_be_absent_is_absent),
	    ON_A_CA(a_certificate_is_at_most_4096_octets),
	    ON_A_CA(case_22_they_are_bounded_by_address_and_in_all),
	    ON_A_CA(its_certificate_is_revoked_by_an_administrator_and_by_no_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
