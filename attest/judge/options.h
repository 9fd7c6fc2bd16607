/* SPDX-License-Identifier: Apache-2.0
 * The command line of keyward-judge(1). */
#ifndef KEYWARD_JUDGE_OPTIONS_H
#define KEYWARD_JUDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { options_most_roots = 8, options_most_apple_roots = 4 }; /* as the verifier's settings hold */

/* Files of one certificate each, or lists. */
struct options_roots {
	const char *at[options_most_roots];
	size_t count;
};

struct options {
	const char *statement, *binding; /* files */
	const char *identifier;          /* NULL: not asked */
	const char *directory;
	const char *whose; /* file of roots that are asked about; NULL: a statement is judged */
	struct options_roots ak_issuers, ak_roots, apple_roots, android_roots, packed_roots, step_roots, revocation_lists;
	int64_t time_s; /* 0: now */
	bool may_be_virtual, may_sign_sha1, needs_step_pin, needs_step_touch, is_json, is_help;
};

/* False, with a sentence on standard error. */
bool options_read(int count, char **words, struct options *out);

/* What --help says, on standard output. */
void options_tell(void);

#endif
