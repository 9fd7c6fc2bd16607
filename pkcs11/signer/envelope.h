/* SPDX-License-Identifier: Apache-2.0
 * What may be issued at most, from static configuration: who satisfies it, which keys, how long, which names. The
 * registrar chooses an envelope and a validity inside it; it sends no names. */
#ifndef KEYWARD_ENVELOPE_H
#define KEYWARD_ENVELOPE_H

#include "firmware/boundary/wire.h"
#include "pkcs11/signer/certificate.h"
#include "pkcs11/signer/spki.h"
#include "pkcs11/signer/vouchers.h"

enum { envelope_longest_common_name = 64 }; /* characters; RFC 5280, ub-common-name */

/* The envelope of that name among `count`; envelope_unknown. */
status envelope_find(const struct message_envelope *envelopes, size_t count, struct bytes name,
		     const struct message_envelope **out);

/* envelope_unsatisfied: the directory, or the device's format or assurance, does not; without a device only where none
 * is asked for (assurance 0). envelope_name_outside: a name. envelope_exceeded: the kind of key, or the validity.
 * `validity_s` of 0 asks for the longest; what is granted comes back. */
status envelope_judge(const struct message_envelope *envelope, const struct vouchers *vouchers, const struct spki *key,
		      uint32_t validity_s, uint32_t *granted_s);

/* Appends the common name: the template with each {identifier} replaced by the device's, or by the first name. Empty
 * for an empty template, and when a name makes it over 64 characters: names stand beside it. envelope_exceeded: the
 * same by a device's identifier, or a control character. */
status envelope_render(struct bytes template, const struct vouchers *vouchers, struct buffer *out);

/* Whether a template has no other brace than {identifier}; asked at start. */
bool envelope_is_template(struct bytes template);

#endif
