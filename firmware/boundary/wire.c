/* SPDX-License-Identifier: Apache-2.0
 * One encoder and one decoder, driven by the fields of messages.def. Distrusts every byte it decodes. */
#include "firmware/boundary/wire.h"

enum kind { kind_U8, kind_U32, kind_U64, kind_FIXED, kind_BYTES, kind_TEXT, kind_ITEMS };

struct field {
	enum kind kind;
	size_t offset;
	size_t limit;
	size_t count; /* of ITEMS */
};

#define MESSAGE(name, sender, receiver, answer) static const struct field name##_fields[] = {
#define RECORD(name) static const struct field name##_fields[] = {
#define FIELD(owner, kind, field, limit) {kind_##kind, offsetof(struct message_##owner, field), limit, 0},
#define ITEMS(owner, field, most, limit) {kind_ITEMS, offsetof(struct message_##owner, field), limit, most},
#define END(name)                                                                                                      \
	{                                                                                                              \
		kind_U8, 0, 0, SIZE_MAX                                                                                \
	}                                                                                                              \
	}                                                                                                              \
	;
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END

/* A shape ends with an entry whose count is SIZE_MAX. */
static bool is_end(const struct field *field)
{
	return field->count == SIZE_MAX;
}

struct shape {
	struct wire_entry entry;
	const struct field *fields;
	size_t size;
};

