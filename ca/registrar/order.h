/* SPDX-License-Identifier: Apache-2.0
 * An order as an answer, and as the verifier is asked about it. */
#ifndef KEYWARD_ORDER_H
#define KEYWARD_ORDER_H

#include "ca/registrar/request.h"

/* The order object, its URL as Location, and Retry-After while it is in hand. */
status order_give(struct registrar *registrar, const struct order_row *order, uint32_t http_status,
		  struct reply *reply);

/* Encodes its identifiers, in their sequence; they stay in `room`. */
status order_list_identifiers(const struct order_row *order, struct buffer *room, struct bytes out[identifiers_most],
			      size_t *count);

#endif
