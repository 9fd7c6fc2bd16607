/* SPDX-License-Identifier: Apache-2.0
 * What is said of a judged statement: the verdict, every check in order, the claims. */
#ifndef KEYWARD_JUDGE_REPORT_H
#define KEYWARD_JUDGE_REPORT_H

#include "attest/verifier/format.h"

struct report {
	const struct statement *statement; /* its format is NULL where none was found */
	bool is_identity_asked;
	status judged;        /* the verdict */
	const char *detail;   /* to a refusal; empty: none */
	struct bytes octets;  /* the attestation object */
};

/* On standard output; false when it cannot be written. */
bool report_as_text(const struct report *report);
bool report_as_json(const struct report *report);

#endif
