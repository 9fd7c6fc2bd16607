/* SPDX-License-Identifier: Apache-2.0
 * Feeds the listener's judgement of heads and envelopes. The head is cut leniently, as the HTTP library does;
 * whatever is then accepted must end where its one Content-Length says. */
#include <stdint.h>
#include <stdlib.h>

#include "ca/listener/envelope.h"
#include "ca/listener/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes take_until(struct bytes *in, const char *ends)
{
	size_t i = 0;
	while (i < in->size && (in->data[i] == 0 || strchr(ends, in->data[i]) == NULL))
		i++;
	const struct bytes taken = bytes_from(in->data, i);
	*in = bytes_from(in->data + i, in->size - i);
	return taken;
}

static void skip(struct bytes *in, const char *octets, size_t most)
{
	for (size_t i = 0; i < most && in->size != 0 && in->data[0] != 0 && strchr(octets, in->data[0]) != NULL; i++)
		*in = bytes_from(in->data + 1, in->size - 1);
}

static void skip_line_end(struct bytes *in)
{
	skip(in, "\r", 1);
	skip(in, "\n", 1);
}

static void cut(struct bytes in, struct head *head)
{
	head->method = take_until(&in, " ");
	skip(&in, " ", SIZE_MAX);
	head->target = take_until(&in, " \r\n");
	skip(&in, " ", SIZE_MAX);
	head->version = take_until(&in, "\r\n");
	while (in.size != 0 && head->field_count < head_most_fields) {
		struct head_field *field = &head->fields[head->field_count];
		skip_line_end(&in);
		field->name = take_until(&in, ":\r\n");
		skip(&in, ":", 1);
		skip(&in, " \t", SIZE_MAX);
		field->value = take_until(&in, "\r\n");
		head->field_count++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { limit = 65536 };
	struct head head = {0};
	struct head_asked asked;
	size_t body_size = SIZE_MAX;
	cut(bytes_from(data, size), &head);
	if (!is_refused(head_frame(&head, limit, &body_size))) {
		if (body_size > limit)
			abort();
		if (!is_refused(head_judge(&head, body_size, &asked)) && asked.method != 'P' && body_size != 0)
			abort();
	}
	if (!is_refused(head_judge_target(bytes_from(data, size))) && memchr(data, '%', size) != NULL)
		abort();
	uint8_t *scratch = malloc(size + 1);
	struct buffer room = {.data = scratch, .size = 0, .room = size};
	if (scratch != NULL && !is_refused(envelope_check(bytes_from(data, size), &room)) && size < 40)
		abort();
	free(scratch);
	return 0;
}
