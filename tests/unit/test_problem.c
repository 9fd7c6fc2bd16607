/* SPDX-License-Identifier: Apache-2.0
 * Problem documents, read back by another JSON parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "ca/problem/problem.h"

static json_t *build(status why, const char *detail)
{
	uint8_t room[problem_room];
	struct buffer out = BUFFER(room);
	assert_true(problem_build(why, detail, &out));
	json_error_t error;
	json_t *document = json_loadb((const char *)room, out.size, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(document);
	return document;
}

static const char *text_of(const json_t *document, const char *name)
{
	return json_string_value(json_object_get(document, name));
}

static void every_refusal_has_a_document_with_its_name_and_its_source(void **state)
{
	(void)state;
	for (int i = refusal_none + 1; i < refusal_count; i++) {
		const struct refusal_entry *entry = status_entry((enum refusal)i);
		json_t *document = build((status){(enum refusal)i}, NULL);
		assert_int_equal(json_integer_value(json_object_get(document, "status")), entry->http_status);
		assert_string_equal(text_of(document, "detail"), entry->sentence);
		assert_string_equal(text_of(document, "refusal"), entry->name);
		assert_string_equal(text_of(document, "reference"), entry->source);
		assert_memory_equal(text_of(document, "type"), "urn:ietf:params:acme:error:", 27);
		assert_string_equal(text_of(document, "type") + 27, entry->acme);
		json_decref(document);
	}
}

static void only_a_bad_signature_algorithm_lists_the_algorithms(void **state)
{
	(void)state;
	json_t *with = build(REFUSE(algorithm_unsupported), "none");
	static const char *const taken[] = {"ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"};
	const json_t *algorithms = json_object_get(with, "algorithms");
	assert_int_equal(json_array_size(algorithms), 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(json_string_value(json_array_get(algorithms, i)), taken[i]);
	json_decref(with);
	json_t *without = build(REFUSE(nonce_bad), NULL);
	assert_null(json_object_get(without, "algorithms"));
	json_decref(without);
}

static void a_detail_follows_the_sentence_and_is_escaped(void **state)
{
	(void)state;
	static const char detail[] = "a \"quoted\" \\ line\r\n\x01\x7f and \xc3\xa9\xf0\x9f\x94\x91";
	json_t *document = build(REFUSE(nonce_bad), detail);
	const char *sentence = status_entry(refusal_nonce_bad)->sentence;
	const char *got = text_of(document, "detail");
	assert_memory_equal(got, sentence, strlen(sentence));
	assert_memory_equal(got + strlen(sentence), ": ", 2);
	assert_string_equal(got + strlen(sentence) + 2, detail);
	json_decref(document);
}

static void a_detail_that_is_not_utf8_is_left_out(void **state)
{
	(void)state;
	static const char *const bad[] = {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xc3", "\xf4\x90\x80\x80"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		json_t *document = build(REFUSE(nonce_bad), bad[i]);
		assert_string_equal(text_of(document, "detail"), status_entry(refusal_nonce_bad)->sentence);
		json_decref(document);
	}
}

static void a_long_detail_is_cut_at_a_character(void **state)
{
	(void)state;
	char detail[4 * problem_detail_most + 1];
	memset(detail, 'x', sizeof detail - 1);
	detail[sizeof detail - 1] = 0;
	memcpy(detail + problem_detail_most - 1, "\xe2\x82\xac", 3);
	json_t *document = build(REFUSE(nonce_bad), detail);
	const char *sentence = status_entry(refusal_nonce_bad)->sentence;
	assert_int_equal(strlen(text_of(document, "detail")), strlen(sentence) + 2 + problem_detail_most - 1);
	json_decref(document);
}

static void the_worst_detail_of_every_refusal_fits_the_room(void **state)
{
	(void)state;
	char detail[problem_detail_most + 1];
	memset(detail, 1, sizeof detail - 1);
	detail[sizeof detail - 1] = 0;
	for (int i = refusal_none + 1; i < refusal_count; i++)
		json_decref(build((status){(enum refusal)i}, detail));
}

static void without_room_nothing_is_written(void **state)
{
	(void)state;
	uint8_t room[problem_room];
	struct buffer whole = BUFFER(room);
	assert_true(problem_build(REFUSE(algorithm_unsupported), "why", &whole));
	for (size_t size = 0; size < whole.size; size++) {
		uint8_t *small = malloc(size + 1); /* the sanitizer sees a byte too many */
		struct buffer out = {.data = small, .size = 0, .room = size};
		assert_false(problem_build(REFUSE(algorithm_unsupported), "why", &out));
		assert_int_equal(out.size, 0);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_refusal_has_a_document_with_its_name_and_its_source),
		cmocka_unit_test(only_a_bad_signature_algorithm_lists_the_algorithms),
		cmocka_unit_test(a_detail_follows_the_sentence_and_is_escaped),
		cmocka_unit_test(a_detail_that_is_not_utf8_is_left_out),
		cmocka_unit_test(a_long_detail_is_cut_at_a_character),
		cmocka_unit_test(the_worst_detail_of_every_refusal_fits_the_room),
		cmocka_unit_test(without_room_nothing_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
