/* SPDX-License-Identifier: Apache-2.0
 * How long each connection may take for the step it is in. Idle time alone does not end a client that sends an
 * octet now and then; a connection whose step takes too long in all is cut. */
#ifndef KEYWARD_PATIENCE_H
#define KEYWARD_PATIENCE_H

#include <stdint.h>

struct patience_peer;

/* Starts the thread that cuts. Ends the process when there is none to be had. Once a process. */
void patience_start(void);

/* A connection on this descriptor with this many milliseconds for its first step; NULL when there is no memory. */
struct patience_peer *patience_open(int descriptor, uint64_t allowed_ms);

/* The connection entered its next step. NULL is taken and does nothing. */
void patience_allow(struct patience_peer *peer, uint64_t allowed_ms);

/* Before the descriptor is closed: it will not be touched again. */
void patience_close(struct patience_peer *peer);

#endif
