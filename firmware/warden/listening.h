/* SPDX-License-Identifier: Apache-2.0
 * The listening socket, made in the host's network namespace and handed to the one process that may have it. */
#ifndef KEYWARD_LISTENING_H
#define KEYWARD_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

/* A bound, listening, non-blocking TCP socket. -1: one sentence was written. */
int listening_open(const char *address, uint16_t port);

/* Undoes what a process that held the socket may have done to it: shut it down, or changed it within its promises. The socket
 * stays bound and what waits in its queue stays there; only while it is shut down can another program take the port.
 * False with errno set; EADDRINUSE: another program has it. */
bool listening_mend(int listening);

#endif
