/* SPDX-License-Identifier: Apache-2.0
 * Certificates of EKs and AKs: what parses is exactly one certificate in DER, and its names end within their rooms. */
#include <stdlib.h>

#include "attest/verifier/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate_names names;
	uint8_t hash[32];
	OWNED_CERTIFICATE certificate = certificate_parse(bytes_from(data, size));
	if (certificate == NULL)
		return 0;
	if (i2d_X509(certificate, NULL) != (int)size)
		abort();
	if (certificate_names_read(certificate, &names) &&
	    (strlen(names.model) >= sizeof names.model ||
	     strlen(names.permanent_identifier) >= sizeof names.permanent_identifier))
		abort();
	(void)certificate_has_usage(certificate, "2.23.133.8.3");
	(void)certificate_spki_hash(certificate, hash);
	return 0;
}
