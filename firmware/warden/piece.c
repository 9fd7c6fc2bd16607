/* SPDX-License-Identifier: Apache-2.0
 * Puts files of the configuration and the state folder, and records made of it, into one buffer. Sizes are checked, though
 * only root writes these files. */
#include "firmware/warden/piece.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool piece_complain(const char *path, const char *reason)
{
	fprintf(stderr, "%s: %s\n", path, reason);
	return false;
}

bool piece_take_file(const struct building *building, const char *path, size_t most, struct bytes *out)
{
	struct buffer *pieces = building->pieces;
	struct stat about;
	if (pieces->room - pieces->size <= most)
		return piece_complain(path, "there is no room for it beside all other files of the configuration");
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (descriptor < 0)
		return piece_complain(path, strerror(errno));
	ssize_t got = -1;
	if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode))
		got = read(descriptor, pieces->data + pieces->size, most + 1);
	close(descriptor);
	if (got <= 0 || (size_t)got > most)
		return piece_complain(path, got < 0 ? "it cannot be read" : "it is empty, or longer than such a file can be");
	*out = bytes_from(pieces->data + pieces->size, (size_t)got);
	pieces->size += (size_t)got;
	return true;
}

bool piece_take_state_file(const struct building *building, size_t most, struct bytes *out, const char *folder,
			    const char *name, const char *ending)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s%s%s", building->from->state, folder, name, ending);
	return piece_take_file(building, path, most, out);
}

bool piece_take_record(const struct building *building, enum message id, const void *record, struct bytes *out)
{
	struct buffer *pieces = building->pieces;
	const size_t before = pieces->size;
	if (is_refused(wire_encode(id, record, pieces)))
		return piece_complain(wire_entry(id)->name, "this part of the configuration is longer than its message takes");
	*out = bytes_from(pieces->data + before, pieces->size - before);
	return true;
}

/* Into one text, with spaces between. */
static bool join(const char *const *words, size_t count, struct buffer *out)
{
	for (size_t i = 0; i < count; i++)
		if ((i > 0 && !buffer_add(out, " ", 1)) || !buffer_add(out, words[i], strlen(words[i])))
			return false;
	return true;
}

bool piece_take_words(const struct building *building, const char *const *words, size_t count, size_t most, struct bytes *out)
{
	struct buffer *pieces = building->pieces;
	const size_t before = pieces->size;
	if (!join(words, count, pieces) || pieces->size - before > most)
		return piece_complain(count == 0 ? "" : words[0], "this list is too long");
	*out = bytes_from(pieces->data + before, pieces->size - before);
	return true;
}
