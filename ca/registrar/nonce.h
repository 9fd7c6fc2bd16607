/* SPDX-License-Identifier: Apache-2.0
 * Replay nonces (RFC 8555 6.5): a counter and a MAC over it under a key of this process's life, and a bounded window in
 * which each counts once. Nothing is kept per nonce; another instance's nonce fails by its MAC. */
#ifndef KEYWARD_NONCE_H
#define KEYWARD_NONCE_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

struct nonces;

/* Characters of a nonce, without NUL; and how many later ones it outlives. */
enum { nonce_size = 32, nonce_window = 1 << 20 };

/* Ends the process when there is no memory or no randomness. */
struct nonces *nonce_open(void);
void nonce_close(struct nonces *nonces);

/* Writes a fresh nonce and a NUL. */
void nonce_new(struct nonces *nonces, char out[nonce_size + 1]);

/* Uses the nonce up. nonce_bad: not ours, not of this start, used, or too old. Of two callers with one nonce one wins.
 */
status nonce_spend(struct nonces *nonces, struct bytes nonce);

#endif
