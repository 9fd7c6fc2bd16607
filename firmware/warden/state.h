/* SPDX-License-Identifier: Apache-2.0
 * The state folder as the warden prepares it: locked against a second warden, each process's folder its own. */
#ifndef KEYWARD_STATE_H
#define KEYWARD_STATE_H

#include <stdbool.h>

/* Opens the state folder and locks it for as long as the descriptor is open. -1: one sentence was written. */
int state_lock(const char *folder);

/* Makes the folders of the process table where they are missing, 0700, owned by their process; what root left inside
 * becomes the process's too. Sees that the files of the table exist. The TPM at tpm_path (a device node, or the folder
 * of a socket) becomes its process's. False: one sentence was written. */
bool state_prepare(int state, const char *folder, const char *tpm_path);

#endif
