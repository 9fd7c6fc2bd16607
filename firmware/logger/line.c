/* SPDX-License-Identifier: Apache-2.0
 * Makes a line that is one line on any terminal and in any viewer. Distrusts the text. */
#include "firmware/logger/line.h"

#include <stdio.h>

/* Characters that move, hide or reorder what stands beside them. */
static bool is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x0080, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e},   {0x200b, 0x200f},  {0x2028, 0x202e},
		{0x2060, 0x206f}, {0xd800, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},   {0xfff0, 0xffff},  {0xe0000, 0x10ffff},
	};
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* The character at the front and its length; length 0 when it is none, overlong or out of Unicode. */
static size_t decode(struct bytes at, uint32_t *c)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if ((at.data[0] & forms[i].mask) != forms[i].lead)
			continue;
		uint32_t value = at.data[0] & (uint8_t)~forms[i].mask;
		if (i >= at.size)
			return 0;
		for (size_t k = 1; k <= i; k++) {
			if ((at.data[k] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (at.data[k] & 0x3f);
		}
		*c = value;
		return value >= forms[i].least && value <= 0x10ffff ? i + 1 : 0;
	}
	return 0;
}

static bool is_printable(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && c != '\\' && !is_deceptive(c);
}

static void add_escaped(struct buffer *out, struct bytes octets)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < octets.size; i++) {
		const uint8_t octet = octets.data[i];
		const char escape[4] = {'\\', 'x', hex[octet >> 4], hex[octet & 15]};
		if (!buffer_add(out, escape, sizeof escape))
			return;
	}
}

static void add_text(struct buffer *out, struct bytes text)
{
	size_t at = 0;
	while (at < text.size) {
		const struct bytes rest = bytes_from(text.data + at, text.size - at);
		uint32_t c = 0;
		const size_t size = decode(rest, &c);
		if (size == 0)
			add_escaped(out, bytes_from(rest.data, 1));
		else if (!is_printable(c))
			add_escaped(out, bytes_from(rest.data, size));
		else if (!buffer_add(out, rest.data, size))
			return;
		at += size == 0 ? 1 : size;
	}
}

static const char *level_name(unsigned level)
{
	static const char *const names[] = {"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"};
	return level < sizeof names / sizeof names[0] ? names[level] : "unknown";
}

void line_build(struct timespec when, unsigned level, const char *process, struct bytes text, struct buffer *out)
{
	char lead[96], stamp[32] = "";
	struct tm utc;
	if (gmtime_r(&when.tv_sec, &utc) != NULL)
		strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(lead, sizeof lead, "%s.%03dZ %s %.32s: ", stamp, (int)(when.tv_nsec / 1000000), level_name(level), process);
	out->size = 0;
	out->room--; /* the line's end always has room */
	(void)buffer_add(out, lead, strlen(lead));
	add_text(out, text);
	out->room++;
	(void)buffer_add(out, "\n", 1);
}
