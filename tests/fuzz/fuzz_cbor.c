/* SPDX-License-Identifier: Apache-2.0
 * Attestation objects: whatever parses lies within the input. */
#include <stdlib.h>

#include "attest/verifier/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cbor cbor;
	if (is_refused(cbor_parse(bytes_from(data, size), &cbor)))
		return 0;
	if (cbor.count == 0 || cbor.count > cbor_most_items)
		abort();
	for (size_t i = 0; i < cbor.count; i++) {
		const struct cbor_item *item = &cbor.items[i];
		if (item->next <= i || item->next > cbor.count)
			abort();
		if ((item->kind == cbor_octets || item->kind == cbor_text) && item->octets.size != 0 &&
		    (item->octets.data < data || item->octets.data + item->octets.size > data + size))
			abort();
	}
	if (cbor_member(&cbor, 0, "attStmt") >= cbor.count)
		abort();
	return 0;
}
