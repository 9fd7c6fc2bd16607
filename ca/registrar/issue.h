/* SPDX-License-Identifier: Apache-2.0
 * From the signer's answer to a certificate that is kept, before anybody is told of it. */
#ifndef KEYWARD_ISSUE_H
#define KEYWARD_ISSUE_H

#include "ca/registrar/reply.h"

/* Asks the signer (`issue` or `ak_certify`), once what it issued before was taken over, and keeps what it issued for
 * the order or the activation in `row`. On the return of any refusal nothing is kept; the signer gives the same
 * certificate when asked again. order_not_ready, activation_unknown: that ended meanwhile, and the next takeover makes
 * the certificate void. */
status issue_certificate(struct registrar *registrar, enum message id, const void *request, struct certificate_row *row,
			 struct reply *reply);

#endif
