/* SPDX-License-Identifier: Apache-2.0
 * Whatever json_parse takes has unique names, and a string of it quotes and reads back the same. */
#include <stdlib.h>

#include "ca/jose/json.h"

static void check_string(struct bytes value)
{
	static uint8_t written[400000], again[400000];
	struct buffer out = BUFFER(written), room = BUFFER(again);
	struct json_read read;
	struct bytes back;
	if (value.size > 60000)
		return;
	if (!buffer_add(&out, "{\"v\":", 5) || !json_quote(value, &out) || !buffer_add(&out, "}", 1) ||
	    is_refused(json_parse(buffer_view(&out), &room, &read)) || is_refused(json_text(&read, "v", &back)) ||
	    !bytes_equal(back, value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t octets[1 << 20];
	struct buffer room = {.data = octets, .room = size < sizeof octets ? size : sizeof octets};
	struct json_read read;
	if (is_refused(json_parse(bytes_from(data, size), &room, &read)))
		return 0;
	for (size_t i = 0; i < read.count; i++) {
		for (size_t j = 0; j < i; j++)
			if (bytes_equal(read.members[i].name, read.members[j].name))
				abort();
		if (read.members[i].kind == json_string)
			check_string(read.members[i].value);
	}
	return 0;
}
