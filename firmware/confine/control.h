/* SPDX-License-Identifier: Apache-2.0
 * The child's end of the control channel: one byte each way, channels from the warden with theirs. */
#ifndef KEYWARD_CONTROL_H
#define KEYWARD_CONTROL_H

#include "firmware/boundary/wire.h"

/* Who this process is. */
void control_open(enum process self);
enum process control_self(void);

/* Says one byte to the warden, who may be gone. */
void control_say(int byte);

/* Logs that the neighbour broke the protocol, and asks the warden for a new channel to it. */
void control_say_lost(enum process neighbour);

/* Takes the new channel that the warden sent; false: the warden closed the control channel. Ends the process when
 * what came is not one byte with one descriptor. */
bool control_take(enum process *neighbour, int *channel);

#endif
