/* SPDX-License-Identifier: Apache-2.0
 * Threads that serve one neighbour each with its requests side by side, and move to a new channel together. */
#ifndef KEYWARD_LANES_H
#define KEYWARD_LANES_H

#include "firmware/confine/child.h"

/* Starts service->threads threads for each neighbour that the table lets call this process. service must last. */
void lanes_start(const struct service *service);

/* Has the neighbour's threads move to this channel, owned from now on. An answer still in the making for the old one
 * is lost with it. */
void lanes_attach(enum process neighbour, int channel);

/* Whether some thread has been with one request for so long that it must be taken to hang. */
bool lanes_hang(void);

#endif
