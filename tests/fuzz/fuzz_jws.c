/* SPDX-License-Identifier: Apache-2.0
 * A signed request as the listener passes it on: parsed in the room that its contract names, its key taken, its
 * signature or MAC judged. */
#include <stdlib.h>

#include "ca/jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *octets = malloc(2 * size + 1), form[jwk_canonical_room], thumbprint[jwk_thumbprint_size];
	struct buffer room = {.data = octets, .room = 2 * size}, canonical = BUFFER(form);
	struct jws jws = {0};
	EVP_PKEY *key = NULL;
	if (octets == NULL)
		abort();
	if (!is_refused(jws_parse(bytes_from(data, size), &room, &jws))) {
		if ((jws.jwk.size > 0) == (jws.kid.size > 0) || jws.url.size == 0 || jws.algorithm.size == 0)
			abort();
		if (jws.jwk.size > 0 && !is_refused(jwk_parse(jws.jwk, &canonical, thumbprint, &key)) &&
		    !is_refused(jws_verify(&jws, key)) && jws.signature.size == 0)
			abort();
	}
	static const uint8_t secret[32];
	if (jws.kid.size > 0 && !is_refused(jws_verify_mac(&jws, bytes_from(secret, sizeof secret))) && jws.signature.size < 32)
		abort();
	EVP_PKEY_free(key);
	free(octets);
	return 0;
}
