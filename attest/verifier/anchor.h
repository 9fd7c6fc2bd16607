/* SPDX-License-Identifier: Apache-2.0
 * What a certificate is that an administrator would have trusted: the same judgement for who signs it in and for who takes it. */
#ifndef KEYWARD_VERIFIER_ANCHOR_H
#define KEYWARD_VERIFIER_ANCHOR_H

#include <stdbool.h>

#include "attest/verifier/known_root.h"
#include "firmware/boundary/bytes.h"

struct anchor {
	bool is_root;		  /* signed by itself; else an intermediate, which is trusted for nothing */
	bool is_known;		  /* by the table, for this format */
	const char *known_format; /* that the table knows it for; NULL: it does not */
	struct detail whose;	  /* a sentence of the table's */
};

/* For statements of that format, or ek. What is wrong with it; NULL: nothing. Whose it is, is said either way. */
const char *anchor_judge(X509 *certificate, struct bytes format, struct anchor *out);

#endif
