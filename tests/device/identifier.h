/* SPDX-License-Identifier: Apache-2.0
 * Identifiers and directories as messages and settings carry them. For tests only. */
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

/* Likewise, until 16 more were made. */
static inline struct bytes device_directory(const struct message_verifier_directory *directory)
{
	enum { most = 16 };
	static uint8_t rooms[most][600];
	static size_t next;
	struct buffer room = BUFFER(rooms[next++ % most]);
	if (is_refused(wire_encode(message_verifier_directory, directory, &room)))
		abort();
	return buffer_view(&room);
}

#endif
