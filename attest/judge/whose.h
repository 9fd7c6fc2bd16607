/* SPDX-License-Identifier: Apache-2.0
 * Whose the certificates of a file are. */
#ifndef KEYWARD_JUDGE_WHOSE_H
#define KEYWARD_JUDGE_WHOSE_H

#include "firmware/boundary/bytes.h"

enum whose { whose_known, whose_unknown, whose_malformed };

/* Prints a line for each certificate: a DER one, or all in PEM. whose_unknown: at least one is. */
enum whose whose_tell(struct bytes file);

#endif
