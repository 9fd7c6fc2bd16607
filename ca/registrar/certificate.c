/* SPDX-License-Identifier: Apache-2.0
 * Certificates as files (RFC 8555 7.4.2): leaf first, then its issuers, without the root. */
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/request.h"

enum { certificate_room = 32768 };

status certificate_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	struct certificate_row row;
	uint8_t octets[certificate_room];
	struct buffer room = BUFFER(octets);
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	TRY(describe_load(registrar, request->part, request->account, order));
	if (order->revoked_s != 0)
		return REFUSE(certificate_revoked);
	if (order->state != order_valid)
		return REFUSE(not_found);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_certificate_find_order(registrar->store, order->id, &room, &row)));
	return reply_chain(reply, row.leaf, row.issuers);
}
