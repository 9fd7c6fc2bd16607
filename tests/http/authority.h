/* SPDX-License-Identifier: Apache-2.0
 * A certificate authority for tests of the listener, by GnuTLS: the listener's test links no other cryptography.
 * Whatever fails ends the program. */
#ifndef KEYWARD_TESTS_AUTHORITY_H
#define KEYWARD_TESTS_AUTHORITY_H

#include "firmware/boundary/bytes.h"

/* Once, before the others. */
void authority_make(void);

/* Its own certificate, DER. */
struct bytes authority_certificate(void);

/* A certificate of one day for that DER SubjectPublicKeyInfo; returns its size. */
size_t authority_certify(struct bytes spki, uint8_t *der, size_t room);

#endif
