/* SPDX-License-Identifier: Apache-2.0
 * The log channels, one a process: the warden keeps both ends, so that a restarted logger goes on where the last one
 * stopped. */
#ifndef KEYWARD_JOURNAL_H
#define KEYWARD_JOURNAL_H

#include "firmware/boundary/wire.h"

/* Both ends of each channel; process_WARDEN's is the warden's own. Writing never blocks. */
struct journal {
	int writing[process_count], reading[process_count];
	bool has_logger; /* false: lines go to standard error as well, for nobody else repeats them there */
};

/* False with errno set when the kernel gives no sockets. */
bool journal_open(struct journal *out);

/* Makes the channel of that process anew if a process that held one of its ends shut it down. True when it did: the logger
 * then needs the new reading end. */
bool journal_mend(struct journal *journal, enum process process);

/* One line of the warden's own. level as in log_line. */
void journal_say(const struct journal *journal, int level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
