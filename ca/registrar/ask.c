/* SPDX-License-Identifier: Apache-2.0
 * Answers lie on the desk of the thread that asked. */
#include "ca/registrar/ask.h"

#include <stdio.h>

#include "ca/registrar/desk.h"

static status ask(struct link *link, const struct call *call, void *answer, struct reply *reply)
{
	struct buffer room = BUFFER(desk_here()->answer);
	status answered = link_call(link, call, &room, answer);
	if (is_refused(answered) && reply != NULL)
		snprintf(reply->detail, sizeof reply->detail, "%.*s", (int)room.size, (const char *)room.data);
	return answered;
}

status ask_verifier(struct registrar *registrar, enum message id, const void *request, void *answer,
		    struct reply *reply)
{
	const struct call call = {
	    .id = id, .request = request, .patience_ms = registrar->verifier_patience_ms, .is_repeatable = true};
	return ask(registrar->verifier, &call, answer, reply);
}

status ask_prober(struct registrar *registrar, const struct message_name_probe *request,
		  struct message_name_probed *answer, struct reply *reply)
{
	const struct call call = {.id = message_name_probe,
				  .request = request,
				  .patience_ms = registrar->prober_patience_ms,
				  .is_repeatable = true};
	return ask(registrar->prober, &call, answer, reply);
}

status ask_signer(struct registrar *registrar, enum message id, const void *request, void *answer, struct reply *reply)
{
	const struct call call = {
	    .id = id, .request = request, .patience_ms = registrar->signer_patience_ms, .is_repeatable = true};
	return ask(registrar->signer, &call, answer, reply);
}
