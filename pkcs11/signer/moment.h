/* SPDX-License-Identifier: Apache-2.0
 * One reading of both clocks, taken once a request so that every rule judges the same instant. */
#ifndef KEYWARD_MOMENT_H
#define KEYWARD_MOMENT_H

#include "firmware/boundary/clock.h"

struct moment {
	uint64_t wall_s; /* since 1970; may step */
	uint64_t boot_s; /* since boot; never steps */
};

static inline struct moment moment_now(void)
{
	return (struct moment){.wall_s = clock_wall_s(), .boot_s = clock_boot_s()};
}

#endif
