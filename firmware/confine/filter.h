/* SPDX-License-Identifier: Apache-2.0
 * The system call filter: promises.def for one process; every other call ends it. */
#ifndef KEYWARD_FILTER_H
#define KEYWARD_FILTER_H

#include "firmware/boundary/wire.h"

/* Installs the filter in all threads. NULL, or what could not be done, with errno. no_new_privs must be set. */
const char *filter_enter(enum process self);

#endif
