/* SPDX-License-Identifier: Apache-2.0
 * The one file for libcbor: its streaming decoder, one item a step, under our own limits (its tree builder reserves
 * gigabytes for five bytes). Distrusts every byte. */
#include "attest/verifier/cbor.h"

#include <cbor/callbacks.h>
#include <cbor/streaming.h>

#include "firmware/boundary/wire.h"

struct step {
	struct cbor_item item;
	bool is_taken;
};

static void take(void *step, enum cbor_kind kind, uint64_t number)
{
	*(struct step *)step = (struct step){.item = {.kind = kind, .number = number}, .is_taken = true};
}

static void on_u8(void *step, uint8_t value)
{
	take(step, cbor_unsigned, value);
}
static void on_u16(void *step, uint16_t value)
{
	take(step, cbor_unsigned, value);
}
static void on_u32(void *step, uint32_t value)
{
	take(step, cbor_unsigned, value);
}
static void on_u64(void *step, uint64_t value)
{
	take(step, cbor_unsigned, value);
}
static void on_negative_u8(void *step, uint8_t value)
{
	take(step, cbor_negative, value);
}
static void on_negative_u16(void *step, uint16_t value)
{
	take(step, cbor_negative, value);
}
static void on_negative_u32(void *step, uint32_t value)
{
	take(step, cbor_negative, value);
}
static void on_negative_u64(void *step, uint64_t value)
{
	take(step, cbor_negative, value);
}

static void on_octets(void *step, cbor_data data, size_t size)
{
	take(step, cbor_octets, 0);
	((struct step *)step)->item.octets = bytes_from(data, size);
}

static void on_text(void *step, cbor_data data, size_t size)
{
	take(step, cbor_text, 0);
	((struct step *)step)->item.octets = bytes_from(data, size);
	((struct step *)step)->is_taken = wire_is_text(bytes_from(data, size));
}

static void on_array(void *step, size_t count)
{
	take(step, cbor_array, 0);
	((struct step *)step)->item.count = count;
}

static void on_map(void *step, size_t count)
{
	take(step, cbor_map, 0);
	((struct step *)step)->item.count = count;
}

static void on_boolean(void *step, bool value)
{
	take(step, cbor_simple, value);
}

static void on_null(void *step)
{
	take(step, cbor_simple, 2);
}

/* What is refused: these leave the step as it was, not taken. */
static void refuse(void *step)
{
	(void)step;
}
static void refuse_tag(void *step, uint64_t value)
{
	(void)step, (void)value;
}
static void refuse_float(void *step, float value)
{
	(void)step, (void)value;
}
static void refuse_double(void *step, double value)
{
	(void)step, (void)value;
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_u8,
    .uint16 = on_u16,
    .uint32 = on_u32,
    .uint64 = on_u64,
    .negint8 = on_negative_u8,
    .negint16 = on_negative_u16,
    .negint32 = on_negative_u32,
    .negint64 = on_negative_u64,
    .byte_string = on_octets,
    .byte_string_start = refuse,
    .string = on_text,
    .string_start = refuse,
    .array_start = on_array,
    .indef_array_start = refuse,
    .map_start = on_map,
    .indef_map_start = refuse,
    .tag = refuse_tag,
    .float2 = refuse_float,
    .float4 = refuse_float,
    .float8 = refuse_double,
    .undefined = refuse,
    .null = on_null,
    .boolean = on_boolean,
    .indef_break = refuse,
};

/* The collections that are open, innermost last. */
struct open {
	struct {
		size_t index;
		size_t left; /* items still to come */
	} levels[cbor_deepest];
	size_t depth;
};

static bool is_collection(const struct cbor_item *item)
{
	return item->kind == cbor_array || item->kind == cbor_map;
}

static bool is_same(const struct cbor_item *a, const struct cbor_item *b)
{
	return a->kind == b->kind && a->number == b->number && bytes_equal(a->octets, b->octets);
}

/* A collection needs a byte at least for each thing it says it holds, so the claim is bounded by the input. */
static status open_collection(struct open *open, struct cbor *out, size_t index, size_t rest)
{
	const struct cbor_item *item = &out->items[index];
	const size_t each = item->kind == cbor_map ? 2 : 1;
	if (open->depth == cbor_deepest || item->count > rest / each || item->count > cbor_most_items)
		return REFUSE(cbor_malformed);
	open->levels[open->depth].index = index;
	open->levels[open->depth].left = item->count * each;
	open->depth++;
	return OK;
}

static void close_collections(struct open *open, struct cbor *out)
{
	while (open->depth > 0 && open->levels[open->depth - 1].left == 0) {
		open->depth--;
		out->items[open->levels[open->depth].index].next = out->count;
		if (open->depth > 0)
			open->levels[open->depth - 1].left--;
	}
}

static status add_item(struct open *open, struct cbor *out, const struct cbor_item *item, size_t rest)
{
	if (out->count == cbor_most_items)
		return REFUSE(cbor_malformed);
	const size_t index = out->count++;
	out->items[index] = *item;
	out->items[index].next = out->count;
	if (is_collection(item))
		TRY(open_collection(open, out, index, rest));
	else if (open->depth > 0)
		open->levels[open->depth - 1].left--;
	close_collections(open, out);
	return OK;
}

static status refuse_duplicates(const struct cbor *cbor, size_t map)
{
	const size_t end = cbor->items[map].next;
	for (size_t a = map + 1; a < end; a = cbor->items[cbor->items[a].next].next) {
		if (is_collection(&cbor->items[a]))
			return REFUSE(cbor_malformed);
		for (size_t b = map + 1; b < a; b = cbor->items[cbor->items[b].next].next)
			if (is_same(&cbor->items[a], &cbor->items[b]))
				return REFUSE(cbor_duplicate);
	}
	return OK;
}

status cbor_parse(struct bytes in, struct cbor *out)
{
	struct open open = {.depth = 0};
	size_t offset = 0;
	out->count = 0;
	do {
		struct step step = {.is_taken = false};
		if (offset == in.size)
			return REFUSE(cbor_malformed);
		const struct cbor_decoder_result result =
		    cbor_stream_decode(in.data + offset, in.size - offset, &callbacks, &step);
		if (result.status != CBOR_DECODER_FINISHED || result.read == 0 || !step.is_taken)
			return REFUSE(cbor_malformed);
		offset += result.read;
		TRY(add_item(&open, out, &step.item, in.size - offset));
	} while (open.depth > 0);
	if (offset != in.size)
		return REFUSE(cbor_malformed);
	for (size_t i = 0; i < out->count; i++)
		if (out->items[i].kind == cbor_map)
			TRY(refuse_duplicates(out, i));
	return OK;
}

size_t cbor_member(const struct cbor *cbor, size_t map, const char *key)
{
	if (map >= cbor->count || cbor->items[map].kind != cbor_map)
		return 0;
	const size_t end = cbor->items[map].next;
	for (size_t i = map + 1; i < end; i = cbor->items[cbor->items[i].next].next)
		if (cbor->items[i].kind == cbor_text && bytes_equal_text(cbor->items[i].octets, key))
			return cbor->items[i].next;
	return 0;
}
