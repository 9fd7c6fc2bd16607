/* SPDX-License-Identifier: Apache-2.0
 * The grammars of identifiers, and suffixes and ranges of names. Distrusts every octet. */
#include "firmware/boundary/identifier.h"

#include <arpa/inet.h>

#include "firmware/boundary/wire.h"

enum { dns_most = 253, label_most = 63 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Takes the digits of one arc without leading zeros off the front; 0: none, else their number. */
static size_t take_arc(struct bytes *text)
{
	size_t size = 0;
	while (size < text->size && is_digit(text->data[size]))
		size++;
	if (size > 1 && text->data[0] == '0')
		return 0;
	*text = bytes_from(text->data + size, text->size - size);
	return size;
}

static bool take_dot(struct bytes *text)
{
	if (text->size == 0 || text->data[0] != '.')
		return false;
	*text = bytes_from(text->data + 1, text->size - 1);
	return true;
}

/* 0 or 1 is followed by an arc below 40, 2 by any; one arc alone is no OID. */
static bool is_oid(struct bytes text)
{
	const struct bytes whole = text;
	if (take_arc(&text) != 1 || whole.data[0] > '2' || !take_dot(&text))
		return false;
	const uint8_t *second = text.data;
	const size_t size = take_arc(&text);
	if (size == 0 || (whole.data[0] != '2' && (size > 2 || (size == 2 && second[0] > '3'))))
		return false;
	while (text.size != 0)
		if (!take_dot(&text) || take_arc(&text) == 0)
			return false;
	return true;
}

static bool has_control_character(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return true;
	return false;
}

void identifier_split(struct bytes value, struct bytes *first, struct bytes *oid)
{
	const uint8_t *slash = value.size == 0 ? NULL : memchr(value.data, '/', value.size);
	const size_t size = slash == NULL ? value.size : (size_t)(slash - value.data);
	*first = bytes_from(value.data, size);
	*oid = slash == NULL ? bytes_from(NULL, 0) : bytes_from(slash + 1, value.size - size - 1);
}

static bool is_device_value(struct bytes value, bool needs_oid)
{
	struct bytes first, oid;
	identifier_split(value, &first, &oid);
	if (first.size == 0 || value.size > identifier_most || has_control_character(value) || !wire_is_text(value))
		return false;
	return first.size == value.size ? !needs_oid : is_oid(oid);
}

static bool is_label(struct bytes label)
{
	if (label.size == 0 || label.size > label_most || label.data[0] == '-' || label.data[label.size - 1] == '-')
		return false;
	for (size_t i = 0; i < label.size; i++)
		if (!((label.data[i] >= 'a' && label.data[i] <= 'z') || is_digit(label.data[i]) || label.data[i] == '-'))
			return false;
	return true;
}

/* A last label of digits would be read as an address. */
static bool is_number(struct bytes label)
{
	for (size_t i = 0; i < label.size; i++)
		if (!is_digit(label.data[i]))
			return false;
	return true;
}

static struct bytes without_star(struct bytes name)
{
	const bool has_star = name.size > 2 && name.data[0] == '*' && name.data[1] == '.';
	return has_star ? bytes_from(name.data + 2, name.size - 2) : name;
}

static bool is_dns(struct bytes value)
{
	struct bytes rest = without_star(value);
	if (value.size > dns_most)
		return false;
	for (;;) {
		const uint8_t *dot = rest.size == 0 ? NULL : memchr(rest.data, '.', rest.size);
		const struct bytes label = bytes_from(rest.data, dot == NULL ? rest.size : (size_t)(dot - rest.data));
		if (!is_label(label))
			return false;
		if (dot == NULL)
			return !is_number(label);
		rest = bytes_from(dot + 1, rest.size - label.size - 1);
	}
}

size_t identifier_read_address(struct bytes text, uint8_t octets[16])
{
	char literal[INET6_ADDRSTRLEN];
	if (text.size == 0 || text.size >= sizeof literal || memchr(text.data, 0, text.size) != NULL)
		return 0;
	memcpy(literal, text.data, text.size);
	literal[text.size] = 0;
	if (inet_pton(AF_INET, literal, octets) == 1)
		return 4;
	return inet_pton(AF_INET6, literal, octets) == 1 ? 16 : 0;
}

size_t identifier_address(struct bytes value, uint8_t octets[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char again[INET6_ADDRSTRLEN];
	uint8_t read[16];
	const size_t size = identifier_read_address(value, read);
	if (size == 0 || inet_ntop(size == 4 ? AF_INET : AF_INET6, read, again, sizeof again) == NULL ||
	    !bytes_equal_text(value, again) || (size == 16 && memcmp(read, mapped, sizeof mapped) == 0))
		return 0;
	memcpy(octets, read, size);
	return size;
}

bool identifier_is_device(struct bytes type)
{
	return bytes_equal_text(type, "permanent-identifier") || bytes_equal_text(type, "hardware-module");
}

bool identifier_is_wildcard(struct bytes type, struct bytes value)
{
	return bytes_equal_text(type, "dns") && value.size != 0 && value.data[0] == '*';
}

status identifier_judge(struct bytes type, struct bytes value)
{
	uint8_t octets[16];
	if (identifier_is_device(type))
		return is_device_value(value, bytes_equal_text(type, "hardware-module")) ? OK
											   : REFUSE(identifier_malformed);
	if (bytes_equal_text(type, "dns"))
		return is_dns(value) ? OK : REFUSE(identifier_malformed);
	if (bytes_equal_text(type, "ip"))
		return identifier_address(value, octets) != 0 ? OK : REFUSE(identifier_malformed);
	return REFUSE(identifier_type_unsupported);
}

bool identifier_next_word(struct bytes *words, struct bytes *word)
{
	if (words->size == 0)
		return false;
	const uint8_t *space = memchr(words->data, ' ', words->size);
	const size_t size = space == NULL ? words->size : (size_t)(space - words->data);
	const size_t used = space == NULL ? size : size + 1;
	*word = bytes_from(words->data, size);
	*words = bytes_from(words->data + used, words->size - used);
	return true;
}

bool identifier_is_among(struct bytes words, struct bytes word)
{
	struct bytes one;
	while (identifier_next_word(&words, &one))
		if (bytes_equal(one, word))
			return true;
	return false;
}

static bool is_below(struct bytes name, struct bytes suffix)
{
	if (suffix.size == 0 || name.size <= suffix.size)
		return false;
	const size_t above = name.size - suffix.size;
	return name.data[above - 1] == '.' && bytes_equal(bytes_from(name.data + above, suffix.size), suffix);
}

static bool is_in_range(const uint8_t *octets, size_t size, struct bytes range)
{
	uint8_t first[16];
	size_t bits = 0;
	struct bytes address, length;
	identifier_split(range, &address, &length);
	if (identifier_read_address(address, first) != size || length.size == 0 || length.size > 3 || !is_number(length))
		return false;
	for (size_t i = 0; i < length.size; i++)
		bits = bits * 10 + (size_t)(length.data[i] - '0');
	if (bits > 8 * size || memcmp(octets, first, bits / 8) != 0)
		return false;
	const unsigned mask = 0xff00u >> (bits % 8) & 0xff;
	return bits % 8 == 0 || ((octets[bits / 8] ^ first[bits / 8]) & mask) == 0;
}

bool identifier_is_in_ranges(struct bytes octets, struct bytes ranges)
{
	struct bytes one;
	while (identifier_next_word(&ranges, &one))
		if (is_in_range(octets.data, octets.size, one))
			return true;
	return false;
}

bool identifier_is_within(struct bytes type, struct bytes value, struct bytes dns_suffixes, struct bytes ip_ranges)
{
	struct bytes one;
	uint8_t octets[16];
	if (bytes_equal_text(type, "dns")) {
		const struct bytes name = without_star(value);
		while (identifier_next_word(&dns_suffixes, &one))
			if (bytes_equal(name, one) || is_below(name, one))
				return true;
	}
	const size_t size = bytes_equal_text(type, "ip") ? identifier_address(value, octets) : 0;
	return size != 0 && identifier_is_in_ranges(bytes_from(octets, size), ip_ranges);
}
