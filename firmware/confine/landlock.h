/* SPDX-License-Identifier: Apache-2.0
 * Landlock: a second wall behind the empty root, of whatever strength this kernel has. */
#ifndef KEYWARD_LANDLOCK_H
#define KEYWARD_LANDLOCK_H

#include "firmware/confine/place.h"

enum { landlock_words_room = 640, landlock_newest = 7 };

/* The ABI that this kernel offers; 0 or less: none. */
int landlock_abi(void);

/* What an ABI lacks of landlock_newest, in words for the log, and what stands in for it; empty when it lacks
 * nothing. Never longer than landlock_words_room with its NUL. Returns out. */
const char *landlock_lacks(int abi, char out[landlock_words_room]);

/* Restricts this thread (and those it makes) to the own paths of the process, as the root holds them now, at the
 * strength of this ABI. NULL, or what could not be done, with errno. A kernel without Landlock is refused. */
const char *landlock_enter(enum process self, int abi);

#endif
