/* SPDX-License-Identifier: Apache-2.0
 * One SOCK_SEQPACKET packet, one message: 32-bit call number, 16-bit message number, body. */
#ifndef KEYWARD_CHANNEL_H
#define KEYWARD_CHANNEL_H

#include "firmware/boundary/wire.h"

struct packet {
	uint32_t call;     /* an answer repeats the number of its request */
	enum message id;
	struct bytes body; /* view into the caller's buffer */
};

/* Sends one message; blocks while the peer's queue is full. neighbour_away: the peer is gone. */
status channel_send(int channel, uint32_t call, enum message id, const void *message);

/* Answers with `refused`; detail may be NULL. */
status channel_refuse(int channel, uint32_t call, status why, const char *detail);

/* Receives one packet into room (wire_packet_room bytes). neighbour_away: the peer is gone; message_malformed: cut packet or
 * unknown number, and the channel must be closed. Descriptors sent along are never accepted. */
status channel_receive(int channel, struct buffer *room, struct packet *out);

/* The refusal that a `refused` message carries; `internal` for a number that is none. */
status channel_refusal(const struct message_refused *refused);

#endif
