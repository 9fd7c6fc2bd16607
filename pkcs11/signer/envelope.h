/* SPDX-License-Identifier: Apache-2.0
 * What may be issued at most, from static configuration: who satisfies it, which keys, how long, which names. The
 * registrar chooses an envelope and a validity inside it; it sends no names. */
#ifndef KEYWARD_ENVELOPE_H
#define KEYWARD_ENVELOPE_H

#include "firmware/boundary/wire.h"
#include "pkcs11/signer/certificate.h"
#include "pkcs11/signer/spki.h"

enum { envelope_longest_common_name = 64 }; /* characters; RFC 5280, ub-common-name */

/* The envelope of that name among `count`; envelope_unknown. */
status envelope_find(const struct message_envelope *envelopes, size_t count, struct bytes name,
		     const struct message_envelope **out);

/* envelope_unsatisfied: the voucher's directory, format or assurance does not. envelope_exceeded: the kind of key,
 * or the validity. `validity_s` of 0 asks for the longest; what is granted comes back. */
status envelope_judge(const struct message_envelope *envelope, const struct message_device_voucher *voucher,
		      const struct spki *key, uint32_t validity_s, uint32_t *granted_s);

/* Appends the common name: the template with each {identifier} replaced. Empty for an empty template.
 * envelope_exceeded: over 64 characters, or a control character. */
status envelope_render(struct bytes template, struct bytes identifier, struct buffer *out);

/* Whether a template has no other brace than {identifier}; asked at start. */
bool envelope_is_template(struct bytes template);

#endif
