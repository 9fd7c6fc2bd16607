/* SPDX-License-Identifier: Apache-2.0
 * The listening socket, made in the host's network namespace and handed to the one process that may have it. */
#ifndef KEYWARD_LISTENING_H
#define KEYWARD_LISTENING_H

#include <stdint.h>

/* A bound, listening, non-blocking TCP socket. -1: one sentence was written. */
int listening_open(const char *address, uint16_t port);

#endif
