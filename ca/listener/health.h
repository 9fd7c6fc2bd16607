/* SPDX-License-Identifier: Apache-2.0
 * GET /health, for a monitor or a load balancer: whether a request would be answered now. Anybody may ask, so it says
 * nothing else: no version, no number, no name. */
#ifndef KEYWARD_HEALTH_H
#define KEYWARD_HEALTH_H

#include "ca/listener/request.h"

/* Within a second, where other requests wait longer for a registrar that starts again. */
enum { health_patience_ms = 1000 };

bool health_is_asked(const struct request *request);

/* 200 when the registrar answers, 503 when it does not. Views are static; `room` has wire_packet_room octets. */
void health_answer(const struct request *request, struct link *registrar, struct buffer *room, struct answer *out);

#endif
