/* SPDX-License-Identifier: Apache-2.0
 * Which orders and activations a request is working on at this moment. It is a fact about this process and not about
 * the order, so it is never stored: after a crash an order is what it was before. */
#ifndef KEYWARD_FLIGHT_H
#define KEYWARD_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>

/* More than there are threads. */
enum { flight_most = 64, flight_name_room = 80 };

struct flight {
	pthread_mutex_t lock;
	char names[flight_most][flight_name_room]; /* empty: free */
};

void flight_open(struct flight *flight);
/* False: another request has it in hand (or there is no place, which is the same to the caller). */
bool flight_start(struct flight *flight, const char *kind, const char *name);
void flight_end(struct flight *flight, const char *kind, const char *name);
bool flight_has(struct flight *flight, const char *kind, const char *name);

#endif
