/* SPDX-License-Identifier: Apache-2.0
 * Giving up root for good. */
#ifndef KEYWARD_PRIVILEGES_H
#define KEYWARD_PRIVILEGES_H

#include <sys/types.h>

/* Becomes the user and group of this number with no other group, no capability in any set, no new privileges, not
 * dumpable, and sees that root cannot be had back. NULL, or what could not be done, with errno. */
const char *privileges_drop(uid_t uid);

#endif
