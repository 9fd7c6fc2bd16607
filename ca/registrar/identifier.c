/* SPDX-License-Identifier: Apache-2.0
 * The grammar of a permanent-identifier and of the OID behind its slash. */
#include "ca/registrar/identifier.h"

#include <string.h>

#include "firmware/boundary/wire.h"

/* The digits of one arc without leading zeros; 0: none. */
static size_t arc_size(const char *text)
{
	const size_t size = strspn(text, "0123456789");
	return text[0] == '0' && size > 1 ? 0 : size;
}

/* 0 or 1 is followed by an arc below 40, 2 by any; one arc alone is no OID. */
static bool is_oid(const char *text)
{
	const char first = text[0];
	if (first < '0' || first > '2' || text[1] != '.')
		return false;
	const char *at = text + 2;
	size_t size = arc_size(at);
	if (size == 0 || (first != '2' && (size > 2 || (size == 2 && at[0] > '3'))))
		return false;
	for (at += size; *at == '.'; at += size) {
		size = arc_size(++at);
		if (size == 0)
			return false;
	}
	return *at == 0;
}

static bool has_control_character(const char *text)
{
	for (; *text != 0; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

status identifier_judge(const char *type, const char *value)
{
	if (strcmp(type, "permanent-identifier") != 0)
		return REFUSE(identifier_type_unsupported);
	const size_t size = strlen(value), value_size = strcspn(value, "/");
	if (value_size == 0 || size > identifier_most || has_control_character(value) ||
	    !wire_is_text(bytes_from(value, size)))
		return REFUSE(identifier_malformed);
	return value_size == size || is_oid(value + value_size + 1) ? OK : REFUSE(identifier_malformed);
}
