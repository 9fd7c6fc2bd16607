/* SPDX-License-Identifier: Apache-2.0
 * Status lists and CRLs, and a serial looked up in what was read. */
#include <stdlib.h>

#include "attest/verifier/revocation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct revocation_list list;
	const struct bytes file = bytes_from(data, size);
	if (revocation_read(file, &list) != NULL)
		return 0;
	for (size_t i = 0; i < list.serials.count; i++)
		if (!status_list_has(&list.serials, BYTES_OF(list.serials.at[i].octets)))
			abort();
	revocation_free(&list);
	return 0;
}
