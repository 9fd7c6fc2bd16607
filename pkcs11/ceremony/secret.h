/* SPDX-License-Identifier: Apache-2.0
 * The PINs: drawn by the generator, in locked memory, wiped at the end. */
#ifndef KEYWARD_SECRET_H
#define KEYWARD_SECRET_H

#include <stdbool.h>

/* 28 characters of 5 bits each, in groups of four: 140 bits, printable, without I, L, O and U. */
enum { secret_size = 34, secret_room = 65 };

struct secret {
	char text[secret_room]; /* ends with NUL */
};

/* No page of this process goes to swap or to a core dump from now on. */
bool secret_lock_memory(void);

/* False: the generator has no randomness. */
bool secret_draw(struct secret *out);

/* One line from standard input, without echo when that is a terminal. False: none, or longer than a PIN can be. */
bool secret_read(const char *prompt, struct secret *out);

/* Usable as a cleanup attribute. */
void secret_wipe(struct secret *secret);

#endif
