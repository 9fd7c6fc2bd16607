/* SPDX-License-Identifier: Apache-2.0
 * What an accepted statement proves, as a JSON object for `why`: the one vocabulary of all formats. */
#ifndef KEYWARD_VERIFIER_CLAIMS_H
#define KEYWARD_VERIFIER_CLAIMS_H

#include "attest/verifier/format.h"

enum claim {
#define CLAIM(name, says) claim_##name,
#include "attest/verifier/claims.def"
#undef CLAIM
	claim_count
};
/* NULL: none. */
const char *claim_name(enum claim claim);

/* Appended; false when there is no room. */
bool claims_add_tpm(const struct statement *s, struct buffer *out);
bool claims_add_apple(const struct statement *s, struct buffer *out);
bool claims_add_android(const struct statement *s, struct buffer *out);
bool claims_add_step(const struct statement *s, struct buffer *out);
bool claims_add_packed(const struct statement *s, struct buffer *out);

#endif
