/* SPDX-License-Identifier: Apache-2.0
 * A real appliance in a folder of its own, with one process replaced: the test holds its descriptors and plays it
 * hijacked. Everything else is the product's own programs around it, started by its own warden. */
#ifndef KEYWARD_TESTS_STAGE_H
#define KEYWARD_TESTS_STAGE_H

#include <pthread.h>
#include <sys/types.h>

#include "firmware/boundary/channel.h"

enum { stage_most_own = 12 };

struct stage {
	char folder[256]; /* bin/, run/ (as firmware/host/run makes it) */
	pid_t run;        /* firmware/host/run */
	/* the seat */
	enum process seat;
	int control, log, settings_fd, own[stage_most_own];
	size_t own_count;
	int channel[process_count]; /* to each neighbour that the warden wired; -1: none */
	pthread_mutex_t lock;
	pthread_cond_t wired;
	pthread_t heart;
	int listening;
	bool is_left;
	struct bytes settings; /* the record of this process, mapped */
};

/* Copies the programs of `build`/bin, puts the impostor in the seat's place, makes an appliance with this configuration
 * file, takes the seat and waits until all neighbours are wired. `second` (may be NULL) is one more hijacked process of the same
 * appliance, its `seat` set by the caller. Ends the test program with a sentence when that fails. */
void stage_start(struct stage *stage, const char *build, enum process seat, const char *configuration,
		 struct stage *second);

/* The end of the hijacked process: puts the real program in its place, and when it is `shutting_down` leaves every socket that
 * it holds shut down and, where they can be set, with the worst flags and options; then it dies. */
void stage_leave(struct stage *stage, const char *build, bool shutting_down);

/* Whether the appliance's log gets a line with these words within 20 seconds. */
bool stage_logs(const struct stage *stage, const char *words);

/* Stops the appliance and removes the folder. */
void stage_stop(struct stage *stage, struct stage *second);

/* Sends a message of the seat to a neighbour and reads the answer (struct message_<answer>) into `answer`; views point into a
 * buffer of the stage that the next call overwrites. A `refused` answer comes back as that refusal. neighbour_away when the channel was closed on us. */
status stage_call(struct stage *stage, enum process neighbour, enum message id, const void *request, void *answer);

/* Raw bytes to a neighbour instead of a message; the refusal of the answer, or neighbour_away when it hung up. */
status stage_send_raw(struct stage *stage, enum process neighbour, struct bytes packet);

/* Waits until the warden has wired a new channel to the neighbour, for after a channel was closed. */
void stage_await(struct stage *stage, enum process neighbour);

#endif