static const struct shape shapes[message_count] = {
#define MESSAGE(name, sender, receiver, answer)                                                                        \
	[message_##name] = {{#name, process_##sender, process_##receiver, message_##answer, false},                    \
			    name##_fields,                                                                             \
			    sizeof(struct message_##name)},
#define RECORD(name)                                                                                                   \
	[message_##name] = {{#name, process_ANY, process_ANY, message_none, true},                                     \
			    name##_fields,                                                                             \
			    sizeof(struct message_##name)},
#define FIELD(owner, kind, field, limit)
#define ITEMS(owner, field, count, limit)
#define END(name)
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END
};

static const struct shape *shape_of(enum message id)
{
	return id > message_none && id < message_count ? &shapes[id] : NULL;
}

const struct wire_entry *wire_entry(enum message id)
{
	const struct shape *shape = shape_of(id);
	return shape == NULL ? NULL : &shape->entry;
}

size_t wire_size(enum message id)
{
	const struct shape *shape = shape_of(id);
	return shape == NULL ? 0 : shape->size;
}

/* Length of the UTF-8 sequence at the front, 0 when it is not one of a scalar value other than NUL. */
static size_t scalar_size(const uint8_t *at, size_t left)
{
	static const struct {
		uint8_t mask, lead, least_second, most_second, size;
	} forms[] = {
		{0x80, 0x00, 0, 0, 1},       {0xff, 0xe0, 0xa0, 0xbf, 3}, {0xff, 0xed, 0x80, 0x9f, 3},
		{0xf0, 0xe0, 0x80, 0xbf, 3}, {0xff, 0xf0, 0x90, 0xbf, 4}, {0xff, 0xf4, 0x80, 0x8f, 4},
		{0xfc, 0xf0, 0x80, 0xbf, 4}, {0xe0, 0xc0, 0x80, 0xbf, 2},
	};
	if (at[0] == 0 || at[0] == 0xc0 || at[0] == 0xc1)
		return 0;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if ((at[0] & forms[i].mask) != forms[i].lead)
			continue;
		if (forms[i].size > left)
			return 0;
		if (forms[i].size > 1 && (at[1] < forms[i].least_second || at[1] > forms[i].most_second))
			return 0;
		for (size_t k = 2; k < forms[i].size; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].size;
	}
	return 0;
}

/* Eight octets of ASCII without NUL: nearly all that passes here. */
static bool are_ascii(const uint8_t *at)
{
	const uint64_t high = 0x8080808080808080, ones = 0x0101010101010101;
	uint64_t eight;
	memcpy(&eight, at, sizeof eight);
	return ((eight | (eight - ones)) & high) == 0;
}

bool wire_is_text(struct bytes text)
{
	size_t at = 0;
	while (at < text.size) {
		if (text.size - at >= 8 && are_ascii(text.data + at)) {
			at += 8;
			continue;
		}
		size_t size = scalar_size(text.data + at, text.size - at);
		if (size == 0)
			return false;
		at += size;
	}
	return true;
}

static status put_number(struct buffer *out, uint64_t number, size_t size)
{
	uint8_t octets[8];
	for (size_t i = 0; i < size; i++)
		octets[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
	return buffer_add(out, octets, size) ? OK : REFUSE(message_malformed);
}

static status put_bytes(struct buffer *out, struct bytes value, size_t limit)
{
	if (value.size > limit)
		return REFUSE(message_malformed);
	TRY(put_number(out, value.size, 4));
	return buffer_add(out, value.data, value.size) ? OK : REFUSE(message_malformed);
}

/* The array of views and the count behind it, as ITEMS lays them out. */
static size_t *items_count(void *items, size_t count)
{
	return (size_t *)(void *)((uint8_t *)items + count * sizeof(struct bytes));
}

static status put_items(struct buffer *out, const struct field *field, const void *at)
{
	const struct bytes *items = at;
	size_t count;
	memcpy(&count, (const uint8_t *)at + field->count * sizeof(struct bytes), sizeof count);
	if (count > field->count)
		return REFUSE(message_malformed);
	TRY(put_number(out, count, 4));
	for (size_t i = 0; i < count; i++)
		TRY(put_bytes(out, items[i], field->limit));
	return OK;
}

static status put_field(struct buffer *out, const struct field *field, const void *message)
{
	const void *at = (const uint8_t *)message + field->offset;
	const struct bytes *view = at;
	switch (field->kind) {
	case kind_U8:
		return put_number(out, *(const uint8_t *)at, 1);
	case kind_U32:
		return put_number(out, *(const uint32_t *)at, 4);
	case kind_U64:
		return put_number(out, *(const uint64_t *)at, 8);
	case kind_FIXED:
		return buffer_add(out, at, field->limit) ? OK : REFUSE(message_malformed);
	case kind_TEXT:
		if (!wire_is_text(*view))
			return REFUSE(message_malformed);
		return put_bytes(out, *view, field->limit);
	case kind_BYTES:
		return put_bytes(out, *view, field->limit);
	case kind_ITEMS:
		return put_items(out, field, at);
	}
	return REFUSE(message_malformed);
}

status wire_encode(enum message id, const void *message, struct buffer *out)
{
	const struct shape *shape = shape_of(id);
	size_t before = out->size;
	if (shape == NULL)
		return REFUSE(message_malformed);
	for (const struct field *field = shape->fields; !is_end(field); field++) {
		status s = put_field(out, field, message);
		if (is_refused(s)) {
			out->size = before;
			return s;
		}
	}
	return OK;
}

static status take(struct bytes *in, size_t size, struct bytes *out)
{
	if (in->size < size)
		return REFUSE(message_malformed);
	*out = bytes_from(in->data, size);
	*in = bytes_from(in->data + size, in->size - size);
	return OK;
}

static status take_number(struct bytes *in, size_t size, uint64_t *out)
{
	struct bytes octets;
	uint64_t number = 0;
	TRY(take(in, size, &octets));
	for (size_t i = 0; i < size; i++)
		number = number << 8 | octets.data[i];
	*out = number;
	return OK;
}

static status take_bytes(struct bytes *in, size_t limit, struct bytes *out)
{
	uint64_t size;
	TRY(take_number(in, 4, &size));
	if (size > limit)
		return REFUSE(message_malformed);
	return take(in, (size_t)size, out);
}

static status take_items(struct bytes *in, const struct field *field, void *at)
{
	struct bytes *items = at;
	uint64_t count;
	TRY(take_number(in, 4, &count));
	if (count > field->count)
		return REFUSE(message_malformed);
	for (size_t i = 0; i < count; i++)
		TRY(take_bytes(in, field->limit, &items[i]));
	*items_count(at, field->count) = (size_t)count;
	return OK;
}

static status take_field(struct bytes *in, const struct field *field, void *message)
{
	void *at = (uint8_t *)message + field->offset;
	struct bytes view;
	uint64_t number;
	switch (field->kind) {
	case kind_U8:
		TRY(take_number(in, 1, &number));
		*(uint8_t *)at = (uint8_t)number;
		return OK;
	case kind_U32:
		TRY(take_number(in, 4, &number));
		*(uint32_t *)at = (uint32_t)number;
		return OK;
	case kind_U64:
		TRY(take_number(in, 8, &number));
		*(uint64_t *)at = number;
		return OK;
	case kind_FIXED:
		TRY(take(in, field->limit, &view));
		memcpy(at, view.data, field->limit);
		return OK;
	case kind_TEXT:
	case kind_BYTES:
		TRY(take_bytes(in, field->limit, &view));
		if (field->kind == kind_TEXT && !wire_is_text(view))
			return REFUSE(message_malformed);
		*(struct bytes *)at = view;
		return OK;
	case kind_ITEMS:
		return take_items(in, field, at);
	}
	return REFUSE(message_malformed);
}

status wire_decode(enum message id, struct bytes in, void *message)
{
	const struct shape *shape = shape_of(id);
	if (shape == NULL)
		return REFUSE(message_malformed);
	memset(message, 0, shape->size);
	for (const struct field *field = shape->fields; !is_end(field); field++)
		TRY(take_field(&in, field, message));
	return in.size == 0 ? OK : REFUSE(message_malformed);
}
