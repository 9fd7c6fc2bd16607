/* SPDX-License-Identifier: Apache-2.0
 * Lines of 64 characters between two labels; OpenSSL encodes each line. */
#include "ca/registrar/pem.h"

#include <openssl/evp.h>

enum { octets_a_line = 48 };

static bool add_lines(struct bytes der, struct buffer *out)
{
	uint8_t line[66];
	for (size_t at = 0; at < der.size; at += octets_a_line) {
		size_t size = der.size - at < octets_a_line ? der.size - at : octets_a_line;
		int written = EVP_EncodeBlock(line, der.data + at, (int)size);
		if (written <= 0 || !buffer_add(out, line, (size_t)written) || !buffer_add(out, "\n", 1))
			return false;
	}
	return true;
}

bool pem_add_certificate(struct bytes der, struct buffer *out)
{
	static const char head[] = "-----BEGIN CERTIFICATE-----\n", foot[] = "-----END CERTIFICATE-----\n";
	const size_t before = out->size;
	if (buffer_add(out, head, sizeof head - 1) && add_lines(der, out) && buffer_add(out, foot, sizeof foot - 1))
		return true;
	out->size = before;
	return false;
}
