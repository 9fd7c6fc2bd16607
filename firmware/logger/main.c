/* SPDX-License-Identifier: Apache-2.0
 * The logger: one line in, one line out. Who spoke is known by the channel alone; what they say is distrusted to the
 * last octet. */
#include <errno.h>
#include <unistd.h>

#include "firmware/confine/child.h"
#include "firmware/confine/place.h"
#include "firmware/logger/journal_file.h"
#include "firmware/logger/line.h"

enum { worst_repeated = 4 }; /* warnings and errors are seen on the terminal, too */

static int channels[process_count];

static const char *speaker(int channel)
{
	static const char prefix[] = "keyward-";
	for (enum process process = process_WARDEN; process < process_count; process++) {
		if (channels[process] != channel)
			continue;
		const char *program = place_program(process);
		return program == NULL ? "warden" : program + sizeof prefix - 1;
	}
	return "unknown";
}

/* A closed or full terminal is no reason to stop. */
static void repeat(struct bytes line)
{
	ssize_t done;
	do {
		done = write(STDERR_FILENO, line.data, line.size);
	} while (done < 0 && errno == EINTR);
}

static status take_line(int channel, uint32_t call, const void *request)
{
	const struct message_log_line *said = request;
	uint8_t room[line_room];
	struct buffer line = BUFFER(room);
	struct timespec now = {.tv_sec = 0};
	(void)call;
	clock_gettime(CLOCK_REALTIME, &now);
	line_build(now, said->level, speaker(channel), said->text, &line);
	const unsigned long lost = journal_file_lost();
	journal_file_append(buffer_view(&line));
	if (said->level <= worst_repeated)
		repeat(buffer_view(&line));
	if (lost == 0 && journal_file_lost() != 0) {
		line_build(now, 3, "logger", bytes_from_text("the log cannot be written; lines are being lost"), &line);
		repeat(buffer_view(&line));
	}
	return OK;
}

/* The number may have been another's, whose channel was closed. */
static void remember(enum process process, int channel)
{
	for (size_t i = 0; i < process_count; i++)
		if (channels[i] == channel)
			channels[i] = 0;
	channels[process] = channel;
}

int main(void)
{
	static const struct route routes[] = {{message_log_line, take_line}};
	const struct service service = {.routes = routes, .route_count = 1, .attached = remember};
	child_enter(process_LOGGER, message_none, NULL, NULL);
	journal_file_open();
	child_report_serving();
	child_serve(&service);
}
