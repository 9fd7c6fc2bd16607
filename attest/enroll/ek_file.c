/* SPDX-License-Identifier: Apache-2.0
 * Reads one certificate. Distrusts the file: whose it is, the TPM says by making its key. */
#include "attest/enroll/ek_file.h"

#include <openssl/pem.h>

#include "ca/client/key_file.h"

static X509 *read_certificate(struct bytes file)
{
	const unsigned char *at = file.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)file.size);
	if (certificate != NULL)
		return certificate;
	BIO *text = BIO_new_mem_buf(file.data, (int)file.size);
	certificate = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	return certificate;
}

outcome ek_file_load(const char *path, struct buffer *der)
{
	uint8_t text[key_file_room];
	struct buffer file = BUFFER(text);
	unsigned char *encoded = NULL;
	STEP(key_file_load(path, false, &file));
	X509 *certificate = read_certificate(buffer_view(&file));
	const int size = certificate == NULL ? 0 : i2d_X509(certificate, &encoded);
	const bool is_added = size > 0 && buffer_add(der, encoded, (size_t)size);
	OPENSSL_free(encoded);
	X509_free(certificate);
	return is_added ? DONE : outcome_fail(exit_other, "%s holds no certificate in DER or PEM, or one of over %zu octets", path, der->room);
}
