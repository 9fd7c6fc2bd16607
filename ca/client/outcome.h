/* SPDX-License-Identifier: Apache-2.0
 * How a client program ends: an exit code, after a sentence on standard error that says what was wrong. What servers
 * and files said goes into such sentences escaped, so it cannot steer a terminal. */
#ifndef KEYWARD_OUTCOME_H
#define KEYWARD_OUTCOME_H

#include "firmware/boundary/bytes.h"

enum exit_code {
	exit_done = 0,
	exit_usage = 1,	  /* the command line */
	exit_network = 2, /* no answer, or none that can be trusted */
	exit_refused = 3, /* the CA said no */
	exit_tpm = 4,	  /* the TPM said no, or there is none */
	exit_other = 5,	  /* files, memory, and answers that contradict themselves */
	exit_later = 6	  /* the CA is busy or away, or gave an order up: asked anew, it may say yes */
};

typedef struct [[nodiscard]] outcome {
	enum exit_code code;
} outcome;

#define DONE ((outcome){exit_done})

/* Passes a failure up to the caller; its sentence was said already. */
#define STEP(call)                                                                                                     \
	do {                                                                                                           \
		outcome outcome_of_call_ = (call);                                                                     \
		if (outcome_of_call_.code != exit_done)                                                                \
			return outcome_of_call_;                                                                       \
	} while (0)

/* Says the sentence (without a full stop or line end) behind the program's name and gives that code back. */
outcome outcome_fail(enum exit_code code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says it and goes on. */
void outcome_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes text to standard output with everything but printable ASCII as \xNN. */
void outcome_print(struct bytes text);

#endif
