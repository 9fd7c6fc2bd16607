/* SPDX-License-Identifier: Apache-2.0
 * What the listener takes as the head of an HTTP request. The heads are cut as libmicrohttpd cuts them: at any CR
 * or LF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ca/listener/head.h"

enum { limit = 1000 };

static struct bytes until(const char **at, const char *ends)
{
	const char *start = *at;
	*at += strcspn(*at, ends);
	return bytes_from(start, (size_t)(*at - start));
}

/* A lenient cut, like the library's: CRLF or a bare CR or LF ends a line, spaces before a value are skipped. */
static struct head cut(const char *text)
{
	struct head head = {0};
	const char *at = text;
	head.method = until(&at, " ");
	at += strspn(at, " ");
	head.target = until(&at, " ");
	at += strspn(at, " ");
	head.version = until(&at, "\r\n");
	for (;;) {
		at += at[0] == '\r' && at[1] == '\n' ? 2 : 1;
		if (*at == '\r' || *at == '\n' || *at == 0)
			return head;
		struct head_field *field = &head.fields[head.field_count++];
		field->name = until(&at, ":");
		at += 1;
		at += strspn(at, " \t");
		field->value = until(&at, "\r\n");
	}
}

static void assert_frame(const char *text, status expected)
{
	size_t size = 77;
	const struct head head = cut(text);
	const status got = head_frame(&head, limit, &size);
	if (got.refusal != expected.refusal)
		fail_msg("%s: %s", text, status_entry(got.refusal)->name);
	if (is_refused(got))
		assert_int_equal(size, 77);
}

static void assert_judged(const char *text, status expected)
{
	size_t size = 0;
	struct head_asked asked;
	const struct head head = cut(text);
	assert_false(is_refused(head_frame(&head, limit, &size)));
	const status got = head_judge(&head, size, &asked);
	if (got.refusal != expected.refusal)
		fail_msg("%s: %s", text, status_entry(got.refusal)->name);
}

static void a_plain_request_is_taken(void **state)
{
	(void)state;
	static const char text[] = "POST /acme/d/new-order HTTP/1.1\r\nHost: ca:1\r\nContent-Type: application/jose+json\r\n"
				   "Content-Length: 12\r\nUser-Agent: caf\xc3\xa9\r\n\r\n";
	const struct head head = cut(text);
	size_t size;
	struct head_asked asked;
	assert_false(is_refused(head_frame(&head, limit, &size)));
	assert_int_equal(size, 12);
	assert_false(is_refused(head_judge(&head, size, &asked)));
	assert_int_equal(asked.method, 'P');
	assert_true(bytes_equal_text(asked.content_type, "application/jose+json"));
}

static void case_13_a_request_whose_end_is_in_doubt_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\ntransfer-encoding:\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_frame(bad[i], REFUSE(http_malformed));
}

static void case_13_a_body_over_the_limit_is_refused_by_its_length(void **state)
{
	(void)state;
	assert_frame("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", OK);
	assert_frame("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", REFUSE(body_too_long));
	assert_frame("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 104857600\r\n\r\n", REFUSE(body_too_long));
	assert_frame("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n", REFUSE(body_too_long));
}

