/* SPDX-License-Identifier: Apache-2.0
 * Reads a list that an administrator got from elsewhere. Distrusts every byte. */
#include "attest/verifier/status_list.h"

#include <openssl/bn.h>
#include <stdlib.h>

#include "ca/jose/json.h"

enum { first_room = 64, longest_spelling = 64 };

static int compare(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(struct status_list_serial));
}

/* Twice as much room whenever the count is a power of two. */
static bool add(const struct status_list_serial *serial, struct status_list *to)
{
	const bool is_full = to->count == 0 || (to->count >= first_room && (to->count & (to->count - 1)) == 0);
	if (is_full) {
		const size_t room = to->count == 0 ? first_room : 2 * to->count;
		struct status_list_serial *more = reallocarray(to->at, room, sizeof *more);
		if (more == NULL)
			return false;
		to->at = more;
	}
	to->at[to->count++] = *serial;
	return true;
}

/* A number that is longer than a serial can be is none. */
static bool add_number(const BIGNUM *number, struct status_list *to)
{
	struct status_list_serial serial;
	return BN_bn2binpad(number, serial.octets, sizeof serial.octets) < 0 || add(&serial, to);
}

static bool add_spelling(struct bytes text, struct status_list *to)
{
	char digits[longest_spelling + 1];
	BIGNUM *number = NULL;
	if (text.size == 0 || text.size > longest_spelling)
		return false;
	memcpy(digits, text.data, text.size);
	digits[text.size] = 0;
	if (strspn(digits, "0123456789abcdefABCDEF") != text.size)
		return false;
	bool is_added = BN_hex2bn(&number, digits) > 0 && add_number(number, to);
	if (is_added && strspn(digits, "0123456789") == text.size)
		is_added = BN_dec2bn(&number, digits) > 0 && add_number(number, to);
	BN_free(number);
	return is_added;
}

static bool has_status(struct bytes entry)
{
	uint8_t octets[1024];
	struct buffer room = BUFFER(octets);
	struct json_read read;
	struct bytes said;
	return !is_refused(json_parse(entry, &room, &read)) && !is_refused(json_text(&read, "status", &said));
}

static bool add_entries(struct bytes rest, struct status_list *to)
{
	struct json_member entry;
	for (;;) {
		if (is_refused(json_next(&rest, &entry)))
			return false;
		if (entry.kind == json_absent)
			return true;
		if (entry.kind != json_object || !has_status(entry.value) || !add_spelling(entry.name, to))
			return false;
	}
}

bool status_list_parse(struct bytes text, struct status_list *out)
{
	struct status_list list = {.at = NULL};
	uint8_t octets[1024];
	struct buffer room = BUFFER(octets);
	struct json_read read;
	if (is_refused(json_parse(text, &room, &read)))
		return false;
	const struct json_member *entries = json_find(&read, "entries");
	if (entries == NULL || entries->kind != json_object || !add_entries(entries->value, &list)) {
		status_list_free(&list);
		return false;
	}
	if (list.count > 1)
		qsort(list.at, list.count, sizeof *list.at, compare);
	*out = list;
	return true;
}

void status_list_free(struct status_list *list)
{
	free(list->at);
	*list = (struct status_list){.at = NULL};
}

bool status_list_has(const struct status_list *list, struct bytes serial)
{
	struct status_list_serial wanted = {{0}};
	while (serial.size > 0 && serial.data[0] == 0)
		serial = bytes_from(serial.data + 1, serial.size - 1);
	if (serial.size > sizeof wanted.octets || list->count == 0)
		return false;
	if (serial.size > 0)
		memcpy(wanted.octets + sizeof wanted.octets - serial.size, serial.data, serial.size);
	return bsearch(&wanted, list->at, list->count, sizeof *list->at, compare) != NULL;
}
