/* SPDX-License-Identifier: Apache-2.0
 * The calling side of a channel: many threads, one channel, answers by call number, and patience while the
 * neighbour starts again. One of those who wait receives for all of them: a call alone costs no thread's waking. */
#ifndef KEYWARD_LINK_H
#define KEYWARD_LINK_H

#include "firmware/boundary/channel.h"

struct link;

/* A link without a neighbour yet. Ends the process when there is no memory. Never freed: it lives as long as the
 * process. */
struct link *link_new(enum process neighbour);

/* The warden wired a new channel (owned from now on); the old one is closed and calls in flight are sent again on
 * it. */
void link_wire(struct link *link, int channel);

/* Sends a request and waits for its answer, at most patience_ms, also for a neighbour that is away (so a request
 * must be safe to send twice; for those that are not, give is_repeatable = false: once it was sent and the neighbour
 * died, the answer is neighbour_away at once). The answer is decoded into `answer` (struct message_<entry's
 * answer>), its views into `room`, which must have wire_packet_room bytes. A `refused` answer comes back as that
 * refusal, its detail as characters in room (buffer_view(room); empty for any other outcome). An answer that is not
 * the table's closes the channel; what comes while nobody waits is looked at by the next call. */
struct call {
	enum message id;
	const void *request;
	unsigned patience_ms;
	bool is_repeatable;
};
status link_call(struct link *link, const struct call *call, struct buffer *room, void *answer);

/* Who is told that a link closed its channel because of a wrong answer. child_enter has it ask the warden for a new
 * one. */
void link_report(void (*lost)(enum process neighbour));

#endif
