/* SPDX-License-Identifier: Apache-2.0
 * Decides what is strict JSON: UTF-8, no NUL, no lone surrogate, no number beyond a double, no member twice, no depth
 * beyond json_deepest. Distrusts every byte. */
#include "ca/jose/json.h"

#include <math.h>
#include <stdlib.h>

#include "firmware/boundary/wire.h"

struct reader {
	const uint8_t *at, *end;
};

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end &&
	       (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
		reader->at++;
}

/* The next character, not taken; 0 at the end. */
static uint8_t peek(const struct reader *reader)
{
	return reader->at < reader->end ? *reader->at : 0;
}

static bool take(struct reader *reader, char character)
{
	if (peek(reader) != (uint8_t)character)
		return false;
	reader->at++;
	return true;
}

/* Four hexadecimal digits. */
static bool take_hex(struct reader *reader, uint32_t *out)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++) {
		const uint8_t digit = peek(reader);
		if (digit >= '0' && digit <= '9')
			value = value << 4 | (uint32_t)(digit - '0');
		else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
		else
			return false;
		reader->at++;
	}
	*out = value;
	return true;
}

/* What stands behind a backslash, as a code point; a surrogate needs its other half. U+0000 is refused. */
static bool take_escape(struct reader *reader, uint32_t *out)
{
	static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const uint8_t letter = peek(reader);
	if (letter == 0)
		return false;
	reader->at++;
	if (letter != 'u') {
		const char *found = strchr(written, letter);
		*out = found == NULL ? 0 : (uint32_t)meant[found - written];
		return found != NULL;
	}
	uint32_t high, low;
	if (!take_hex(reader, &high) || high == 0 || (high >= 0xdc00 && high <= 0xdfff))
		return false;
	*out = high;
	if (high < 0xd800 || high > 0xdbff)
		return true;
	if (!take(reader, '\\') || !take(reader, 'u') || !take_hex(reader, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* A string; `raw` is what stands between the quotation marks. */
static bool take_string(struct reader *reader, struct bytes *raw, bool *has_escape)
{
	if (!take(reader, '"'))
		return false;
	const uint8_t *start = reader->at;
	*has_escape = false;
	while (reader->at < reader->end && *reader->at != '"') {
		uint32_t ignored;
		const uint8_t character = *reader->at++;
		if (character < 0x20)
			return false;
		if (character == '\\') {
			*has_escape = true;
			if (!take_escape(reader, &ignored))
				return false;
		}
	}
	*raw = bytes_from(start, (size_t)(reader->at - start));
	return take(reader, '"');
}

static bool take_digits(struct reader *reader)
{
	const uint8_t *start = reader->at;
	while (peek(reader) >= '0' && peek(reader) <= '9')
		reader->at++;
	return reader->at > start;
}

/* A number that a double can hold (1e999 is refused), of at most 63 characters. */
static bool take_number(struct reader *reader)
{
	const uint8_t *start = reader->at;
	(void)take(reader, '-');
	if (!take(reader, '0') && !take_digits(reader))
		return false;
	if (take(reader, '.') && !take_digits(reader))
		return false;
	if (take(reader, 'e') || take(reader, 'E')) {
		if (!take(reader, '+'))
			(void)take(reader, '-');
		if (!take_digits(reader))
			return false;
	}
	char copy[64];
	const size_t size = (size_t)(reader->at - start);
	if (size >= sizeof copy)
		return false;
	memcpy(copy, start, size);
	copy[size] = 0;
	return isfinite(strtod(copy, NULL));
}

static bool take_literal(struct reader *reader)
{
	static const char *const literals[] = {"true", "false", "null"};
	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		const size_t size = strlen(literals[i]);
		if ((size_t)(reader->end - reader->at) >= size && memcmp(reader->at, literals[i], size) == 0) {
			reader->at += size;
			return true;
		}
	}
	return false;
}

static bool take_scalar(struct reader *reader)
{
	struct bytes ignored;
	bool has_escape;
	const uint8_t first = peek(reader);
	if (first == '"')
		return take_string(reader, &ignored, &has_escape);
	if (first == '-' || (first >= '0' && first <= '9'))
		return take_number(reader);
	return take_literal(reader);
}

/* `"name" :`, with white space around each. */
static bool take_name(struct reader *reader, struct bytes *name, bool *has_escape)
{
	skip_space(reader);
	if (!take_string(reader, name, has_escape))
		return false;
	skip_space(reader);
	return take(reader, ':');
}

/* The open objects and arrays around the place that is read: a stack in place of recursion. */
struct nest {
	uint8_t open[json_deepest];
	size_t depth;
};

/* After a value: closes what ends here. `more`: a comma was taken, and another value is due. */
static bool close_nest(struct reader *reader, struct nest *nest, bool *more)
{
	struct bytes name;
	bool has_escape;
	*more = false;
	while (nest->depth > 0) {
		const uint8_t open = nest->open[nest->depth - 1];
		skip_space(reader);
		if (take(reader, ',')) {
			*more = true;
			return open == '[' || take_name(reader, &name, &has_escape);
		}
		if (!take(reader, open == '{' ? '}' : ']'))
			return false;
		nest->depth--;
	}
	return true;
}

/* Opens an object or an array. `more`: its first value is due; otherwise it was empty. */
static bool open_nest(struct reader *reader, struct nest *nest, bool *more)
{
	struct bytes name;
	bool has_escape;
	const uint8_t open = peek(reader);
	if (nest->depth == json_deepest)
		return false;
	reader->at++;
	skip_space(reader);
	*more = !take(reader, open == '{' ? '}' : ']');
	if (!*more)
		return true;
	nest->open[nest->depth++] = open;
	return open == '[' || take_name(reader, &name, &has_escape);
}

/* Any value. */
static bool take_value(struct reader *reader)
{
	struct nest nest = {.depth = 0};
	bool more = true;
	while (more) {
		skip_space(reader);
		more = false;
		if (peek(reader) == '{' || peek(reader) == '[') {
			if (!open_nest(reader, &nest, &more))
				return false;
		} else if (!take_scalar(reader)) {
			return false;
		}
		if (!more && !close_nest(reader, &nest, &more))
			return false;
	}
	return true;
}

static bool add_code_point(uint32_t point, struct buffer *out)
{
	const uint8_t last = (uint8_t)(0x80 | (point & 0x3f)), middle = (uint8_t)(0x80 | (point >> 6 & 0x3f));
	if (point < 0x80)
		return buffer_add(out, &(uint8_t){(uint8_t)point}, 1);
	if (point < 0x800)
		return buffer_add(out, (uint8_t[]){(uint8_t)(0xc0 | point >> 6), last}, 2);
	if (point < 0x10000)
		return buffer_add(out, (uint8_t[]){(uint8_t)(0xe0 | point >> 12), middle, last}, 3);
	const uint8_t four[] = {(uint8_t)(0xf0 | point >> 18), (uint8_t)(0x80 | (point >> 12 & 0x3f)), middle, last};
	return buffer_add(out, four, sizeof four);
}

/* The characters that a string means; `raw` was taken by take_string. */
static bool unescape(struct bytes raw, struct buffer *room, struct bytes *out)
{
	struct reader reader = {.at = raw.data, .end = raw.data + raw.size};
	const size_t before = room->size;
	while (reader.at < reader.end) {
		uint32_t point = 0;
		const uint8_t *one = reader.at++;
		if (*one != '\\') {
			if (!buffer_add(room, one, 1))
				return false;
		} else if (!take_escape(&reader, &point) || !add_code_point(point, room)) {
			return false;
		}
	}
	*out = bytes_from(room->data + before, room->size - before);
	return true;
}

static enum json_kind kind_of(uint8_t first)
{
	switch (first) {
	case '"':
		return json_string;
	case '{':
		return json_object;
	case '[':
		return json_array;
	case 't':
	case 'f':
	case 'n':
		return json_literal;
	default:
		return json_number;
	}
}

static bool take_member(struct reader *reader, struct buffer *room, struct json_member *out)
{
	bool has_escape;
	if (!take_name(reader, &out->name, &has_escape) || has_escape)
		return false;
	skip_space(reader);
	const uint8_t *start = reader->at;
	out->kind = kind_of(peek(reader));
	if (out->kind == json_string) {
		struct bytes raw;
		if (!take_string(reader, &raw, &has_escape))
			return false;
		out->value = raw;
		return !has_escape || unescape(raw, room, &out->value);
	}
	if (!take_value(reader))
		return false;
	out->value = bytes_from(start, (size_t)(reader->at - start));
	return true;
}

static status take_members(struct reader *reader, struct buffer *room, struct json_read *out)
{
	skip_space(reader);
	if (take(reader, '}'))
		return OK;
	do {
		struct json_member member;
		if (out->count == json_most_members || !take_member(reader, room, &member))
			return REFUSE(json_malformed);
		for (size_t i = 0; i < out->count; i++)
			if (bytes_equal(out->members[i].name, member.name))
				return REFUSE(json_duplicate);
		out->members[out->count++] = member;
		skip_space(reader);
	} while (take(reader, ','));
	return take(reader, '}') ? OK : REFUSE(json_malformed);
}

status json_parse(struct bytes text, struct buffer *room, struct json_read *out)
{
	struct reader reader = {.at = text.data, .end = text.size == 0 ? text.data : text.data + text.size};
	struct json_read read = {.count = 0};
	const size_t before = room->size;
	if (!wire_is_text(text))
		return REFUSE(json_malformed);
	skip_space(&reader);
	status result = take(&reader, '{') ? take_members(&reader, room, &read) : REFUSE(json_malformed);
	skip_space(&reader);
	if (!is_refused(result) && reader.at != reader.end)
		result = REFUSE(json_malformed);
	if (is_refused(result))
		room->size = before;
	else
		*out = read;
	return result;
}

status json_next(struct bytes *rest, struct json_member *out)
{
	struct reader reader = {.at = rest->data, .end = rest->data + rest->size};
	struct buffer no_room = {.data = NULL, .room = 0};
	struct json_member member = {.kind = json_absent};
	skip_space(&reader);
	const bool is_first = take(&reader, '{');
	skip_space(&reader);
	if (!take(&reader, '}')) {
		if ((!is_first && !take(&reader, ',')) || !take_member(&reader, &no_room, &member))
			return REFUSE(json_malformed);
	}
	*rest = bytes_from(reader.at, (size_t)(reader.end - reader.at));
	*out = member;
	return OK;
}

const struct json_member *json_find(const struct json_read *read, const char *name)
{
	for (size_t i = 0; i < read->count; i++)
		if (bytes_equal_text(read->members[i].name, name))
			return &read->members[i];
	return NULL;
}

status json_text(const struct json_read *read, const char *name, struct bytes *out)
{
	const struct json_member *member = json_find(read, name);
	if (member == NULL || member->kind != json_string)
		return REFUSE(json_malformed);
	*out = member->value;
	return OK;
}

status json_whole(const struct json_read *read, const char *name, uint64_t *out)
{
	const struct json_member *member = json_find(read, name);
	if (member == NULL || member->kind != json_number || member->value.size > 16)
		return REFUSE(json_malformed);
	uint64_t value = 0;
	for (size_t i = 0; i < member->value.size; i++) {
		const uint8_t digit = member->value.data[i];
		if (digit < '0' || digit > '9')
			return REFUSE(json_malformed);
		value = value * 10 + (uint64_t)(digit - '0');
	}
	if (value > (UINT64_C(1) << 53))
		return REFUSE(json_malformed);
	*out = value;
	return OK;
}

bool json_quote(struct bytes text, struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";
	const size_t before = out->size;
	bool has_room = wire_is_text(text) && buffer_add(out, "\"", 1);
	for (size_t i = 0; i < text.size && has_room; i++) {
		const uint8_t one = text.data[i];
		if (one < 0x20 || one == 0x7f)
			has_room =
				buffer_add(out, (char[]){'\\', 'u', '0', '0', digits[one >> 4], digits[one & 15]}, 6);
		else if (one == '"' || one == '\\')
			has_room = buffer_add(out, (uint8_t[]){'\\', one}, 2);
		else
			has_room = buffer_add(out, &one, 1);
	}
	has_room = has_room && buffer_add(out, "\"", 1);
	if (!has_room)
		out->size = before;
	return has_room;
}
