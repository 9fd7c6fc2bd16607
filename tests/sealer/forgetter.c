/* SPDX-License-Identifier: Apache-2.0
 * Allocates memory as a library would, writes ZYXWVUTSRQPONMLKJIHGFEDC to it and frees it as it is, after the sealer
 * has prepared its memory. Then waits, for tests/sealer/memory to look for it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "attest/sealer/sealer.h"

int main(void)
{
	static const size_t sizes[] = {40, 300, 1000, 5000, 70000};
	enum { count = sizeof sizes / sizeof sizes[0] };
	uint8_t *held[count];
	const volatile uint8_t first = 'Z'; /* the text must stand nowhere else */
	if (!sealer_lock_memory())
		return 1;
	for (size_t i = 0; i < count; i++) {
		held[i] = malloc(sizes[i]);
		for (uint8_t n = 0; held[i] != NULL && n < 24; n++)
			held[i][sizes[i] - 24 + n] = (uint8_t)(first - n);
	}
	if (puts("written") < 0 || fflush(stdout) != 0 || getchar() == EOF)
		return 1;
	for (size_t i = 0; i < count; i++)
		free(held[i]);
	if (puts("freed") < 0 || fflush(stdout) != 0)
		return 1;
	return getchar() == EOF ? 0 : 1;
}
