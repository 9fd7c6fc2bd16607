/* SPDX-License-Identifier: Apache-2.0
 * Orders and challenge tokens: random, dated by the boot clock, and bound by a MAC of the verifier's own key, so that
 * nobody else can make one or use it elsewhere. Nothing is remembered. */
#ifndef KEYWARD_VERIFIER_TOKEN_H
#define KEYWARD_VERIFIER_TOKEN_H

#include "attest/verifier/verifier.h"

/* An order for the identifier, and the token of its device-attest-01 challenge; characters appended. internal. */
status token_make_order(const struct verifier *verifier, struct bytes directory, struct bytes identifier_type,
			struct bytes identifier, struct buffer *out);
status token_make(const struct verifier *verifier, struct bytes order, struct buffer *out);

/* order_forged unless made for this directory and identifier; token_expired after verifier_order_life_s. */
status token_open_order(const struct verifier *verifier, struct bytes directory, struct bytes order,
			struct bytes identifier_type, struct bytes identifier);
/* token_forged unless made for this order; token_expired. */
status token_open(const struct verifier *verifier, struct bytes order, struct bytes token);

#endif
