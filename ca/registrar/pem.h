/* SPDX-License-Identifier: Apache-2.0
 * Certificates as text (RFC 7468). */
#ifndef KEYWARD_PEM_H
#define KEYWARD_PEM_H

#include "firmware/boundary/bytes.h"

/* Appends one certificate; false, and out as before, when there is no room. */
bool pem_add_certificate(struct bytes der, struct buffer *out);

#endif
