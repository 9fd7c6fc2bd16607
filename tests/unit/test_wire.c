/* SPDX-License-Identifier: Apache-2.0
 * The encoder and decoder against every entry of messages.def, with content drawn at random within and beyond its
 * limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "firmware/boundary/wire.h"

enum { most_fields = 32, rounds = 40, seed = 20240229 };
enum kind { U8, U32, U64, FIXED, BYTES, TEXT };

/* The table once more, read independently of wire.c. */
struct shape {
	enum message id;
	struct {
		enum kind kind;
		size_t offset, limit, count; /* count of ITEMS, else 0 */
	} fields[most_fields];
	size_t field_count;
};
static struct shape shapes[message_count];

static void read_table(void)
{
	struct shape *shape;
#define BEGIN(name)                                                                                                    \
	shape = &shapes[message_##name];                                                                               \
	shape->id = message_##name;
#define MESSAGE(name, sender, receiver, answer) BEGIN(name)
#define RECORD(name) BEGIN(name)
#define FIELD(owner, kind_, field, limit_)                                                                             \
	shape->fields[shape->field_count].kind = kind_;                                                                \
	shape->fields[shape->field_count].offset = offsetof(struct message_##owner, field);                            \
	shape->fields[shape->field_count++].limit = limit_;
#define ITEMS(owner, field, count_, limit_)                                                                            \
	shape->fields[shape->field_count].kind = BYTES;                                                                \
	shape->fields[shape->field_count].count = count_;                                                              \
	shape->fields[shape->field_count].offset = offsetof(struct message_##owner, field);                            \
	shape->fields[shape->field_count++].limit = limit_;
#define END(name)
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END
}

/* Well-formed octets that any view may point to: ASCII, which is text as well. */
enum { longest_view = 65536, longest_field = 524288 };
static uint8_t content[longest_field + 200];
static uint8_t encoded[2 * longest_field], again[2 * longest_field];

static size_t pick(size_t most)
{
	const size_t sizes[] = {0, 1, most, most / 2, (size_t)rand() % (most + 1)};
	return sizes[(size_t)rand() % (sizeof sizes / sizeof sizes[0])];
}

/* Of a record that is no packet, no more than a packet holds. */
static struct bytes some(size_t most)
{
	const size_t size = pick(most < longest_view ? most : longest_view);
	return bytes_from(content + (size_t)rand() % 100, size);
}

static void fill_items(uint8_t *at, size_t count, size_t limit)
{
	struct bytes *items = (struct bytes *)(void *)at;
	const size_t used = pick(count);
	for (size_t i = 0; i < used; i++)
		items[i] = some(limit < 2000 ? limit : 2000);
	memcpy(at + count * sizeof(struct bytes), &used, sizeof used);
}

static void *fill(const struct shape *shape)
{
	uint8_t *message = calloc(1, wire_size(shape->id) + 1);
	assert_non_null(message);
	for (size_t i = 0; i < shape->field_count; i++) {
		uint8_t *at = message + shape->fields[i].offset;
		const size_t limit = shape->fields[i].limit;
		const uint64_t number = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 16 ^ (uint64_t)rand();
		const struct bytes view = some(limit);
		if (shape->fields[i].count != 0)
			fill_items(at, shape->fields[i].count, limit);
		else if (shape->fields[i].kind == FIXED)
			memcpy(at, content + (size_t)rand() % 100, limit);
		else if (shape->fields[i].kind == BYTES || shape->fields[i].kind == TEXT)
			memcpy(at, &view, sizeof view);
		else
			memcpy(at, &number, shape->fields[i].kind == U8 ? 1 : shape->fields[i].kind == U32 ? 4 : 8);
	}
	return message;
}

static bool decodes(enum message id, struct bytes text)
{
	/* a copy of the exact size, so that reading beyond it is seen */
	uint8_t *copy = malloc(text.size + 1);
	void *message = calloc(1, wire_size(id) + 1);
	assert_true(copy != NULL && message != NULL);
	memcpy(copy + 1, text.data, text.size);
	const bool is_decoded = !is_refused(wire_decode(id, bytes_from(copy + 1, text.size), message));
	free(copy);
	free(message);
	return is_decoded;
}

static void each_message_comes_back_as_it_went(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		assert_int_equal(shapes[id].id, id);
		for (int i = 0; i < rounds; i++) {
			void *message = fill(&shapes[id]), *back = calloc(1, wire_size(id) + 1);
			struct buffer first = BUFFER(encoded), second = BUFFER(again);
			assert_false(is_refused(wire_encode(id, message, &first)));
			assert_false(is_refused(wire_decode(id, buffer_view(&first), back)));
			assert_false(is_refused(wire_encode(id, back, &second)));
			assert_true(bytes_equal(buffer_view(&first), buffer_view(&second)));
			free(message);
			free(back);
		}
	}
}

static void each_message_at_its_limits_fits_a_packet(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		size_t longest = wire_header_size;
		if (wire_entry(id)->is_record)
			continue;
		for (size_t i = 0; i < shapes[id].field_count; i++) {
			const size_t limit = shapes[id].fields[i].limit, count = shapes[id].fields[i].count;
			longest += count != 0 ? 4 + count * (4 + limit) : limit + 8;
		}
		if (longest > wire_packet_room)
			print_error("%s: %zu\n", wire_entry(id)->name, longest);
		assert_true(longest <= wire_packet_room);
	}
}

static void a_message_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		void *message = fill(&shapes[id]);
		struct buffer text = BUFFER(encoded);
		assert_false(is_refused(wire_encode(id, message, &text)));
		const size_t step = text.size > 4000 ? 97 : 1;
		for (size_t cut = 0; cut < text.size; cut += step)
			assert_false(decodes(id, bytes_from(encoded, cut)));
		free(message);
	}
}

