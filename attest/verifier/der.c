/* SPDX-License-Identifier: Apache-2.0
 * Reads DER. Distrusts every byte. */
#include "attest/verifier/der.h"

enum { high_number = 0x1f, form_and_class = 0xe0, most_length_octets = 3, most_number_octets = 8 };

static bool take_octet(struct bytes *in, uint8_t *out)
{
	if (in->size == 0)
		return false;
	*out = in->data[0];
	*in = bytes_from(in->data + 1, in->size - 1);
	return true;
}

/* Numbers up to 14 bits; in the shortest form. */
static bool take_tag(struct bytes *in, uint32_t *out)
{
	uint8_t first = 0, high = 0, low = 0;
	if (!take_octet(in, &first))
		return false;
	if ((first & high_number) != high_number) {
		*out = ((uint32_t)(first & form_and_class) << 24) | (first & high_number);
		return true;
	}
	if (!take_octet(in, &low))
		return false;
	if (low >= 0x80) {
		high = low & 0x7f;
		if (high == 0 || !take_octet(in, &low) || low >= 0x80)
			return false;
	}
	const uint32_t number = ((uint32_t)high << 7) | low;
	*out = ((uint32_t)(first & form_and_class) << 24) | number;
	return number >= high_number;
}

static bool take_length(struct bytes *in, size_t *out)
{
	uint8_t first = 0, octet = 0;
	size_t length = 0;
	if (!take_octet(in, &first))
		return false;
	if (first < 0x80) {
		*out = first;
		return true;
	}
	const unsigned count = first & 0x7f;
	if (count == 0 || count > most_length_octets)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (!take_octet(in, &octet) || (i == 0 && octet == 0))
			return false;
		length = length << 8 | octet;
	}
	*out = length;
	return length >= 0x80;
}

bool der_next(struct bytes *in, uint32_t *tag, struct bytes *content)
{
	struct bytes rest = *in;
	uint32_t found = 0;
	size_t length = 0;
	if (!take_tag(&rest, &found) || !take_length(&rest, &length) || length > rest.size)
		return false;
	*tag = found;
	*content = bytes_from(rest.data, length);
	*in = bytes_from(rest.data + length, rest.size - length);
	return true;
}

bool der_expect(struct bytes *in, uint32_t tag, struct bytes *content)
{
	uint32_t found = 0;
	return der_next(in, &found, content) && found == tag;
}

bool der_number(struct bytes *in, uint32_t tag, uint64_t *out)
{
	struct bytes content;
	uint64_t number = 0;
	if (!der_expect(in, tag, &content) || content.size == 0 || content.size > most_number_octets || content.data[0] >= 0x80 ||
	    (content.size > 1 && content.data[0] == 0 && content.data[1] < 0x80))
		return false;
	for (size_t i = 0; i < content.size; i++)
		number = number << 8 | content.data[i];
	*out = number;
	return true;
}
