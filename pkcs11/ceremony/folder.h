/* SPDX-License-Identifier: Apache-2.0
 * The state folder while it is made: everything in STATE.new, synced, then renamed. Each function that returns false
 * wrote one sentence to standard error. */
#ifndef KEYWARD_FOLDER_H
#define KEYWARD_FOLDER_H

#include <limits.h>
#include <stdbool.h>

#include "firmware/boundary/bytes.h"
#include "firmware/warden/configuration.h"

struct folder {
	char state[PATH_MAX], made[PATH_MAX]; /* STATE, STATE.new */
};

void folder_name(const struct configuration *configuration, struct folder *out);

/* Refuses when STATE or an administrator's private key beside it exists. Removes what a ceremony that was cut short
 * left, and makes STATE.new with keys, token and administrators. */
bool folder_begin(const struct folder *folder, const struct configuration *configuration);

/* A new file below STATE.new. */
bool folder_write(const struct folder *folder, const char *name, unsigned mode, struct bytes content);

/* Syncs every file and folder, moves STATE.new/administrators/NAME.pem to administrator-NAME.pem beside the state,
 * renames STATE.new to STATE. */
bool folder_finish(const struct folder *folder, const struct configuration *configuration);

/* Removes STATE.new and private keys of administrators that came from it, after a failure. */
void folder_abandon(const struct folder *folder, const struct configuration *configuration);

#endif
