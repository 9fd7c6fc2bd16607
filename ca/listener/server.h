/* SPDX-License-Identifier: Apache-2.0
 * HTTP over TLS on one listening socket: what passes head.h and envelope.h goes to the registrar, whose answer goes
 * back. The one file that knows libmicrohttpd. */
#ifndef KEYWARD_SERVER_H
#define KEYWARD_SERVER_H

#include "firmware/boundary/link.h"

struct server_setup {
	int listening;                                  /* bound, listening; owned from now on */
	const struct message_listener_settings *limits; /* lives as long as the process */
	struct link *registrar;
};

/* Starts the threads that serve until the process ends. Once a process, after an identity was installed
 * (tls_identity.h). False: libmicrohttpd refuses. */
bool server_start(const struct server_setup *setup);

#endif
