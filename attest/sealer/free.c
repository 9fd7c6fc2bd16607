/* SPDX-License-Identifier: Apache-2.0
 * free() for a program that handles the PIN: libraries work with it in buffers of the heap, and free them as they are.
 * (M_PERTURB of glibc passes over what its caches of small blocks take.) */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *memory);

void free(void *memory)
{
	if (memory == NULL)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	__libc_free(memory);
}
