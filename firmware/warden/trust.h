/* SPDX-License-Identifier: Apache-2.0
 * What the verifier is told of roots. */
#ifndef KEYWARD_TRUST_H
#define KEYWARD_TRUST_H

#include "firmware/warden/piece.h"

/* Each root that a directory lists, for the format of its list and for that directory; those of makers, for their vendors and
 * directories; and each list of revoked certificates. False: one sentence was written to standard error. */
bool trust_take(const struct building *building, struct message_verifier_settings *out);

#endif
