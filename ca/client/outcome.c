/* SPDX-License-Identifier: Apache-2.0
 * The sentences of the client programs, escaped as a whole. Distrusts what they quote. */
#include "ca/client/outcome.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static void print_escaped(struct bytes text, FILE *to)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] >= 0x20 && text.data[i] <= 0x7e)
			(void)fputc(text.data[i], to);
		else
			(void)fprintf(to, "\\x%02x", text.data[i]);
	}
}

static void say(const char *format, va_list values) __attribute__((format(printf, 1, 0)));
static void say(const char *format, va_list values)
{
	char sentence[2048];
	if (vsnprintf(sentence, sizeof sentence, format, values) < 0)
		return;
	print_escaped(bytes_from_text(program_invocation_short_name), stderr);
	(void)fputs(": ", stderr);
	print_escaped(bytes_from_text(sentence), stderr);
	(void)fputc('\n', stderr);
}

outcome outcome_fail(enum exit_code code, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	say(format, values);
	va_end(values);
	return (outcome){code};
}

void outcome_note(const char *format, ...)
{
	va_list values;
	va_start(values, format);
	say(format, values);
	va_end(values);
}

void outcome_print(struct bytes text)
{
	print_escaped(text, stdout);
}
