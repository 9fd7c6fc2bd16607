/* SPDX-License-Identifier: Apache-2.0
 * The fake neighbours' threads. */
#ifndef KEYWARD_TESTS_REGISTRAR_NEIGHBOURS_H
#define KEYWARD_TESTS_REGISTRAR_NEIGHBOURS_H

#include "tests/registrar/bench.h"

/* A thread that answers on the channel until it ends. */
void neighbours_serve_verifier(struct bench *bench, int channel);
void neighbours_serve_signer(struct bench *bench, int channel);
void neighbours_serve_prober(struct bench *bench, int channel);

/* Waits until every such thread has ended. */
void neighbours_await_end(void);

#endif
