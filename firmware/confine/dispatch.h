/* SPDX-License-Identifier: Apache-2.0
 * One request: who may send it, whether it decodes, which route it takes. */
#ifndef KEYWARD_DISPATCH_H
#define KEYWARD_DISPATCH_H

#include "firmware/confine/child.h"

/* A buffer for one packet and one decoded request; one a thread. Ends the process when there is no memory. */
struct desk;
struct desk *dispatch_desk(void);

/* Receives one packet onto the desk; waits for it. neighbour_away: the peer hung up; message_malformed: it broke the
 * protocol. After either the channel is of no more use. */
status dispatch_receive(int channel, struct desk *desk);

/* Calls the route of the packet on the desk and sends the refusal that it returns. message_malformed: the neighbour
 * may not send that, or it does not decode. */
status dispatch_handle(const struct service *service, enum process neighbour, int channel, struct desk *desk);

#endif
