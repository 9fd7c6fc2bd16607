/* SPDX-License-Identifier: Apache-2.0
 * What is said to an administrator beside the name of a refusal: facts, no secrets, printable ASCII. */
#ifndef KEYWARD_DETAIL_H
#define KEYWARD_DETAIL_H

struct detail {
	char text[400]; /* empty: nothing to add */
};

/* printf-like; replaces what was said before. Whatever is not printable ASCII becomes '?'. detail may be NULL. */
void detail_say(struct detail *detail, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
