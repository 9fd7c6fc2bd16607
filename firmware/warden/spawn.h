/* SPDX-License-Identifier: Apache-2.0
 * The start of one process: fork, namespaces, limits, exactly its descriptors, no environment, exec. */
#ifndef KEYWARD_SPAWN_H
#define KEYWARD_SPAWN_H

#include <sys/types.h>

#include "firmware/warden/table.h"

struct spawn {
	enum process process;
	int control, log, settings; /* its ends; stay the caller's */
	int listening;              /* for OWN SOCKET */
	const char *programs;       /* folder of the programs, absolute */
	const char *state;          /* state folder, absolute */
	const char *tpm_path;
};

/* The child's number, -1 with errno set when there is none. A child that cannot be prepared says why on standard error
 * and ends with status_exit_broken. */
pid_t spawn_start(const struct spawn *spawn);

#endif
