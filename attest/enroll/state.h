/* SPDX-License-Identifier: Apache-2.0
 * The state folder: account.pem, ak.pem, device.pem, certificate.pem, entry.json. One program works on it at a time. */
#ifndef KEYWARD_STATE_H
#define KEYWARD_STATE_H

#include <limits.h>

#include "ca/client/outcome.h"

struct state {
	int folder; /* locked while open */
	char account[PATH_MAX], ak[PATH_MAX], device[PATH_MAX], certificate[PATH_MAX], entry[PATH_MAX], room[PATH_MAX];
};

/* Makes the folder (0700) where it may, and locks it; exit_other. */
outcome state_open(const char *folder, bool may_make, struct state *out);

/* Whether a file as long as any of them can be written there now: a certificate that cannot be kept is not ordered. */
outcome state_try_room(const struct state *state);
void state_close(struct state *state);

#endif
