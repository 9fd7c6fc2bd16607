/* SPDX-License-Identifier: Apache-2.0
 * spki_parse on any bytes: what it takes, OpenSSL's decoder takes too and encodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "pkcs11/signer/spki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spki spki;
	unsigned char *again = NULL;
	const unsigned char *at = data;
	if (is_refused(spki_parse(bytes_from(data, size), &spki)))
		return 0;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)size);
	if (key == NULL || at != data + size || (unsigned)EVP_PKEY_get_bits(key) != spki.bits)
		abort();
	const int encoded = i2d_PUBKEY(key, &again);
	if (encoded < 0 || (size_t)encoded != size || memcmp(again, data, size) != 0)
		abort();
	OPENSSL_free(again);
	EVP_PKEY_free(key);
	return 0;
}
