/* SPDX-License-Identifier: Apache-2.0
 * The first two octets choose the message, the rest is decoded; what decodes encodes to the same octets. */
#include <stdlib.h>

#include "firmware/boundary/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[1 << 20];
static max_align_t room[4096];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const enum message id = (enum message)((unsigned)data[0] << 8 | data[1]);
	const struct bytes text = bytes_from(data + 2, size - 2);
	struct buffer out = BUFFER(again);
	if (wire_size(id) > sizeof room)
		abort();
	if (is_refused(wire_decode(id, text, room)))
		return 0;
	if (is_refused(wire_encode(id, room, &out)) || !bytes_equal(text, buffer_view(&out)))
		abort();
	return 0;
}
