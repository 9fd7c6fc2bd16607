/* SPDX-License-Identifier: Apache-2.0
 * The room that a thread works in, made at its first request and given back when it ends: too much for a stack. */
#ifndef KEYWARD_DESK_H
#define KEYWARD_DESK_H

#include "ca/registrar/reply.h"
#include "ca/registrar/store.h"

enum { desk_body_most = 65536, desk_statement_most = 49152, desk_evidence_most = 7 * 4096 + 6 * 1024 };

struct desk {
	struct order_row order;	      /* that the request is about */
	struct order_row predecessor; /* of the certificate that it replaces */
	struct reply reply;
	uint8_t request[2 * desk_body_most]; /* what a JWS decodes to */
	uint8_t answer[wire_packet_room];    /* of a neighbour */
	uint8_t statement[desk_statement_most];
	uint8_t evidence[desk_evidence_most]; /* EK certificates and public areas */
};

/* This thread's. Ends the process when there is no memory. */
struct desk *desk_here(void);

#endif
