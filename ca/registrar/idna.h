/* SPDX-License-Identifier: Apache-2.0
 * Internationalized names. Links libidn2. */
#ifndef KEYWARD_IDNA_H
#define KEYWARD_IDNA_H

#include <stdbool.h>

/* Whether each label of a DNS name that begins with xn-- is the A-label of a U-label that IDNA 2008 allows (RFC 5890 2.3.2.1,
 * RFC 8555 7.1.4). */
bool idna_is_proper(const char *name);

#endif
