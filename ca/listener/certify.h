/* SPDX-License-Identifier: Apache-2.0
 * Gets the listener's certificates from the signer, in time and without a restart. */
#ifndef KEYWARD_CERTIFY_H
#define KEYWARD_CERTIFY_H

#include "firmware/boundary/link.h"

/* Makes a key, has the signer certify it and installs both. `renew_after_s` is the time until the next should be
 * asked for: two thirds of its life. Refused: what the signer refused, neighbour_away after 8 seconds, or internal
 * for a chain that is not for the key. */
status certify_once(struct link *signer, uint64_t *renew_after_s);

#endif
