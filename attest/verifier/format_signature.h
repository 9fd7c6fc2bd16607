/* SPDX-License-Identifier: Apache-2.0
 * Signatures that the attested key itself makes over the key authorization, for the formats step, android-key and packed. */
#ifndef KEYWARD_VERIFIER_FORMAT_SIGNATURE_H
#define KEYWARD_VERIFIER_FORMAT_SIGNATURE_H

#include "attest/verifier/format.h"

/* For tables of checks; s->key is the certificate's from format_key_is_taken on. */
/* The key of x5c[0] is P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits that no faulty generator made. */
bool format_key_is_taken(struct statement *s);
/* alg is the one of this key: ES256, ES384, RS256 or EdDSA. */
bool format_algorithm_fits(struct statement *s);
/* sig is the key's signature over s->bound. */
bool format_signature_is_right(struct statement *s);

/* For tables with another sig: whether this is that signature. */
bool format_key_has_signed(struct statement *s, struct bytes signature);

#endif
