/* SPDX-License-Identifier: Apache-2.0
 * The two clocks: boot time for every expiry between processes, wall time for what certificates say. */
#ifndef KEYWARD_CLOCK_H
#define KEYWARD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_seconds(clockid_t id)
{
	struct timespec now;
	return clock_gettime(id, &now) == 0 && now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

/* Seconds since boot, sleep included; never steps. Equal in all processes of one boot. */
static inline uint64_t clock_boot_s(void)
{
	return clock_seconds(CLOCK_BOOTTIME);
}

/* Seconds since 1970-01-01T00:00:00Z. */
static inline uint64_t clock_wall_s(void)
{
	return clock_seconds(CLOCK_REALTIME);
}

static inline uint64_t clock_boot_ms(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_BOOTTIME, &now) == 0 ? (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 : 0;
}

#endif
