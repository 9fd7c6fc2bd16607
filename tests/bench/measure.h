/* SPDX-License-Identifier: Apache-2.0
 * What is measured beside the load: processor time of processes, U, and the bare token. */
#ifndef KEYWARD_BENCH_MEASURE_H
#define KEYWARD_BENCH_MEASURE_H

#include <stdint.h>

/* Nanoseconds that all threads of that process have run, those that ended too. */
uint64_t measure_process_ns(const char *pid);

/* U: processor nanoseconds of one ES256 verification with a cached key; median of several batches. */
uint64_t measure_u_ns(void);

/* Signatures per second of a P-256 key on that PKCS#11 module's first token, by a session copy, one thread; the
 * user PIN is given. */
double measure_token(const char *module, const char *pin);

#endif
