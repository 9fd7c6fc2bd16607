/* SPDX-License-Identifier: Apache-2.0
 * Reads the key that opens an account, and uses it. */
#include "attest/enroll/binding.h"

#include <openssl/crypto.h>

#include "ca/client/key_file.h"
#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"

static bool is_space(uint8_t c)
{
	return c == '\n' || c == '\r' || c == ' ';
}

outcome binding_load(const char *kid, const char *file, struct binding *out)
{
	uint8_t octets[256];
	struct buffer text = BUFFER(octets), key = BUFFER(out->key);
	*out = (struct binding){.kid = file == NULL ? NULL : kid};
	if (file == NULL)
		return DONE;
	STEP(key_file_load(file, true, &text));
	while (text.size > 0 && is_space(octets[text.size - 1]))
		text.size--;
	const status read = base64url_decode(buffer_view(&text), &key);
	OPENSSL_cleanse(octets, sizeof octets);
	if (is_refused(read) || key.size < binding_key_least)
		return outcome_fail(exit_other, "%s is not %d to %d octets in base64url", file, binding_key_least, binding_key_most);
	out->key_size = key.size;
	return DONE;
}

bool binding_write(const struct binding *binding, EVP_PKEY *account, const char *url, struct buffer *out)
{
	uint8_t octets[jwk_canonical_room];
	struct buffer jwk = BUFFER(octets);
	const struct jws_header header = {.url = bytes_from_text(url), .kid = bytes_from_text(binding->kid)};
	return !is_refused(jwk_build(account, &jwk)) &&
	       !is_refused(jws_build_mac(bytes_from(binding->key, binding->key_size), &header, buffer_view(&jwk), out));
}
