/* SPDX-License-Identifier: Apache-2.0
 * Decides what names a certificate in RFC 9773: one spelling for each. Distrusts every byte. */
#include "ca/registrar/renewal_id.h"

#include "ca/jose/base64url.h"

static status decode(struct bytes text, struct buffer *out, size_t *size)
{
	if (is_refused(base64url_decode(text, out)) || out->size == 0)
		return REFUSE(renewal_id_malformed);
	*size = out->size;
	return OK;
}

/* Neither zero nor negative, and no octet too many (X.690 8.3.2). */
static bool is_positive(const uint8_t *content, size_t size)
{
	return content[0] != 0 ? content[0] < 0x80 : size > 1 && content[1] >= 0x80;
}

status renewal_id_parse(struct bytes text, struct renewal_id *out)
{
	struct renewal_id id = {.key_id_size = 0};
	struct buffer key_id = BUFFER(id.key_id), serial = BUFFER(id.serial);
	const uint8_t *dot = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
	if (dot == NULL)
		return REFUSE(renewal_id_malformed);
	const size_t before = (size_t)(dot - text.data);
	TRY(decode(bytes_from(text.data, before), &key_id, &id.key_id_size));
	TRY(decode(bytes_from(dot + 1, text.size - before - 1), &serial, &id.serial_size));
	if (!is_positive(id.serial, id.serial_size))
		return REFUSE(renewal_id_malformed);
	*out = id;
	return OK;
}
