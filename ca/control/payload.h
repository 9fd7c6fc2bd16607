/* SPDX-License-Identifier: Apache-2.0
 * Pieces of a request's payload. Each appends; false: there is no room, or a value is not UTF-8. */
#ifndef KEYWARD_CONTROL_PAYLOAD_H
#define KEYWARD_CONTROL_PAYLOAD_H

#include "firmware/boundary/bytes.h"

bool payload_add_text(struct buffer *out, const char *text);

/* ,"name":"value"; nothing without a value. */
bool payload_add_member(struct buffer *out, const char *name, const char *value);

#endif
