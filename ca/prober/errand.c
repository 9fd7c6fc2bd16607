/* SPDX-License-Identifier: Apache-2.0
 * How long a probe may still take. */
#include "ca/prober/errand.h"

#include "firmware/boundary/clock.h"

uint32_t errand_left_ms(const struct errand *errand)
{
	const uint64_t now_ms = clock_boot_ms();
	return now_ms >= errand->until_ms ? 0 : (uint32_t)(errand->until_ms - now_ms);
}
