/* SPDX-License-Identifier: Apache-2.0
 * Writes DER front to back, moving content when its length takes more octets; reads strictly. */
#include "pkcs11/signer/der.h"

void der_add(struct der *der, struct bytes raw)
{
	if (!der->is_full && !buffer_add(der->out, raw.data, raw.size))
		der->is_full = true;
}

size_t der_open(struct der *der, uint8_t tag)
{
	der_add(der, bytes_from(&tag, 1));
	return der->out->size;
}

/* The length octets of X.690 8.1.3; how many there are. */
static size_t length_octets(size_t size, uint8_t octets[3])
{
	if (size < 0x80) {
		octets[0] = (uint8_t)size;
		return 1;
	}
	if (size < 0x100) {
		octets[0] = 0x81;
		octets[1] = (uint8_t)size;
		return 2;
	}
	octets[0] = 0x82;
	octets[1] = (uint8_t)(size >> 8);
	octets[2] = (uint8_t)size;
	return 3;
}

void der_close(struct der *der, size_t mark)
{
	struct buffer *out = der->out;
	uint8_t octets[3];
	if (der->is_full)
		return;
	const size_t size = out->size - mark;
	const size_t count = length_octets(size, octets);
	if (size > 0xffff || out->room - out->size < count) {
		der->is_full = true;
		return;
	}
	memmove(out->data + mark + count, out->data + mark, size);
	memcpy(out->data + mark, octets, count);
	out->size += count;
}

void der_put(struct der *der, uint8_t tag, struct bytes content)
{
	const size_t mark = der_open(der, tag);
	der_add(der, content);
	der_close(der, mark);
}

bool der_take(struct bytes *in, uint8_t tag, struct bytes *content)
{
	if (in->size < 2 || in->data[0] != tag)
		return false;
	size_t size = in->data[1], header = 2;
	if (size == 0x81 || size == 0x82) {
		header += size - 0x80;
		if (in->size < header)
			return false;
		size = header == 3 ? in->data[2] : (size_t)in->data[2] << 8 | in->data[3];
		if (size < (header == 3 ? 0x80U : 0x100U))
			return false;
	} else if (size >= 0x80) {
		return false;
	}
	if (in->size - header < size)
		return false;
	*content = bytes_from(in->data + header, size);
	*in = bytes_from(in->data + header + size, in->size - header - size);
	return true;
}
