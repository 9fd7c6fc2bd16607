/* SPDX-License-Identifier: Apache-2.0
 * An order as an answer. */
#ifndef KEYWARD_ORDER_H
#define KEYWARD_ORDER_H

#include "ca/registrar/request.h"

/* The order object, its URL as Location, and Retry-After while it is in hand. */
status order_give(struct registrar *registrar, const struct order_row *order, uint32_t http_status,
		  struct reply *reply);

#endif
