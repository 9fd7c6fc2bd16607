/* SPDX-License-Identifier: Apache-2.0
 * What a verifier judges devices by, besides its own rules. */
#ifndef KEYWARD_VERIFIER_TRUST_H
#define KEYWARD_VERIFIER_TRUST_H

#include "attest/verifier/verifier.h"

/* Roots, AK issuers, lists of revoked certificates, intermediates and what administrators signed go to the verifier, whose directories
 * are there. False: detail says what cannot be used; verifier_close frees what was read. */
bool trust_read(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail);

/* One line a root: whose it is, as far as that is known (level 6), that it is unknown (5), or known for another format (4); and the
 * administrator who signed it, where one did. */
void trust_tell(const struct verifier *verifier,
		void (*log)(int level, const char *format, ...) __attribute__((format(printf, 2, 3))));

#endif
