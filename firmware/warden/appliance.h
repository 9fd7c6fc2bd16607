/* SPDX-License-Identifier: Apache-2.0
 * All that the warden knows while it runs. One thread, one loop. */
#ifndef KEYWARD_APPLIANCE_H
#define KEYWARD_APPLIANCE_H

#include <sys/types.h>

#include "firmware/warden/configuration.h"
#include "firmware/warden/journal.h"
#include "firmware/warden/settings.h"
#include "firmware/warden/table.h"

/* Waits before a start grow: 50 ms, doubled up to 5 s; after a life of 30 s they begin anew. A channel is made at most
 * once a second, since a hijacked process can say that it was lost. */
enum { backoff_least_ms = 50, backoff_most_ms = 5000, backoff_forget_ms = 30000, wire_pause_ms = 1000 };

struct child {
	pid_t pid;   /* 0: not running */
	int control; /* the warden's end */
	bool is_confined, is_serving;
	bool has_served; /* once in this run */
	bool is_down;    /* a person must act; not started again */
	uint64_t started_ms, heard_ms;
	uint64_t due_ms; /* of the next start */
	uint32_t backoff_ms;
};

struct wire_state {
	bool is_wired;
	uint64_t due_ms; /* not before, however often it is lost */
};

struct appliance {
	const struct configuration *configuration;
	const char *programs; /* folder, absolute */
	struct settings settings;
	struct journal journal;
	int listening;
	struct child children[process_count];
	struct wire_state wires[table_most_calls];
	struct wire_state log_wires[process_count]; /* reading ends of the journal that the logger holds */
	bool is_ready;        /* said on standard output */
	enum process culprit; /* that needs a person before it ever served; process_ANY: none */
	uint64_t stop_due_ms; /* 0: no stop asked for */
};

#endif
