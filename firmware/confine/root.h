/* SPDX-License-Identifier: Apache-2.0
 * The empty root: nothing of the host's files stays in sight but the process's own folders and files. */
#ifndef KEYWARD_ROOT_H
#define KEYWARD_ROOT_H

#include "firmware/confine/place.h"

/* Replaces the root by an empty read-only tmpfs that holds the own descriptors (from first_own on, in the table's
 * order) under their names: folders writable, all else read-only, nothing executable. Closes those descriptors,
 * through which the host's root could be reached again. NULL, or what could not be done, with errno. Needs
 * CAP_SYS_ADMIN and a mount namespace other than the parent's. */
const char *root_enter(enum process self, int first_own);

#endif
