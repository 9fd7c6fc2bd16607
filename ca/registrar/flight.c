/* SPDX-License-Identifier: Apache-2.0
 * A small table under a lock: as many places as requests can be in hand. */
#include "ca/registrar/flight.h"

#include <stdio.h>
#include <string.h>

#include "firmware/boundary/status.h"

void flight_open(struct flight *flight)
{
	memset(flight, 0, sizeof *flight);
	if (pthread_mutex_init(&flight->lock, NULL) != 0)
		status_broken("no lock for the requests in hand");
}

/* The place of that name; flight_most: none. */
static size_t find(const struct flight *flight, const char *name)
{
	size_t at = 0;
	while (at < flight_most && strcmp(flight->names[at], name) != 0)
		at++;
	return at;
}

static void name_it(const char *kind, const char *name, char out[flight_name_room])
{
	snprintf(out, flight_name_room, "%s/%s", kind, name);
}

bool flight_start(struct flight *flight, const char *kind, const char *name)
{
	char full[flight_name_room];
	name_it(kind, name, full);
	pthread_mutex_lock(&flight->lock);
	size_t free_place = find(flight, "");
	bool is_free = find(flight, full) == flight_most && free_place < flight_most;
	if (is_free)
		memcpy(flight->names[free_place], full, sizeof full);
	pthread_mutex_unlock(&flight->lock);
	return is_free;
}

void flight_end(struct flight *flight, const char *kind, const char *name)
{
	char full[flight_name_room];
	name_it(kind, name, full);
	pthread_mutex_lock(&flight->lock);
	size_t at = find(flight, full);
	if (at < flight_most)
		flight->names[at][0] = 0;
	pthread_mutex_unlock(&flight->lock);
}

bool flight_has(struct flight *flight, const char *kind, const char *name)
{
	char full[flight_name_room];
	name_it(kind, name, full);
	pthread_mutex_lock(&flight->lock);
	bool has = find(flight, full) < flight_most;
	pthread_mutex_unlock(&flight->lock);
	return has;
}
