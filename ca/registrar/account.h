/* SPDX-License-Identifier: Apache-2.0
 * The account object in an answer. */
#ifndef KEYWARD_ACCOUNT_H
#define KEYWARD_ACCOUNT_H

#include "ca/registrar/reply.h"

/* The account and its URL. */
status account_give(const struct registrar *registrar, const struct account_row *account, uint32_t http_status,
		    struct reply *reply);

#endif
