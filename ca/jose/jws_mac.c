/* SPDX-License-Identifier: Apache-2.0
 * MACs (RFC 7518 3.2) have a function of their own: no request that should bear a signature can pass by one, least of all
 * with a public key as its secret. Distrusts every byte. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ca/jose/jws.h"

enum { input_most = 8192 };

static const EVP_MD *digest_of(struct bytes algorithm)
{
	return bytes_equal_text(algorithm, "HS256")   ? EVP_sha256()
	       : bytes_equal_text(algorithm, "HS384") ? EVP_sha384()
	       : bytes_equal_text(algorithm, "HS512") ? EVP_sha512()
						      : NULL;
}

status jws_verify_mac(const struct jws *jws, struct bytes key)
{
	uint8_t text[input_most], mac[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	struct buffer input = BUFFER(text);
	const EVP_MD *digest = digest_of(jws->algorithm);
	if (digest == NULL)
		return REFUSE(eab_algorithm_wrong);
	if (!buffer_add(&input, jws->protected_text.data, jws->protected_text.size) || !buffer_add(&input, ".", 1) ||
	    !buffer_add(&input, jws->payload_text.data, jws->payload_text.size))
		return REFUSE(body_too_long);
	if (HMAC(digest, key.data, (int)key.size, input.data, input.size, mac, &size) == NULL)
		return REFUSE(internal);
	return jws->signature.size == size && CRYPTO_memcmp(jws->signature.data, mac, size) == 0 ? OK
												 : REFUSE(eab_mac_wrong);
}
