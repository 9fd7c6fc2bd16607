/* SPDX-License-Identifier: Apache-2.0
 * Where the processes of a running appliance are. */
#ifndef KEYWARD_TESTS_FIND_H
#define KEYWARD_TESTS_FIND_H

#include <sys/types.h>

#include "firmware/confine/place.h"

/* The child of this process that runs the program; 0: there is none. */
pid_t find_child(pid_t parent, const char *program);

/* The process of the table under this warden, waited for until its system call filter is in force. 0: it did not
 * come. */
pid_t find_confined(pid_t warden, enum process process);

#endif
