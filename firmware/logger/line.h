/* SPDX-License-Identifier: Apache-2.0
 * One line of the log as it is written: time, level, process, escaped text. */
#ifndef KEYWARD_LINE_H
#define KEYWARD_LINE_H

#include <time.h>

#include "firmware/boundary/bytes.h"

/* Room for the longest line: each octet of the longest text escaped, and the lead before it. */
enum { line_room = 4 * 1024 + 128 };

/* Writes "2026-01-31T12:00:00.123Z warning listener: text\n" to out, which has line_room bytes. In the text,
 * printable characters of well-formed UTF-8 stay; each octet of anything else (control characters of ASCII and
 * Latin-1, marks of direction, line and paragraph separators, ill-formed octets) and the backslash become \xHH. */
void line_build(struct timespec when, unsigned level, const char *process, struct bytes text, struct buffer *out);

#endif