static void case_13_another_version_than_1_1_is_refused(void **state)
{
	(void)state;
	assert_frame("GET /a HTTP/1.0\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/2.0\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a http/1.1\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
}

static void case_13_lines_that_do_not_end_in_crlf_or_are_folded_are_refused(void **state)
{
	(void)state;
	assert_frame("GET /a HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\r\n folded: on\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a  HTTP/1.1\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\r\nX: a\001b\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\r\nX: a\177b\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\r\nX y: a\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", REFUSE(http_malformed));
	assert_frame("G(T /a HTTP/1.1\r\nHost: h\r\n\r\n", REFUSE(http_malformed));
}

static void one_host_is_needed(void **state)
{
	(void)state;
	assert_frame("GET /a HTTP/1.1\r\nX: y\r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: \r\n\r\n", REFUSE(http_malformed));
	assert_frame("GET /a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", REFUSE(http_malformed));
}

static void case_13_a_target_that_names_nothing_of_ours_is_refused(void **state)
{
	(void)state;
	static const char *const absent[] = {"/a/..%2fb", "/a/../b", "/a/..", "/..", "/a/./b", "/.", "//a", "/a//b", "/a?b",
					     "/a?",       "/%61",    "/a#b",  "/a\\b", "/a;b",  "/a:b", "/a//"};
	static const char *const malformed[] = {"", "*", "a", "https://h/a", "h:443", "/a b", "/a\tb", "/a\177", "/\xc3\xa9"};
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_int_equal(head_judge_target(bytes_from_text(absent[i])).refusal, refusal_not_found);
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_int_equal(head_judge_target(bytes_from_text(malformed[i])).refusal, refusal_http_malformed);
}

static void a_target_of_ours_is_taken_up_to_the_longest(void **state)
{
	(void)state;
	char path[head_longest_target + 2];
	memset(path, 'x', sizeof path);
	path[0] = '/';
	assert_int_equal(head_judge_target(bytes_from(path, head_longest_target)).refusal, refusal_none);
	assert_int_equal(head_judge_target(bytes_from(path, head_longest_target + 1)).refusal, refusal_not_found);
	assert_int_equal(head_judge_target(bytes_from_text("/")).refusal, refusal_none);
	assert_int_equal(head_judge_target(bytes_from_text("/a.b/..c/-_~/")).refusal, refusal_none);
}

static void case_14_a_post_takes_one_content_type_only(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"POST /a HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type:\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json; charset=utf-8\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+jsonx\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_judged(wrong[i], REFUSE(media_type_wrong));
	assert_judged("POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: Application/JOSE+JSON \r\n\r\n", OK);
	assert_judged("POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json\r\nContent-Type: text/html\r\n\r\n",
		      REFUSE(http_malformed));
}

static void a_post_that_is_not_signed_is_plain_json_or_says_nothing(void **state)
{
	(void)state;
	static const char *const plain[] = {"/acme/d/attest", "/acme/d/secret", "/acme/secret/attest"};
	static const char *const others[] = {"/acme/d/attest/", "/acme/d/e/attest", "/acme/attest", "/acme/d/attests", "/acme/d/new-order",
					     "/admin/d/attest", "/acme//", "/acme/", "/"};
	char text[200];
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		assert_true(head_is_plain(bytes_from_text(plain[i])));
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: h\r\n\r\n", plain[i]);
		assert_judged(text, OK);
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n", plain[i]);
		assert_judged(text, OK);
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/jose+json\r\n\r\n", plain[i]);
		assert_judged(text, REFUSE(media_type_wrong));
		snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n\r\n", plain[i]);
		assert_judged(text, REFUSE(media_type_wrong));
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(head_is_plain(bytes_from_text(others[i])));
}

static void case_14_other_methods_and_overrides_are_refused(void **state)
{
	(void)state;
	static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "POSTS"};
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		char text[128];
		snprintf(text, sizeof text, "%s /a HTTP/1.1\r\nHost: h\r\nX-HTTP-Method-Override: GET\r\n\r\n", methods[i]);
		assert_judged(text, REFUSE(method_wrong));
	}
	assert_judged("GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n", REFUSE(http_malformed));
	assert_judged("HEAD /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_request_is_taken),
		cmocka_unit_test(case_13_a_request_whose_end_is_in_doubt_is_refused),
		cmocka_unit_test(case_13_a_body_over_the_limit_is_refused_by_its_length),
		cmocka_unit_test(case_13_another_version_than_1_1_is_refused),
		cmocka_unit_test(case_13_lines_that_do_not_end_in_crlf_or_are_folded_are_refused),
		cmocka_unit_test(one_host_is_needed),
		cmocka_unit_test(case_13_a_target_that_names_nothing_of_ours_is_refused),
		cmocka_unit_test(a_target_of_ours_is_taken_up_to_the_longest),
		cmocka_unit_test(case_14_a_post_takes_one_content_type_only),
		cmocka_unit_test(a_post_that_is_not_signed_is_plain_json_or_says_nothing),
		cmocka_unit_test(case_14_other_methods_and_overrides_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
