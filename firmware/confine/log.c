/* SPDX-License-Identifier: Apache-2.0
 * A process's lines to the logger: never waits, counts what it had to drop and says so with the next line. */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/confine/child.h"

enum { text_room = 1024, packet_room = wire_header_size + 16 + text_room };

static _Atomic unsigned dropped;

/* The line must be text by the table's rules, or the logger would close the channel on us. */
static struct bytes make_text(char *line, size_t size)
{
	if (!wire_is_text(bytes_from(line, size)))
		for (size_t i = 0; i < size; i++)
			if ((line[i] & 0x80) != 0 || line[i] == '\0')
				line[i] = '?';
	return bytes_from(line, size);
}

static bool send_line(int level, struct bytes text)
{
	uint8_t room[packet_room] = {[4] = (uint8_t)(message_log_line >> 8), [5] = (uint8_t)message_log_line};
	struct buffer packet = {.data = room, .size = wire_header_size, .room = sizeof room};
	const struct message_log_line line = {.level = (uint8_t)level, .text = text};
	if (is_refused(wire_encode(message_log_line, &line, &packet)))
		return false;
	return send(child_fd_log, packet.data, packet.size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static void log_text(int level, const char *format, va_list arguments)
{
	char line[text_room];
	const unsigned lost = atomic_exchange(&dropped, 0);
	int lead = 0;
	if (lost != 0)
		lead = snprintf(line, sizeof line, "(%u lines before this one were dropped) ", lost);
	const int rest = vsnprintf(line + lead, sizeof line - (size_t)lead, format, arguments);
	size_t size = (size_t)lead + (rest < 0 ? 0 : (size_t)rest);
	if (size >= sizeof line)
		size = sizeof line - 1;
	if (!send_line(level, make_text(line, size)))
		atomic_fetch_add(&dropped, lost + 1);
}

void child_log(int level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_text(level, format, arguments);
	va_end(arguments);
}

static _Noreturn void end(int code, const char *format, va_list arguments)
{
	va_list again;
	char line[text_room];
	va_copy(again, arguments);
	log_text(3, format, arguments);
	/* write alone: stdio seeks, which the promises do not allow */
	const int size = vsnprintf(line, sizeof line - 1, format, again);
	const size_t shown = size < 0 ? 0 : (size_t)size < sizeof line - 1 ? (size_t)size : sizeof line - 2;
	line[shown] = '\n';
	va_end(again);
	if (write(STDERR_FILENO, line, shown + 1) < 0)
		_exit(code); /* the logger has the sentence */
	_exit(code);
}

_Noreturn void child_needs_person(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	end(status_exit_person, format, arguments);
}

_Noreturn void child_lacks(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	end(status_exit_absent, format, arguments);
}
