/* SPDX-License-Identifier: Apache-2.0
 * What each process is told at its start: static trust from the configuration and the state folder, and keys drawn
 * once per run. Read once, so that a restarted process gets the same bytes. */
#ifndef KEYWARD_SETTINGS_H
#define KEYWARD_SETTINGS_H

#include "firmware/boundary/wire.h"
#include "firmware/warden/configuration.h"

struct settings {
	struct bytes records[process_count]; /* encoded, in locked memory that a fork does not copy */
	void *locked;
	size_t locked_size;
};

/* Reads what the configuration names, draws the keys, encodes the records. programs: folder of the programs. False: one
 * sentence was written to standard error, and nothing is kept. */
bool settings_build(const struct configuration *configuration, const char *programs, struct settings *out);

/* Wipes and unmaps. */
void settings_free(struct settings *settings);

/* A new sealed memory file with the record of the process, positioned at its start; empty for a process without
 * settings. -1 with errno set when the kernel gives none. */
int settings_open(const struct settings *settings, enum process process);

#endif
