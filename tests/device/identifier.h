/* SPDX-License-Identifier: Apache-2.0
 * An identifier as messages carry it. For tests only. */
#ifndef KEYWARD_DEVICE_IDENTIFIER_H
#define KEYWARD_DEVICE_IDENTIFIER_H

#include <stdlib.h>

#include "firmware/boundary/wire.h"

/* The encoded record; lasts until 64 more were made. */
static inline struct bytes device_identifier(const char *type, const char *value)
{
	enum { most = 64 };
	static uint8_t rooms[most][300];
	static size_t next;
	struct buffer room = BUFFER(rooms[next++ % most]);
	const struct message_identifier identifier = {bytes_from_text(type), bytes_from_text(value)};
	if (is_refused(wire_encode(message_identifier, &identifier, &room)))
		abort();
	return buffer_view(&room);
}

#endif
