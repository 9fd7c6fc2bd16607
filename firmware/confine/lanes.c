/* SPDX-License-Identifier: Apache-2.0
 * Worker threads, a lane of them for each neighbour served. */
#include "firmware/confine/lanes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/shared.h"
#include "firmware/confine/control.h"
#include "firmware/confine/dispatch.h"
#include "firmware/confine/place.h"

enum { most_threads = 64, worker_stack = 2 << 20, hanging_s = 120 };

struct lane {
	enum process neighbour;
	const struct service *service;
	pthread_mutex_t lock;
	pthread_cond_t wired;
	struct shared *channel; /* NULL: wait for one */
};

static struct lane lanes[process_count];
static _Atomic uint64_t busy_since[most_threads]; /* boot clock; 0: waiting for a request */
static unsigned thread_count;

struct worker {
	struct lane *lane;
	_Atomic uint64_t *busy;
};

static struct shared *take_channel(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	while (lane->channel == NULL)
		pthread_cond_wait(&lane->wired, &lane->lock);
	struct shared *channel = shared_take(lane->channel);
	pthread_mutex_unlock(&lane->lock);
	return channel;
}

/* The first to see that the channel ended takes it off the lane; says whether that was us. */
static bool give_back(struct lane *lane, struct shared *channel, bool is_over)
{
	pthread_mutex_lock(&lane->lock);
	const bool is_first = is_over && lane->channel == channel;
	if (is_first) {
		shared_hang_up(channel);
		shared_drop(channel);
		lane->channel = NULL;
	}
	shared_drop(channel);
	pthread_mutex_unlock(&lane->lock);
	return is_first;
}

static status serve_one(const struct worker *worker, struct shared *channel, struct desk *desk)
{
	const struct lane *lane = worker->lane;
	TRY(dispatch_receive(channel->channel, desk));
	atomic_store(worker->busy, clock_boot_s());
	const status done = dispatch_handle(lane->service, lane->neighbour, channel->channel, desk);
	atomic_store(worker->busy, 0);
	return done;
}

static void *work(void *argument)
{
	const struct worker *worker = argument;
	struct desk *desk = dispatch_desk();
	for (;;) {
		struct shared *channel = take_channel(worker->lane);
		const status done = serve_one(worker, channel, desk);
		const bool is_first = give_back(worker->lane, channel, is_refused(done));
		if (is_first && done.refusal == refusal_message_malformed)
			control_say_lost(worker->lane->neighbour);
	}
	return NULL;
}

static void start_worker(struct lane *lane)
{
	struct worker *worker = malloc(sizeof *worker);
	pthread_attr_t attributes;
	pthread_t thread;
	if (worker == NULL || thread_count == most_threads)
		status_broken("no memory for a thread, or too many of them");
	*worker = (struct worker){.lane = lane, .busy = &busy_since[thread_count++]};
	if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, worker_stack) != 0 ||
	    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0 ||
	    pthread_create(&thread, &attributes, work, worker) != 0)
		status_broken("no thread to serve with");
	pthread_attr_destroy(&attributes);
}

void lanes_start(const struct service *service)
{
	for (enum process neighbour = process_WARDEN; neighbour < process_count; neighbour++) {
		if (!place_calls(neighbour, control_self()))
			continue;
		struct lane *lane = &lanes[neighbour];
		*lane = (struct lane){.neighbour = neighbour,
				      .service = service,
				      .lock = PTHREAD_MUTEX_INITIALIZER,
				      .wired = PTHREAD_COND_INITIALIZER};
		for (unsigned i = 0; i < service->threads; i++)
			start_worker(lane);
	}
}

void lanes_attach(enum process neighbour, int channel)
{
	struct lane *lane = &lanes[neighbour];
	struct shared *fresh = shared_new(channel);
	pthread_mutex_lock(&lane->lock);
	if (lane->channel != NULL) {
		shared_hang_up(lane->channel);
		shared_drop(lane->channel);
	}
	lane->channel = fresh;
	pthread_cond_broadcast(&lane->wired);
	pthread_mutex_unlock(&lane->lock);
}

bool lanes_hang(void)
{
	const uint64_t now = clock_boot_s();
	for (unsigned i = 0; i < thread_count; i++) {
		const uint64_t since = atomic_load(&busy_since[i]);
		if (since != 0 && now > since + hanging_s)
			return true;
	}
	return false;
}
