/* SPDX-License-Identifier: Apache-2.0
 * The certificate that a server shows for tls-alpn-01: what is taken is one certificate and nothing behind it, and is not
 * taken for another digest, another name or an address as well. */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "ca/prober/acme_certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t digest[32] = "the digest of the corpus; not 31"; /* its 32 octets */
	uint8_t other[32];
	const struct bytes der = {data, size};
	(void)acme_certificate_judge(der, "192.0.2.1", true, digest);
	if (acme_certificate_judge(der, "a.test", false, digest) != NULL)
		return 0;
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	if (certificate == NULL || at != data + size)
		abort();
	X509_free(certificate);
	memcpy(other, digest, sizeof other);
	other[31] ^= 1;
	if (acme_certificate_judge(der, "a.test", false, other) == NULL ||
	    acme_certificate_judge(der, "b.test", false, digest) == NULL ||
	    acme_certificate_judge(der, "192.0.2.1", true, digest) == NULL)
		abort();
	return 0;
}
