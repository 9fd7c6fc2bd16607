/* SPDX-License-Identifier: Apache-2.0
 * The shapes of messages.def as C types, and the one encoder and decoder for all of them. */
#ifndef KEYWARD_WIRE_H
#define KEYWARD_WIRE_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum process {
	process_ANY,
	process_WARDEN,
	process_LOGGER,
	process_SEALER,
	process_SIGNER,
	process_VERIFIER,
	process_PROBER,
	process_REGISTRAR,
	process_LISTENER,
	process_count
};

enum message {
	message_none = 0,
#define MESSAGE(name, sender, receiver, answer) message_##name,
#define RECORD(name) message_##name,
#define FIELD(owner, kind, field, limit)
#define ITEMS(owner, field, count, limit)
#define END(name)
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END
	message_count
};

/* struct message_NAME for each entry: U8, U32, U64 as numbers; FIXED as an array of the exact size; BYTES and TEXT
 * as views (TEXT has no NUL); ITEMS as an array of views and a count. After decoding, views point into the packet. */
#define WIRE_U8(field, limit) uint8_t field;
#define WIRE_U32(field, limit) uint32_t field;
#define WIRE_U64(field, limit) uint64_t field;
#define WIRE_FIXED(field, limit) uint8_t field[limit];
#define WIRE_BYTES(field, limit) struct bytes field;
#define WIRE_TEXT(field, limit) struct bytes field;
#define MESSAGE(name, sender, receiver, answer)                                                                        \
	struct message_##name {
#define RECORD(name)                                                                                                   \
	struct message_##name {
#define FIELD(owner, kind, field, limit) WIRE_##kind(field, limit)
#define ITEMS(owner, field, most, limit)                                                                              \
	struct {                                                                                                       \
		struct bytes at[most];                                                                                 \
		size_t count;                                                                                          \
	} field;
#define END(name)                                                                                                      \
	}                                                                                                              \
	;
#include "firmware/boundary/messages.def"
#undef MESSAGE
#undef RECORD
#undef FIELD
#undef ITEMS
#undef END

/* The longest packet, header included; SOCK_SEQPACKET carries it with default buffers. */
enum { wire_packet_room = 180000, wire_header_size = 6 };

struct wire_entry {
	const char *name;
	enum process sender, receiver;
	enum message answer;
	bool is_record;
};
/* The table's word on one entry; NULL for a number that is none. */
const struct wire_entry *wire_entry(enum message id);

/* Appends the encoding of struct message_<id> to out. Over a limit, not UTF-8 where TEXT, or no room: refused
 * as message_malformed, and out is as before. */
status wire_encode(enum message id, const void *message, struct buffer *out);

/* Fills struct message_<id> with views into `in`. Refused as message_malformed: cut, trailing bytes, over a limit, TEXT
 * that is not UTF-8 or holds a NUL. What decodes encodes to the same bytes. */
status wire_decode(enum message id, struct bytes in, void *message);

/* sizeof(struct message_<id>) */
size_t wire_size(enum message id);

/* Well-formed UTF-8 without NUL. */
bool wire_is_text(struct bytes text);

#endif
