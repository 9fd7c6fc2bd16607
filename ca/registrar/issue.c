/* SPDX-License-Identifier: Apache-2.0
 * The one way to the signer for certificates. The order of things: ledger and signature there, then the row here, and
 * only then the client. Who gave up meanwhile what the certificate rests on gets none: it is void. */
#include "ca/registrar/issue.h"

#include "ca/registrar/ask.h"
#include "ca/registrar/pem.h"

enum { issuers_room = 4 * 6000 };

static status keep(struct registrar *registrar, const struct message_issued *issued, struct certificate_row *row)
{
	uint8_t octets[issuers_room];
	struct buffer pem = BUFFER(octets);
	if (issued->chain.count == 0)
		return REFUSE(message_malformed);
	for (size_t i = 1; i < issued->chain.count; i++)
		if (!pem_add_certificate(issued->chain.at[i], &pem))
			return REFUSE(message_malformed);
	row->entry = issued->entry;
	memcpy(row->serial, issued->serial, sizeof row->serial);
	row->not_before_s = issued->not_before_s;
	row->not_after_s = issued->not_after_s;
	row->leaf = issued->chain.at[0];
	row->issuers = buffer_view(&pem);
	store_enter(registrar->store);
	return store_leave(registrar->store, store_certificate_add(registrar->store, row));
}

status issue_certificate(struct registrar *registrar, enum message id, const void *request, struct certificate_row *row,
			 struct reply *reply)
{
	struct message_issued issued;
	TRY(takeover_hold(registrar));
	status done = ask_signer(registrar, id, request, &issued, reply);
	if (!is_refused(done))
		done = keep(registrar, &issued, row);
	takeover_release(registrar);
	if (done.refusal == refusal_order_not_ready || done.refusal == refusal_activation_unknown)
		takeover_announce(registrar);
	row->leaf = row->issuers = (struct bytes){0}; /* they pointed here */
	return done;
}
