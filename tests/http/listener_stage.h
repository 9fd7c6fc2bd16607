/* SPDX-License-Identifier: Apache-2.0
 * The listener's server in one process with the test: real TLS, real HTTP library, real links; the registrar and
 * the signer at the other ends of the links are threads of the test. */
#ifndef KEYWARD_TESTS_LISTENER_STAGE_H
#define KEYWARD_TESTS_LISTENER_STAGE_H

#include "firmware/boundary/link.h"
#include "tests/http/tls_client.h"

enum { listener_idle_s = 1, listener_per_address = 24, listener_body_limit = 40000 };

extern uint16_t listener_port;
extern struct link *listener_signer_link;

/* What the signer answers next, and the last good certificate it gave. */
enum listener_signer {
	listener_signer_good,
	listener_signer_for_another_key,
	listener_signer_empty,
	listener_signer_too_soon
};
extern enum listener_signer listener_signer;
extern uint8_t listener_leaf[4096];
extern size_t listener_leaf_size;

/* A cmocka group set-up. */
int listener_start(void **state);

/* The registrar answers 200 with METHOD PATH "|" REMOTE "|" BODY; the paths /refused, /split, /odd, /wrong-method
 * and /all get what their names say. */
void listener_wire_registrar(void);
void listener_end_registrar(void);

/* One connection, one request, one answer in tls_answer. */
void listener_ask(const char *raw);
void listener_assert_answer(unsigned http_status, const char *text);
/* Asks; the answer must be the refusal's problem document. */
void listener_assert_refused(const char *raw, status why);

/* A POST with that body, in static memory. */
const char *listener_post(const char *path, const char *body);

#define LISTENER_ENVELOPE "{\"protected\":\"e30\",\"payload\":\"\",\"signature\":\"AAAA\"}"

#endif
