/* SPDX-License-Identifier: Apache-2.0
 * Removes what strangers left behind: orders, activations and accounts that never led to a certificate. */
#ifndef KEYWARD_SWEEP_H
#define KEYWARD_SWEEP_H

#include "ca/registrar/registrar.h"

/* One slice, short enough to stand between two requests. Counts the rows; 0: nothing is left to do. */
status sweep_slice(struct registrar *registrar, uint64_t *rows);

/* Starts the thread that sweeps. Ends the process when it cannot. */
void sweep_start(struct registrar *registrar);

#endif
