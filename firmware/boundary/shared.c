/* SPDX-License-Identifier: Apache-2.0
 * Counted users of one channel. */
#include "firmware/boundary/shared.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/status.h"

struct shared *shared_new(int channel)
{
	struct shared *shared = malloc(sizeof *shared);
	if (shared == NULL)
		status_broken("no memory for a channel");
	*shared = (struct shared){.channel = channel, .users = 1};
	return shared;
}

struct shared *shared_take(struct shared *shared)
{
	shared->users++;
	return shared;
}

void shared_drop(struct shared *shared)
{
	if (shared == NULL || --shared->users != 0)
		return;
	close(shared->channel);
	free(shared);
}

void shared_hang_up(const struct shared *shared)
{
	shutdown(shared->channel, SHUT_RDWR);
}
