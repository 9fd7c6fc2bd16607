/* SPDX-License-Identifier: Apache-2.0
 * Names are proven by probing them, which takes long: the challenge is kept as processing, threads of its own ask the
 * prober and keep its word. What is kept is the queue, so a restart loses nothing. */
#ifndef KEYWARD_PROBE_H
#define KEYWARD_PROBE_H

#include <pthread.h>
#include <stdbool.h>

#include "ca/registrar/store.h"

struct registrar;

enum { probe_queue_most = 256, probe_threads = 16, probe_account_most = 4 };

/* Orders with a challenge in processing that no thread has in hand. */
struct probing {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	char names[probe_queue_most][65];
	size_t first, count;
	bool is_scan_due; /* the database has more, as at the start */
	int64_t scanned;  /* so far, in this scan */
	int64_t in_hand[probe_threads]; /* whose probes run; 0: none */
};

void probe_open(struct probing *probing);

/* A challenge of the order is in processing. Does not wait. */
void probe_announce(struct registrar *registrar, const char *order);

/* Whether one more probe of the account may run: probe_account_most at a time, so that nobody's silent servers take all
 * threads. What was admitted is given back. */
bool probe_admit(struct probing *probing, int64_t account);
void probe_give_back(struct probing *probing, int64_t account);

/* Takes one order, asks the prober for one of its challenges, keeps the answer. `done`: there may be more. `later`: the
 * prober is away or has too much in hand, and the order waits again, or the database cannot be read. `idle`: nothing waits. */
enum probe_outcome { probe_idle, probe_done, probe_later };
enum probe_outcome probe_once(struct registrar *registrar);

/* Starts the threads. Ends the process when it cannot. */
void probe_start(struct registrar *registrar);

/* What the word on a challenge makes of its order, in memory: valid, and the order ready with the last of them; or
 * invalid, and with it authorization and order. For challenges of every kind. */
void probe_settle(struct order_row *order, size_t number, struct challenge_row *challenge, uint64_t when_s);
void probe_fail(struct order_row *order, size_t number, struct challenge_row *challenge, status why, const char *detail);

#endif
