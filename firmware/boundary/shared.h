/* SPDX-License-Identifier: Apache-2.0
 * A channel that several threads use while another may replace it: hung up at once, closed when the last of them lets
 * go, so that an answer never goes to whoever got the same descriptor number next. */
#ifndef KEYWARD_SHARED_H
#define KEYWARD_SHARED_H

struct shared {
	int channel;
	unsigned users; /* under the owner's lock */
};

/* Owns the channel from now on; one user, the caller. Ends the process when there is no memory. */
struct shared *shared_new(int channel);

/* One user more. The owner's lock is held, as for shared_drop. */
struct shared *shared_take(struct shared *shared);

/* One user fewer; NULL is none. The last one closes and frees. */
void shared_drop(struct shared *shared);

/* Ends the conversation: the peer and every thread waiting on the channel see neighbour_away. */
void shared_hang_up(const struct shared *shared);

#endif
