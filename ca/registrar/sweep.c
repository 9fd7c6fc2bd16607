/* SPDX-License-Identifier: Apache-2.0
 * How long what is over is kept, and the thread that sweeps while nobody waits for it. */
#include "ca/registrar/sweep.h"

#include <pthread.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"

/* Kept an hour beyond its end: a client can still read why, and no request has it in hand any more. */
enum { kept_s = 3600, slice = 128, pause_s = 10, breath_us = 20000 };

static uint64_t before(uint64_t now_s, uint64_t age_s)
{
	return now_s > age_s ? now_s - age_s : 0;
}

status sweep_slice(struct registrar *registrar, uint64_t *rows)
{
	const uint64_t now_s = clock_wall_s();
	uint64_t orders_most = 0;
	for (size_t i = 0; i < registrar->directory_count; i++)
		orders_most += registrar->directories[i].orders_most;
	const struct store_sweep sweep = {
	    .slice = slice,
	    .open_before_boot_s = before(clock_boot_s(), kept_s),
	    .closed_before_s = before(now_s, kept_s),
	    .closed_most = orders_most,
	    .idle_before_s = before(now_s, registrar->account_idle_s),
	    .now_s = now_s,
	};
	store_enter(registrar->store);
	return store_leave(registrar->store, store_sweep(registrar->store, &sweep, rows));
}

static void sweep_all(struct registrar *registrar)
{
	uint64_t rows = 1;
	while (rows > 0) {
		if (is_refused(sweep_slice(registrar, &rows))) {
			registrar->log(4, "expired orders were not removed: %s", store_trouble(registrar->store));
			return;
		}
		usleep(breath_us);
	}
}

static void *keep_sweeping(void *argument)
{
	for (;;) {
		sleep(pause_s);
		sweep_all(argument);
	}
	return NULL;
}

void sweep_start(struct registrar *registrar)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, keep_sweeping, registrar) != 0)
		status_broken("no thread for sweeping");
	pthread_detach(thread);
}
