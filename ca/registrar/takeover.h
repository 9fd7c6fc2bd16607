/* SPDX-License-Identifier: Apache-2.0
 * What the signer entered and we never heard of. After our own start and each new channel to the signer, before
 * anything else is issued: an intent in the ledger without a certificate here was delivered to nobody and is closed by
 * a void entry; a revocation that is not here is kept. */
#ifndef KEYWARD_TAKEOVER_H
#define KEYWARD_TAKEOVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "firmware/boundary/status.h"

struct registrar;

struct takeover {
	pthread_rwlock_t issuing; /* read: a certificate is being issued; write: taking over */
	atomic_bool is_due;	  /* at the start, too */
	pthread_mutex_t lock;
	pthread_cond_t woken;
};

void takeover_open(struct takeover *takeover);

/* A new channel to the signer: due again. Does not wait. */
void takeover_announce(struct registrar *registrar);

/* Takes over what is due, then holds off the next takeover until the release. neighbour_away, store_failed,
 * ledger_broken (the ledger has fewer entries than we saw): nothing is held. */
status takeover_hold(struct registrar *registrar);
void takeover_release(struct registrar *registrar);

/* Starts the thread that takes over when it is due although nobody asks for a certificate. Ends the process when it
 * cannot. */
void takeover_start(struct registrar *registrar);

#endif
