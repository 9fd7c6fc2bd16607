/* SPDX-License-Identifier: Apache-2.0
 * Requests through the real HTTP library: what reaches the registrar, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include "tests/http/listener_stage.h"

static void a_request_goes_to_the_registrar_and_its_answer_comes_back(void **state)
{
	(void)state;
	listener_ask("GET /directory HTTP/1.1\r\nHost: ca\r\n\r\n");
	listener_assert_answer(200, "\r\n\r\nG/directory|127.0.0.1|");
	listener_ask(listener_post("/all", LISTENER_ENVELOPE));
	listener_assert_answer(201, "P/all|127.0.0.1|" LISTENER_ENVELOPE);
	listener_assert_answer(201, "Location: https://ca/order/1\r\n");
	listener_assert_answer(201, "Replay-Nonce: bm9uY2U\r\n");
	listener_assert_answer(201, "Retry-After: 7\r\n");
	listener_assert_answer(201, "Link: <https://ca/directory>;rel=\"index\"\r\n");
	listener_assert_answer(201, "Link: <https://ca/up>;rel=\"up\"\r\n");
	listener_assert_answer(201, "Cache-Control: no-store\r\n");
	listener_assert_answer(201, "Content-Type: text/plain\r\n");
}

static void a_head_request_has_the_headers_and_no_body(void **state)
{
	(void)state;
	struct tls_client client;
	static const char text[] = "HEAD /nonce HTTP/1.1\r\nHost: ca\r\n\r\n";
	tls_client_open(listener_port, &client);
	assert_true(tls_client_send(&client, text, sizeof text - 1));
	tls_client_read(&client, 0, 300);
	tls_client_close(&client);
	listener_assert_answer(200, "Replay-Nonce: ");
	assert_string_equal(strstr(tls_answer, "\r\n\r\n"), "\r\n\r\n");
}

static void what_the_registrar_refuses_is_a_problem_document(void **state)
{
	(void)state;
	listener_assert_refused(listener_post("/refused", LISTENER_ENVELOPE), REFUSE(nonce_bad));
	listener_assert_answer(400, "take the new one: of this test");
}

static void an_answer_that_would_split_or_break_http_is_not_passed_on(void **state)
{
	(void)state;
	listener_assert_refused("GET /split HTTP/1.1\r\nHost: ca\r\n\r\n", REFUSE(internal));
	assert_null(strstr(tls_answer, "Set-Cookie"));
	listener_assert_refused("GET /odd HTTP/1.1\r\nHost: ca\r\n\r\n", REFUSE(internal));
}

static void case_13_what_the_library_would_let_through_is_refused_by_name(void **state)
{
	(void)state;
	static const char *const malformed[] = {
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST /a HTTP/1.1\r\nHost: h\rContent-Length: 3\r\n\r\nabc",
		"GET /a HTTP/1.0\r\nHost: h\r\n\r\n",
		"GET /a HTTP/1.1\r\nX: y\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\r\nX: y\r\n\tfolded\r\nZ: z\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\r\nX: a\001b\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\r\nX y: z\r\n\r\n",
		"GET  /a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET https://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	};
	static const char *const absent[] = {
		"GET /..%2f HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /%61 HTTP/1.1\r\nHost: h\r\n\r\n",   "GET //a HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		listener_assert_refused(malformed[i], REFUSE(http_malformed));
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		listener_assert_refused(absent[i], REFUSE(not_found));
}

static void a_long_head_in_many_pieces_is_taken(void **state)
{
	(void)state;
	struct tls_client client;
	char text[12000] = "GET /long HTTP/1.1\r\nHost: ca\r\n";
	for (int i = 0; i < 50; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "X-%d: %0200d\r\n", i, i);
	snprintf(text + strlen(text), sizeof text - strlen(text), "\r\n");
	tls_client_open(listener_port, &client);
	for (size_t at = 0; at < strlen(text); at += 700) {
		assert_true(tls_client_send(&client, text + at, strlen(text) - at < 700 ? strlen(text) - at : 700));
		usleep(1000);
	}
	tls_client_read(&client, 1, 3000);
	tls_client_close(&client);
	listener_assert_answer(200, "G/long|");
}

static void too_many_header_fields_are_refused(void **state)
{
	(void)state;
	char text[12000] = "GET /many HTTP/1.1\r\nHost: ca\r\n";
	for (int i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "X-%d: y\r\n", i);
	snprintf(text + strlen(text), sizeof text - strlen(text), "\r\n");
	listener_assert_refused(text, REFUSE(http_malformed));
}

static void case_14_the_wrong_type_or_method_is_refused_and_the_connection_lives(void **state)
{
	(void)state;
	struct tls_client client;
	char text[1000];
	snprintf(text, sizeof text,
		 "POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nGET /"
		 "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
		 "DELETE /c HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: GET\r\nContent-Length: 3\r\n\r\nabc"
		 "GET /d HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: DELETE\r\n\r\n");
	tls_client_open(listener_port, &client);
	assert_true(tls_client_send(&client, text, strlen(text)));
	assert_false(tls_client_read(&client, 4, 3000));
	tls_client_close(&client);
	listener_assert_answer(415, "\"refusal\":\"media_type_wrong\"");
	assert_non_null(strstr(tls_answer, "HTTP/1.1 405 "));
	assert_non_null(strstr(tls_answer, "Allow: GET, HEAD, POST\r\n"));
	assert_non_null(strstr(tls_answer, "G/d|"));
	listener_ask(listener_post("/wrong-method", LISTENER_ENVELOPE));
	listener_assert_answer(405, "Allow: GET, HEAD\r\n");
	listener_ask("GET /wrong-method HTTP/1.1\r\nHost: h\r\n\r\n");
	listener_assert_answer(405, "Allow: POST\r\n");
}

static void a_body_that_is_no_envelope_is_refused_before_the_registrar(void **state)
{
	(void)state;
	listener_assert_refused(listener_post("/a", ""), REFUSE(json_malformed));
	listener_assert_refused(listener_post("/a", "{"), REFUSE(json_malformed));
	listener_assert_refused(listener_post("/a", LISTENER_ENVELOPE "x"), REFUSE(json_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e30\",\"payload\":\"\",\"payload\":\"\",\"signature\":\"AAAA\"}"),
		       REFUSE(json_duplicate));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e30\",\"payload\":\"\"}"), REFUSE(jws_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e30\",\"payload\":1,\"signature\":\"AAAA\"}"), REFUSE(jws_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"\",\"payload\":\"\",\"signature\":\"AAAA\"}"), REFUSE(jws_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"AAAA\",\"header\":{}}"),
		       REFUSE(jws_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e30=\",\"payload\":\"\",\"signature\":\"AAAA\"}"),
		       REFUSE(base64url_malformed));
	listener_assert_refused(listener_post("/a", "{\"protected\":\"e3000\",\"payload\":\"\",\"signature\":\"AAAA\"}"),
		       REFUSE(base64url_malformed));
}

static void a_body_that_is_not_signed_is_json_all_the_same(void **state)
{
	(void)state;
	static const char head[] = "POST /acme/d/attest HTTP/1.1\r\nHost: h\r\n";
	static const struct {
		const char *body;
		status why;
	} rows[] = {{"{", REFUSE(json_malformed)}, {"[]", REFUSE(json_malformed)}, {"{\"ek\":1,\"ek\":1}", REFUSE(json_duplicate)}};
	char text[500];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snprintf(text, sizeof text, "%sContent-Length: %zu\r\n\r\n%s", head, strlen(rows[i].body), rows[i].body);
		listener_assert_refused(text, rows[i].why);
	}
	snprintf(text, sizeof text, "%sContent-Length: 18\r\n\r\n{\"params\":{\"a\":1}}", head);
	listener_ask(text);
	listener_assert_answer(200, "P/acme/d/attest|127.0.0.1|{\"params\":{\"a\":1}");
}

static void case_13_pipelined_requests_keep_their_bodies_apart(void **state)
{
	(void)state;
	struct tls_client client;
	static char text[20000], expected[2000];
	for (int i = 0; i < 8; i++) {
		char body[200], path[16];
		snprintf(path, sizeof path, "/p%d", i);
		snprintf(body, sizeof body, "{\"protected\":\"e30%d\",\"payload\":\"%.*s\",\"signature\":\"AAAA\"}", i, i * 4,
			 "GETGETGETGETGETGETGETGETGETGET");
		strcat(text, listener_post(path, body));
	}
	tls_client_open(listener_port, &client);
	assert_true(tls_client_send(&client, text, strlen(text)));
	assert_false(tls_client_read(&client, 8, 3000));
	tls_client_close(&client);
	const char *at = tls_answer;
	for (int i = 0; i < 8; i++) {
		snprintf(expected, sizeof expected,
			 "P/p%d|127.0.0.1|{\"protected\":\"e30%d\",\"payload\":\"%.*s\",\"signature\":\"AAAA\"}", i, i, i * 4,
			 "GETGETGETGETGETGETGETGETGETGET");
		at = strstr(at, expected);
		assert_non_null(at);
	}
}

static void a_body_up_to_the_limit_is_taken_whole(void **state)
{
	(void)state;
	static char body[listener_body_limit + 1];
	memset(body, 'A', listener_body_limit);
	memcpy(body, "{\"protected\":\"e30\",\"signature\":\"AAAA\", \"payload\":\"", 50);
	memcpy(body + listener_body_limit - 2, "\"}", 3);
	listener_ask(listener_post("/big", body));
	listener_assert_answer(200, body);
}

static void case_13_a_longer_body_is_refused_before_it_is_sent(void **state)
{
	(void)state;
	listener_assert_refused("POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json\r\nContent-Length: 104857600\r\n\r\n",
		       REFUSE(body_too_long));
	listener_assert_answer(413, "Connection: close\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_goes_to_the_registrar_and_its_answer_comes_back),
		cmocka_unit_test(a_head_request_has_the_headers_and_no_body),
		cmocka_unit_test(what_the_registrar_refuses_is_a_problem_document),
		cmocka_unit_test(an_answer_that_would_split_or_break_http_is_not_passed_on),
		cmocka_unit_test(case_13_what_the_library_would_let_through_is_refused_by_name),
		cmocka_unit_test(a_long_head_in_many_pieces_is_taken),
		cmocka_unit_test(too_many_header_fields_are_refused),
		cmocka_unit_test(case_14_the_wrong_type_or_method_is_refused_and_the_connection_lives),
		cmocka_unit_test(a_body_that_is_no_envelope_is_refused_before_the_registrar),
		cmocka_unit_test(a_body_that_is_not_signed_is_json_all_the_same),
		cmocka_unit_test(case_13_pipelined_requests_keep_their_bodies_apart),
		cmocka_unit_test(a_body_up_to_the_limit_is_taken_whole),
		cmocka_unit_test(case_13_a_longer_body_is_refused_before_it_is_sent),
	};
	return cmocka_run_group_tests(tests, listener_start, NULL);
}