static void a_message_with_a_trailing_byte_is_refused(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		void *message = fill(&shapes[id]);
		struct buffer text = BUFFER(encoded);
		assert_false(is_refused(wire_encode(id, message, &text)));
		assert_true(decodes(id, buffer_view(&text)));
		assert_true(buffer_add(&text, "", 1));
		assert_false(decodes(id, buffer_view(&text)));
		free(message);
	}
}

/* Both ways: the encoder refuses to send it, and the decoder refuses who sends it nevertheless. */
static void a_field_over_its_limit_is_refused(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++)
		for (size_t i = 0; i < shapes[id].field_count; i++) {
			if (shapes[id].fields[i].count != 0 || shapes[id].fields[i].kind < BYTES)
				continue;
			uint8_t *message = calloc(1, wire_size(id));
			const struct bytes longest = bytes_from(content, shapes[id].fields[i].limit);
			const struct bytes longer = bytes_from(content, shapes[id].fields[i].limit + 1);
			struct buffer text = BUFFER(encoded);
			assert_non_null(message);
			memcpy(message + shapes[id].fields[i].offset, &longest, sizeof longest);
			assert_false(is_refused(wire_encode(id, message, &text)));
			memcpy(message + shapes[id].fields[i].offset, &longer, sizeof longer);
			text.size = 3;
			assert_int_equal(wire_encode(id, message, &text).refusal, refusal_message_malformed);
			assert_int_equal(text.size, 3); /* as before */
			free(message);
		}
}

