/* SPDX-License-Identifier: Apache-2.0
 * The log channels and the warden's own lines. */
#include "firmware/warden/journal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"

static bool make_pair(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 &&
	       shutdown(ends[0], SHUT_RD) == 0;
}

bool journal_open(struct journal *out)
{
	for (enum process process = process_WARDEN; process < process_count; process++) {
		int ends[2];
		if (!make_pair(ends))
			return false;
		out->writing[process] = ends[0];
		out->reading[process] = ends[1];
	}
	out->has_logger = false;
	return true;
}

/* The writing end is shut for reading from the first, so whoever shuts down either end leaves it hung up. */
bool journal_mend(struct journal *journal, enum process process)
{
	struct pollfd end = {.fd = journal->writing[process]};
	int ends[2];
	if (poll(&end, 1, 0) != 1 || (end.revents & POLLHUP) == 0 || !make_pair(ends))
		return false;
	close(journal->writing[process]);
	close(journal->reading[process]);
	journal->writing[process] = ends[0];
	journal->reading[process] = ends[1];
	return true;
}

void journal_say(const struct journal *journal, int level, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	const struct message_log_line line = {.level = (uint8_t)level, .text = bytes_from_text(text)};
	const status sent = channel_send(journal->writing[process_WARDEN], 0, message_log_line, &line);
	if (!journal->has_logger || is_refused(sent))
		fprintf(stderr, "keyward-warden: %s\n", text);
}
