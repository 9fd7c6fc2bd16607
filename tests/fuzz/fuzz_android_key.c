/* SPDX-License-Identifier: Apache-2.0
 * Android's key description and the reader of DER below it. */
#include <stdlib.h>

#include "attest/verifier/android_key.h"
#include "attest/verifier/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct android_key key;
	struct bytes rest = bytes_from(data, size), content;
	uint32_t tag = 0;
	while (der_next(&rest, &tag, &content))
		if (content.data + content.size != rest.data)
			abort();
	if (!android_key_read(bytes_from(data, size), &key))
		return 0;
	if (memchr(key.serial, 0, sizeof key.serial) == NULL || memchr(key.manufacturer, 0, sizeof key.manufacturer) == NULL ||
	    memchr(key.model, 0, sizeof key.model) == NULL ||
	    (key.challenge.size != 0 && (key.challenge.data < data || key.challenge.data + key.challenge.size > data + size)))
		abort();
	return 0;
}
