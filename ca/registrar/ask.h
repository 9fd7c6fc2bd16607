/* SPDX-License-Identifier: Apache-2.0
 * Questions to the neighbours. */
#ifndef KEYWARD_ASK_H
#define KEYWARD_ASK_H

#include "ca/registrar/reply.h"

/* The answer's views last until this thread asks again. A refusal's detail goes to reply->detail (reply may be NULL).
 * All of our questions may be sent twice: the verifier keeps nothing, and the signer answers for one order with one
 * certificate. */
status ask_verifier(struct registrar *registrar, enum message id, const void *request, void *answer,
		    struct reply *reply);
status ask_prober(struct registrar *registrar, const struct message_name_probe *request,
		  struct message_name_probed *answer, struct reply *reply);
status ask_signer(struct registrar *registrar, enum message id, const void *request, void *answer, struct reply *reply);

#endif
