/* SPDX-License-Identifier: Apache-2.0
 * Puts JSON together. */
#include "ca/control/payload.h"

#include "ca/jose/json.h"

bool payload_add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

bool payload_add_member(struct buffer *out, const char *name, const char *value)
{
	return value == NULL || (payload_add_text(out, ",\"") && payload_add_text(out, name) && payload_add_text(out, "\":") &&
				 json_quote(bytes_from_text(value), out));
}
