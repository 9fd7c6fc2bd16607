/* SPDX-License-Identifier: Apache-2.0
 * Problem documents (RFC 9457, RFC 8555 6.7), made from the one list of refusals. */
#ifndef KEYWARD_PROBLEM_H
#define KEYWARD_PROBLEM_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

#define PROBLEM_CONTENT_TYPE "application/problem+json"

/* The longest document with the longest detail that is taken. */
enum { problem_detail_most = 512, problem_room = 5120 };

/* Appends the document of a refusal: type, status, detail (the list's sentence, then ": " and `detail` where it is
 * not NULL or empty), refusal, reference, and algorithms for badSignatureAlgorithm. A detail that is not UTF-8 is
 * left out, a longer one cut at a character. False, and out as before, when there is no room; problem_room always
 * suffices. */
bool problem_build(status why, const char *detail, struct buffer *out);

/* The same with subproblems (RFC 8555 6.7.1): what problem_add_subproblem has put together, or nothing. */
bool problem_build_whole(status why, const char *detail, struct bytes subproblems, struct buffer *out);

/* Appends what is wrong with one identifier; false, and `list` as before, when there is no room. An identity mismatch is
 * a rejectedIdentifier here, which step CLI prints. */
bool problem_add_subproblem(status why, const char *detail, const char *type, const char *value, struct buffer *list);

#endif
