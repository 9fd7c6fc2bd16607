/* SPDX-License-Identifier: Apache-2.0
 * Verifies by the digest: naming a hash to OpenSSL makes it look through all that it has for each signature. Distrusts the
 * numbers. */
#include "ca/jose/ecdsa.h"

#include <openssl/ec.h>
#include <openssl/err.h>

enum { der_room = 160 };

/* r and s as the DER that OpenSSL takes; 0: they cannot be. */
static size_t write_der(struct bytes r, struct bytes s, uint8_t out[der_room])
{
	int size = 0;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *first = BN_bin2bn(r.data, (int)r.size, NULL), *second = BN_bin2bn(s.data, (int)s.size, NULL);
	if (pair != NULL && first != NULL && second != NULL && ECDSA_SIG_set0(pair, first, second) == 1) {
		first = second = NULL;
		size = i2d_ECDSA_SIG(pair, NULL);
		size = size > 0 && size <= der_room ? i2d_ECDSA_SIG(pair, &out) : 0;
	}
	BN_free(first);
	BN_free(second);
	ECDSA_SIG_free(pair);
	return size > 0 ? (size_t)size : 0;
}

bool ecdsa_verify(EVP_PKEY *key, struct bytes r, struct bytes s, struct bytes digest)
{
	uint8_t der[der_room];
	const size_t size = write_der(r, s, der);
	EVP_PKEY_CTX *context = size == 0 ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	const bool is_right = context != NULL && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_verify_init(context) == 1 &&
			      EVP_PKEY_verify(context, der, size, digest.data, digest.size) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return is_right;
}
