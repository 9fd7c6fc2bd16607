/* SPDX-License-Identifier: Apache-2.0
 * TPMS_ATTEST, TPMT_PUBLIC and TPMT_SIGNATURE: the first octet chooses, the rest is the structure; keys of public areas are opened. */
#include <stdlib.h>

#include "attest/verifier/tpm_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_key(struct bytes area)
{
	struct tpm_public public;
	struct tpm_octets name;
	if (is_refused(tpm_public_parse(area, &public)))
		return;
	(void)tpm_key_name(&public, area, &name);
	EVP_PKEY_free(tpm_key_open(&public));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm_attest attest;
	struct tpm_signature signature;
	if (size == 0)
		return 0;
	const struct bytes rest = bytes_from(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		if (!is_refused(tpm_attest_parse(rest, &attest)) && attest.extra_data.size > sizeof attest.extra_data.data)
			abort();
		break;
	case 1:
		open_key(rest);
		break;
	default:
		if (!is_refused(tpm_signature_parse(rest, &signature)) && signature.first.size > sizeof signature.first.data)
			abort();
		break;
	}
	return 0;
}