static void a_length_that_claims_more_than_there_is_is_refused(void **state)
{
	(void)state;
	static const uint8_t claims[][8] = {
		{6, 0xff, 0xff, 0xff, 0xff, 'a'}, {6, 0x7f, 0xff, 0xff, 0xff, 'a'}, {6, 0, 0, 4, 1, 'a'}, {6, 0, 0, 0, 4, 'a'}};
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
		assert_false(decodes(message_log_line, BYTES_OF(claims[i])));
	static const uint8_t longer_item[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
	assert_false(decodes(message_response, BYTES_OF(longer_item)));
}

static void too_many_items_are_refused(void **state)
{
	(void)state;
	struct message_tls_certified certified = {.chain = {.count = 5}};
	struct buffer text = BUFFER(encoded);
	assert_int_equal(wire_encode(message_tls_certified, &certified, &text).refusal, refusal_message_malformed);
	certified.chain.count = 4;
	assert_false(is_refused(wire_encode(message_tls_certified, &certified, &text)));
	assert_true(decodes(message_tls_certified, buffer_view(&text)));
	encoded[11] = 5; /* the count's last octet, after a number of eight */
	memset(encoded + 12, 0, 20);
	assert_false(decodes(message_tls_certified, bytes_from(encoded, 12 + 20)));
}

static void text_is_exactly_utf_8_without_nul(void **state)
{
	(void)state;
	static const char *const good[] = {"",		   "a",		       "\xc2\x80",	   "\xdf\xbf",
					   "\xe0\xa0\x80", "\xed\x9f\xbf",     "\xee\x80\x80",     "\xef\xbf\xbf",
					   "a\xc3\xa9z",   "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf1\x80\x80\x80x"};
	static const char *const bad[] = {"\x80",	      "\xbf",	      "\xc0\x80",     "\xc1\xbf",     "\xc2",
					  "\xc2\x41",	      "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe1\x80",     "\xed\xa0\x80",
					  "\xed\xbf\xbf",     "\xe1\x80\x41", "\xe1\x41\x80", "\xf0\x80\x80\x80",
					  "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
					  "\xfe",	      "\xff",	      "a\x80",	      "\xf0\x90\x80", "\xf0\x90\x80\x41"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(wire_is_text(bytes_from_text(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(wire_is_text(bytes_from_text(bad[i])));
	assert_false(wire_is_text(bytes_from("a\0b", 3)));
	for (size_t i = 0; i < 17; i++) {
		char long_one[18] = "abcdefgh~ijklmnop";
		long_one[i] = 0;
		assert_false(wire_is_text(bytes_from(long_one, 17)));
		long_one[i] = (char)0x80;
		assert_false(wire_is_text(bytes_from(long_one, 17)));
		long_one[i] = 1;
		assert_true(wire_is_text(bytes_from(long_one, 17)));
		memcpy(long_one + (i < 16 ? i : 15), "\xc3\xa4", 2);
		assert_true(wire_is_text(bytes_from(long_one, 17)));
	}
}

static void text_that_is_not_utf_8_is_refused_both_ways(void **state)
{
	(void)state;
	const struct message_log_line line = {.level = 6, .text = bytes_from("a\xff", 2)};
	struct buffer text = BUFFER(encoded);
	static const uint8_t sent[] = {6, 0, 0, 0, 2, 'a', 0xff};
	assert_int_equal(wire_encode(message_log_line, &line, &text).refusal, refusal_message_malformed);
	assert_int_equal(text.size, 0);
	assert_false(decodes(message_log_line, BYTES_OF(sent)));
}

static void no_room_is_refused_and_leaves_the_buffer_as_it_was(void **state)
{
	(void)state;
	const struct message_log_line line = {.level = 6, .text = bytes_from_text("twelve bytes")};
	uint8_t small[16];
	struct buffer text = BUFFER(small);
	assert_int_equal(wire_encode(message_log_line, &line, &text).refusal, refusal_message_malformed);
	assert_int_equal(text.size, 0);
}

static void a_number_that_is_no_message_is_refused(void **state)
{
	(void)state;
	struct buffer text = BUFFER(encoded);
	assert_null(wire_entry(message_none));
	assert_null(wire_entry(message_count));
	assert_null(wire_entry((enum message)0xffff));
	assert_int_equal(wire_size((enum message)0xffff), 0);
	assert_true(is_refused(wire_encode((enum message)0xffff, &text, &text)));
	assert_true(is_refused(wire_decode((enum message)0xffff, bytes_from("", 0), &text)));
}

static void each_message_has_a_sender_a_receiver_and_an_answer_that_goes_back(void **state)
{
	(void)state;
	for (enum message id = message_none + 1; id < message_count; id++) {
		const struct wire_entry *entry = wire_entry(id);
		const struct wire_entry *answer = wire_entry(entry->answer);
		if (answer == NULL)
			continue;
		assert_int_equal(answer->sender, entry->receiver);
		assert_int_equal(answer->receiver, entry->sender);
		assert_int_equal(answer->answer, message_none);
	}
}

static void each_refusal_has_all_its_words(void **state)
{
	(void)state;
	for (enum refusal refusal = refusal_none + 1; refusal < refusal_count; refusal++) {
		const struct refusal_entry *entry = status_entry(refusal);
		assert_true(strlen(entry->name) > 0 && strlen(entry->acme) > 0 && strlen(entry->source) > 0);
		assert_true(strlen(entry->sentence) > 10 && entry->http_status >= 400 && entry->http_status < 600);
	}
	assert_string_equal(status_entry(refusal_count)->name, "internal");
	assert_string_equal(status_entry(refusal_none)->name, "internal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_comes_back_as_it_went),
		cmocka_unit_test(each_message_at_its_limits_fits_a_packet),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(a_message_with_a_trailing_byte_is_refused),
		cmocka_unit_test(a_field_over_its_limit_is_refused),
		cmocka_unit_test(a_length_that_claims_more_than_there_is_is_refused),
		cmocka_unit_test(too_many_items_are_refused),
		cmocka_unit_test(text_is_exactly_utf_8_without_nul),
		cmocka_unit_test(text_that_is_not_utf_8_is_refused_both_ways),
		cmocka_unit_test(no_room_is_refused_and_leaves_the_buffer_as_it_was),
		cmocka_unit_test(a_number_that_is_no_message_is_refused),
		cmocka_unit_test(each_message_has_a_sender_a_receiver_and_an_answer_that_goes_back),
		cmocka_unit_test(each_refusal_has_all_its_words),
	};
	srand(seed);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)('!' + i % 90);
	read_table();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
