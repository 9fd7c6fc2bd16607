/* SPDX-License-Identifier: Apache-2.0
 * The payload of a request whose signature was verified: one JSON object, its depth capped before jansson (which
 * recurses) sees it. */
#ifndef KEYWARD_PAYLOAD_H
#define KEYWARD_PAYLOAD_H

#include <jansson.h>

#include "ca/registrar/payload_open.h"

/* The string of that name (owned by the payload). payload_malformed: absent or another type. */
status payload_text(const json_t *payload, const char *name, const char **out);
/* Appends the octets of a base64url string. payload_malformed, base64url_malformed (also when longer than the room). */
status payload_octets(const json_t *payload, const char *name, struct buffer *out);
/* Appends the octets of base64 with its padding (RFC 4648 4). payload_malformed, also when they are more than the room. */
status payload_base64(const char *text, struct buffer *out);

/* Releases a value when its scope ends. */
static inline void payload_drop(json_t **value)
{
	json_decref(*value);
}
#define JSON_OWNED __attribute__((cleanup(payload_drop))) json_t *

#endif
