/* SPDX-License-Identifier: Apache-2.0
 * Appends and rotates; a full disk loses lines, never the logger. */
#include "firmware/logger/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/logger/line.h"

static const char name[] = "/log/keyward.log";
static int file = -1;
static off_t size;
static unsigned long lost;

void journal_file_open(void)
{
	struct stat about;
	file = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	size = file >= 0 && fstat(file, &about) == 0 ? about.st_size : 0;
}

/* The oldest falls off: each rename takes the place of the next older one. */
static void rotate(void)
{
	char older[sizeof name + 12], newer[sizeof name + 12];
	for (int i = journal_file_count - 1; i > 0; i--) {
		snprintf(older, sizeof older, "%s.%d", name, i);
		snprintf(newer, sizeof newer, i == 1 ? "%s" : "%s.%d", name, i - 1);
		if (rename(newer, older) != 0 && errno != ENOENT)
			return; /* goes on in the file it has */
	}
	close(file);
	journal_file_open();
}

/* A line that fits in part only is ended, so that the next one starts at the margin. */
static bool put(struct bytes line)
{
	const ssize_t done = file < 0 ? -1 : write(file, line.data, line.size);
	if (done > 0)
		size += done;
	if (done == (ssize_t)line.size)
		return true;
	if (done > 0 && write(file, "\n", 1) == 1)
		size++;
	return false;
}

static bool tell_lost(void)
{
	uint8_t room[line_room];
	char text[64];
	struct buffer line = BUFFER(room);
	struct timespec now = {.tv_sec = 0};
	snprintf(text, sizeof text, "%lu lines could not be written", lost);
	clock_gettime(CLOCK_REALTIME, &now);
	line_build(now, 4, "logger", bytes_from_text(text), &line);
	return put(buffer_view(&line));
}

void journal_file_append(struct bytes line)
{
	if (file >= 0 && size >= journal_file_size)
		rotate();
	if (file < 0)
		journal_file_open();
	if (lost != 0 && tell_lost())
		lost = 0;
	if (lost != 0 || !put(line))
		lost++;
}

unsigned long journal_file_lost(void)
{
	return lost;
}
