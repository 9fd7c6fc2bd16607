/* SPDX-License-Identifier: Apache-2.0
 * The log files: one that grows and older ones behind it. */
#ifndef KEYWARD_JOURNAL_FILE_H
#define KEYWARD_JOURNAL_FILE_H

#include "firmware/boundary/bytes.h"

enum { journal_file_count = 4, journal_file_size = 8 << 20 };

/* Opens /log/keyward.log to append. Without one, lines are counted as lost until it can be opened. */
void journal_file_open(void);

/* Appends a line; before it, says how many lines were lost, when the disk takes any again. Moves on to a new file
 * when this one is full: keyward.log.1 to .3 are the older ones. */
void journal_file_append(struct bytes line);

/* Lines lost and not yet spoken of in the file. */
unsigned long journal_file_lost(void);

#endif
