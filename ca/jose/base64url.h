/* SPDX-License-Identifier: Apache-2.0
 * base64url without padding (RFC 7515 2), strict: no other character, no stray bits, no line ends. */
#ifndef KEYWARD_BASE64URL_H
#define KEYWARD_BASE64URL_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

/* Appends the decoded octets to out; base64url_malformed, and out as before, when it is not exactly that or lacks room.
 */
status base64url_decode(struct bytes text, struct buffer *out);
/* Whether its characters and its length are of base64url; stray bits are not looked for. */
bool base64url_is(struct bytes text);
/* Appends characters without a NUL; false when there is no room. */
bool base64url_encode(struct bytes octets, struct buffer *out);

#endif
