/* SPDX-License-Identifier: Apache-2.0
 * Files of certificates as makers and others put them together. They are the administrator's, and trusted to be meant. */
#ifndef KEYWARD_VERIFIER_BUNDLE_H
#define KEYWARD_VERIFIER_BUNDLE_H

#include <openssl/x509.h>

#include "firmware/boundary/bytes.h"

/* One certificate in DER, or all in PEM, whatever stands between them; the caller owns the stack and what is in it. NULL: there is
 * none, or one that is none. */
STACK_OF(X509) *bundle_read(struct bytes file);

void bundle_free(STACK_OF(X509) *bundle);

/* Another reference of one certificate, or of each, is appended; a bundle of NULL has none. */
bool bundle_add_one(X509 *certificate, STACK_OF(X509) *to);
bool bundle_add(const STACK_OF(X509) *from, STACK_OF(X509) *to);

#endif
