/* SPDX-License-Identifier: Apache-2.0
 * A machine with a software TPM for tests. Every function fails the running test when something does not work. */
#ifndef KEYWARD_TESTS_MACHINE_H
#define KEYWARD_TESTS_MACHINE_H

#include <sys/types.h>

struct machine {
	char folder[64], socket[96], tcti[128];
	pid_t tpm, tap;
	struct machine_lie *lie; /* shared with the listener */
};

void machine_new(struct machine *machine);
void machine_scrap(struct machine *machine);
void machine_power_on(struct machine *machine);
void machine_power_off(struct machine *machine);
void machine_power_cycle(struct machine *machine);

/* Sets a listener between the machine and its TPM, reached by `tcti`; the record is a file of every octet that passed.
 */
void machine_tap(struct machine *machine, char *tcti, size_t tcti_size, char *record, size_t record_size);

/* The listener lies from now on, about the answers of the TPM that it counts from 1. */
enum machine_lie_kind {
	machine_no_lie,
	machine_flips_last_octet, /* of one answer */
	machine_swaps_primary_key /* in each answer to TPM2_CreatePrimary: the listener's key, under its right name */
};
void machine_lie(const struct machine *machine, enum machine_lie_kind kind, unsigned at);
/* Answers that passed since then. */
unsigned machine_answers(const struct machine *machine);

/* A shell command that must succeed. */
void machine_run(const char *command);

#endif
