/* SPDX-License-Identifier: Apache-2.0
 * What a process finds about its own place in processes.def: who it is, what it owns, whom it calls and serves. */
#ifndef KEYWARD_PLACE_H
#define KEYWARD_PLACE_H

#include <sys/types.h>

#include "firmware/boundary/wire.h"

enum place_kind { place_SOCKET, place_FOLDER, place_SHOWN, place_FILE, place_TPM };

struct place_own {
	enum process owner;
	enum place_kind kind;
	const char *name; /* in the process's root, without the slash */
};

/* NULL for a process that is not in the table. */
const char *place_program(enum process process);

/* Of a process in the table. */
uid_t place_uid(enum process process);

/* Whether it reaches other hosts. Of a process in the table. */
bool place_is_in_host_network(enum process process);

/* The i-th descriptor of its own; NULL after the last. */
const struct place_own *place_own(enum process process, size_t i);

/* Whether the table has a channel on which caller asks and callee answers; everybody's log lines go to the logger. */
bool place_calls(enum process caller, enum process callee);

#endif
