/* SPDX-License-Identifier: Apache-2.0
 * A resolver on loopback that answers what it is told to. For tests only. */
#ifndef KEYWARD_TEST_RESOLVER_H
#define KEYWARD_TEST_RESOLVER_H

#include <stdint.h>

/* Starts the thread that answers; its port. */
uint16_t resolver_start(void);

/* From now on nothing is known. */
void resolver_forget(void);

/* One more record. Value: an address (A, AAAA) or, for TXT, its strings with "|" between. A name whose value is "silent" is
 * not answered, one whose value is "broken" with SERVFAIL. Of several A or AAAA records of which one begins with "then ", those
 * are given from the second question on, in place of the others. */
void resolver_add(const char *name, const char *type, const char *value);

/* Answers about this name are truncated over UDP; whole over TCP. NULL: none. */
void resolver_truncate(const char *name);

/* How often the name was asked for, whatever the type. */
unsigned resolver_count(const char *name);

#endif
