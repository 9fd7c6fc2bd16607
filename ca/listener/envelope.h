/* SPDX-License-Identifier: Apache-2.0
 * The envelope of a signed request, as syntax only: what is signed, by whom and whether truly is the registrar's to
 * find out. Distrusts every byte. */
#ifndef KEYWARD_ENVELOPE_H
#define KEYWARD_ENVELOPE_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

/* Accepts exactly a flattened JWS (RFC 8555 6.2): one strict JSON object with the strings protected, payload and
 * signature, each of base64url characters, of which only payload may be empty. json_malformed, json_duplicate,
 * jws_malformed, base64url_malformed. `room` is scratch of body.size octets. */
status envelope_check(struct bytes body, struct buffer *room);

#endif
