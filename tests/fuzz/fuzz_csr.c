/* SPDX-License-Identifier: Apache-2.0
 * A certificate request as an account sends it. Whatever is accepted has a public key of its own that reads back from its
 * SubjectPublicKeyInfo, and the same octets with one more behind are refused. */
#include <stdlib.h>

#include <openssl/x509.h>

#include "attest/verifier/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *account;
	const struct csr_names order = {.at = {{bytes_from_text("permanent-identifier"), bytes_from_text("device-7")},
					       {bytes_from_text("hardware-module"), bytes_from_text("7/1.2.3")},
					       {bytes_from_text("dns"), bytes_from_text("device-7.example")},
					       {bytes_from_text("ip"), bytes_from_text("192.0.2.7")}},
					.count = size % 2 == 0 ? 2 : 4};
	struct csr_names names = order;
	struct csr csr;
	struct detail detail = {{0}};
	uint8_t *longer = malloc(size + 1);
	if (account == NULL)
		account = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (longer == NULL || account == NULL)
		abort();
	if (!is_refused(csr_judge(bytes_from(data, size), &names, account, &csr, &detail))) {
		const uint8_t *at = csr.spki;
		EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)csr.spki_size);
		if (key == NULL || at != csr.spki + csr.spki_size)
			abort();
		EVP_PKEY_free(key);
		memcpy(longer, data, size);
		longer[size] = 0;
		names = order;
		if (!is_refused(csr_judge(bytes_from(longer, size + 1), &names, account, &csr, NULL)))
			abort();
	}
	free(longer);
	return 0;
}
