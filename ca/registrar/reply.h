/* SPDX-License-Identifier: Apache-2.0
 * An answer while it is made, with room for the longest one. */
#ifndef KEYWARD_REPLY_H
#define KEYWARD_REPLY_H

#include "ca/registrar/registrar.h"

struct json_t;

enum { reply_links_most = 4 };

struct reply {
	uint32_t http_status;
	const char *content_type;
	char location[513];
	char nonce[nonce_size + 1];
	uint32_t retry_after_s;
	char links[reply_links_most][600];
	size_t link_count;
	char detail[513]; /* of a refusal: what a neighbour said */
	struct buffer subproblems; /* of a refusal: what is wrong with identifiers (problem_add_subproblem) */
	uint8_t subproblem_room[32768];
	struct buffer body;
	uint8_t room[98304];
};

void reply_start(struct reply *reply);

/* The object becomes the body; it is used up in any case. internal: NULL (no memory), or too long. */
status reply_json(struct reply *reply, uint32_t http_status, struct json_t *object);
/* The chain in the order given, each certificate once: the leaf in DER, the issuers in PEM. */
status reply_chain(struct reply *reply, struct bytes leaf, struct bytes issuers);
void reply_link(struct reply *reply, const char *url, const char *relation);
void reply_locate(struct reply *reply, const char *url);
/* Replaces what was made so far by the problem document of the refusal. */
void reply_refuse(struct reply *reply, status why);
/* Views of the reply for the listener. */
void reply_view(const struct reply *reply, struct message_response *out);

/* The refusal is ours, not the client's: nothing changed, and it may come again. */
bool reply_is_retryable(status why);

#endif
