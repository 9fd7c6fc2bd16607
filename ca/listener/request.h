/* SPDX-License-Identifier: Apache-2.0
 * One request from its first line to its answer, without a word of the HTTP library: what is collected, what is
 * refused, what the registrar says. */
#ifndef KEYWARD_REQUEST_H
#define KEYWARD_REQUEST_H

#include "ca/listener/head.h"
#include "firmware/boundary/link.h"

struct request {
	bool has_head;
	status refused;        /* the answer that is due once the body has been thrown away; OK: none yet */
	status target_refused; /* judged as it was received */
	struct bytes target;   /* a view into the connection's memory; the library may change one that is refused */
	size_t body_expected;
	uint8_t *body; /* grows with what arrives */
	size_t body_size, body_room;
	uint8_t method; /* 'G', 'H', 'P' */
};

/* What goes back. Views into `room` or static. */
struct answer {
	unsigned http_status;
	struct bytes content_type, location, nonce, body;
	struct bytes links[4];
	size_t link_count;
	unsigned retry_after_s;
	const char *allow; /* methods, with a 405; NULL: none */
};

/* Measures and judges the target, before the library changes it. NULL when there is no memory. */
struct request *request_new(struct bytes target);
void request_free(struct request *request);

/* The head has arrived. Refused: where the request ends is in doubt or too far off, so answer now and close. */
status request_begin(struct request *request, const struct head *head, size_t body_limit);

/* Takes a piece of the body. False: more than was announced, or no memory; cut the connection. */
bool request_add(struct request *request, struct bytes piece);

/* The request is complete: asks the registrar, with seconds of patience for one that is starting again.
 * Always gives an answer. `room` has wire_packet_room octets. */
void request_finish(const struct request *request, const char *remote, struct link *registrar, struct buffer *room,
		    struct answer *out);

/* The problem document of a refusal as the answer; detail may be NULL. */
void request_refuse(status why, const char *detail, uint8_t method, struct buffer *room, struct answer *out);

enum { request_patience_ms = 8000, request_impatience_ms = 2000 };

#endif
