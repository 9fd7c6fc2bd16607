/* SPDX-License-Identifier: Apache-2.0
 * processes.def as data: who is started, as whom, with what, wired to whom. */
#ifndef KEYWARD_TABLE_H
#define KEYWARD_TABLE_H

#include <sys/types.h>

#include "firmware/boundary/wire.h"

enum { table_most_own = 4 };

enum own_kind { own_SOCKET, own_FOLDER, own_SHOWN, own_FILE, own_TPM };

struct table_own {
	enum process process;
	enum own_kind kind;
	const char *argument;
};

struct table_row {
	const char *program;
	uid_t uid; /* and group */
	enum message settings;
	unsigned memory_mib, open_files;
};

struct table_call {
	enum process caller, callee;
};

/* NULL for a process that is not in the table. Processes stand in the order of start from process_LOGGER on. */
const struct table_row *table_row(enum process process);

/* The i-th descriptor of a process's own, NULL after the last. */
const struct table_own *table_own(enum process process, size_t i);

bool table_owns(enum process process, enum own_kind kind);

/* Whether it can reach other hosts. */
bool table_is_in_host_network(enum process process);

/* The i-th channel of all, NULL after the last. */
const struct table_call *table_call(size_t i);
enum { table_most_calls = 16 };

#endif
