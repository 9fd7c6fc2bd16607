/* SPDX-License-Identifier: Apache-2.0
 * The payload for those who may not look into it: the names of ca/jose/json.h and of jansson exclude each other. */
#ifndef KEYWARD_PAYLOAD_OPEN_H
#define KEYWARD_PAYLOAD_OPEN_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

struct json_t;

/* json_malformed, json_duplicate. */
status payload_open(struct bytes text, struct json_t **out);
/* NULL is fine. */
void payload_close(struct json_t *payload);

#endif
