/* SPDX-License-Identifier: Apache-2.0
 * The parts that settings are built of: bytes of files, and records within records. Each function but the first appends what it
 * took to the pieces, for `out` to view. False: one sentence was written to standard error. */
#ifndef KEYWARD_PIECE_H
#define KEYWARD_PIECE_H

#include "firmware/boundary/wire.h"
#include "firmware/warden/configuration.h"

struct building {
	const struct configuration *from;
	const char *programs;	 /* their folder */
	struct buffer *pieces;	 /* in locked memory */
	struct workshop *shop;	 /* of settings.c */
};

/* Writes the sentence; false. */
bool piece_complain(const char *path, const char *reason);

/* A whole file of 1 to `most` bytes; or that one of the state folder, its path in three parts. */
bool piece_take_file(const struct building *building, const char *path, size_t most, struct bytes *out);
bool piece_take_state_file(const struct building *building, size_t most, struct bytes *out, const char *folder,
			   const char *name, const char *ending);

/* A record of messages.def, encoded. */
bool piece_take_record(const struct building *building, enum message id, const void *record, struct bytes *out);

/* One text of at most `most` bytes, with spaces between the words. */
bool piece_take_words(const struct building *building, const char *const *words, size_t count, size_t most, struct bytes *out);

#endif
