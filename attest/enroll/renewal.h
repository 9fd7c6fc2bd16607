/* SPDX-License-Identifier: Apache-2.0
 * Renewal information (RFC 9773): what a certificate is called, and when the CA wants it to be renewed. Distrusts the
 * answer. */
#ifndef KEYWARD_RENEWAL_H
#define KEYWARD_RENEWAL_H

#include <openssl/x509.h>

#include "attest/enroll/options.h"
#include "ca/client/outcome.h"

enum { renewal_name_room = 128 };

/* RFC 9773 4.1. False, and the empty text, for a certificate that has none, as without an authority key identifier. */
bool renewal_name(X509 *leaf, char out[renewal_name_room]);

/* RFC 3339 to seconds since 1970; false for anything else. */
bool renewal_read_time(const char *text, uint64_t *out);

/* The moment within a window for this certificate: for each another, for each always the same, so that a timer that asks
 * often does not draw until it hits an early one. */
uint64_t renewal_moment(const X509 *leaf, uint64_t start_s, uint64_t end_s);

/* Asks the CA; no account is needed. *is_said: it gave a window that makes sense, and *is_due says whether the moment has
 * come. A CA that gives no such information is no failure. */
outcome renewal_ask(const struct options *options, X509 *leaf, bool *is_said, bool *is_due);

#endif
