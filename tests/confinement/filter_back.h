/* SPDX-License-Identifier: Apache-2.0
 * The system call filter of a running process, read back from the kernel. */
#ifndef KEYWARD_TESTS_FILTER_BACK_H
#define KEYWARD_TESTS_FILTER_BACK_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { filter_back_room = 4096 };

struct filter_back {
	struct sock_filter steps[filter_back_room];
	size_t count;
};

/* The only filter of the process, which must have exactly one. */
bool filter_back_read(pid_t pid, struct filter_back *out);

/* Whether some arguments let this call through or have it answered by an error; false: it ends the process always. */
bool filter_back_may_live(const struct filter_back *filter, unsigned number);

#endif
