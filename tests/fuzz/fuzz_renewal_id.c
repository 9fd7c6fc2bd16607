/* SPDX-License-Identifier: Apache-2.0
 * The name of a certificate in a URL that anybody may ask for: what is read spells the same text again. */
#include <stdlib.h>
#include <string.h>

#include "ca/jose/base64url.h"
#include "ca/registrar/renewal_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct renewal_id id;
	uint8_t text[renewal_id_text_most];
	struct buffer again = BUFFER(text);
	if (is_refused(renewal_id_parse(bytes_from(data, size), &id)))
		return 0;
	if (!base64url_encode(bytes_from(id.key_id, id.key_id_size), &again) || !buffer_add(&again, ".", 1) ||
	    !base64url_encode(bytes_from(id.serial, id.serial_size), &again) || again.size != size ||
	    memcmp(text, data, size) != 0 || id.serial[0] >= 0x80)
		abort();
	return 0;
}
