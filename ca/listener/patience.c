/* SPDX-License-Identifier: Apache-2.0
 * One list of connections with deadlines, one thread that shuts down what is overdue. Shutting down, not closing: the
 * descriptor stays its owner's, who then reads the end. */
#include "ca/listener/patience.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/status.h"

struct patience_peer {
	struct patience_peer *next, *previous;
	uint64_t deadline_ms;
	int descriptor;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct patience_peer list = {.next = &list, .previous = &list};

static void cut_overdue(uint64_t now_ms)
{
	pthread_mutex_lock(&lock);
	for (struct patience_peer *peer = list.next; peer != &list; peer = peer->next) {
		if (peer->deadline_ms > now_ms)
			continue;
		peer->deadline_ms = UINT64_MAX;
		if (shutdown(peer->descriptor, SHUT_RDWR) != 0)
			continue; /* the client was faster */
	}
	pthread_mutex_unlock(&lock);
}

static void *watch(void *unused)
{
	const struct timespec round = {.tv_nsec = 250000000};
	(void)unused;
	for (;;) {
		nanosleep(&round, NULL);
		cut_overdue(clock_boot_ms());
	}
	return NULL;
}

void patience_start(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, watch, NULL) != 0)
		status_broken("the listener cannot start the thread that ends slow connections");
}

struct patience_peer *patience_open(int descriptor, uint64_t allowed_ms)
{
	struct patience_peer *peer = malloc(sizeof *peer);
	if (peer == NULL)
		return NULL;
	*peer = (struct patience_peer){.deadline_ms = clock_boot_ms() + allowed_ms, .descriptor = descriptor};
	pthread_mutex_lock(&lock);
	peer->next = list.next;
	peer->previous = &list;
	list.next->previous = peer;
	list.next = peer;
	pthread_mutex_unlock(&lock);
	return peer;
}

void patience_allow(struct patience_peer *peer, uint64_t allowed_ms)
{
	if (peer == NULL)
		return;
	pthread_mutex_lock(&lock);
	if (peer->deadline_ms != UINT64_MAX)
		peer->deadline_ms = clock_boot_ms() + allowed_ms;
	pthread_mutex_unlock(&lock);
}

void patience_close(struct patience_peer *peer)
{
	if (peer == NULL)
		return;
	pthread_mutex_lock(&lock);
	peer->next->previous = peer->previous;
	peer->previous->next = peer->next;
	pthread_mutex_unlock(&lock);
	free(peer);
}
