/* SPDX-License-Identifier: Apache-2.0
 * Compares kid and url octet for octet, and verifies. Distrusts every byte of the request. */
#include "attest/verifier/administrator.h"

enum { longest_url = 256 + 64 + 64 };

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* text == origin || path || rest */
static bool is_url(struct bytes text, struct bytes origin, const char *path, struct bytes rest)
{
	uint8_t expected_room[longest_url];
	struct buffer expected = BUFFER(expected_room);
	return buffer_add(&expected, origin.data, origin.size) && buffer_add(&expected, path, strlen(path)) &&
	       buffer_add(&expected, rest.data, rest.size) && bytes_equal(text, buffer_view(&expected));
}

static bool is_signed_by(const struct jws *jws, const struct message_administrator *administrator)
{
	uint8_t canonical_room[jwk_canonical_room], thumbprint[jwk_thumbprint_size];
	struct buffer canonical = BUFFER(canonical_room);
	__attribute__((cleanup(free_key))) EVP_PKEY *key = NULL;
	return !is_refused(jwk_parse(administrator->jwk, &canonical, thumbprint, &key)) && !is_refused(jws_verify(jws, key));
}

bool administrator_is_ours(const struct message_verifier_settings *settings, const struct jws *jws)
{
	static const char path[] = "/admin/administrator/";
	const size_t size = settings->origin.size, prefix = size + sizeof path - 1;
	return jws->kid.size > prefix && memcmp(jws->kid.data, settings->origin.data, size) == 0 &&
	       memcmp(jws->kid.data + size, path, sizeof path - 1) == 0;
}

bool administrator_signed(const struct message_verifier_settings *settings, const struct jws *jws, struct bytes *name)
{
	for (size_t i = 0; i < settings->administrators.count; i++) {
		struct message_administrator one;
		if (is_refused(wire_decode(message_administrator, settings->administrators.at[i], &one)) ||
		    !is_url(jws->kid, settings->origin, "/admin/administrator/", one.name))
			continue;
		*name = one.name;
		return bytes_equal_text(one.role, "administrator") && is_signed_by(jws, &one);
	}
	return false;
}

bool administrator_meant(const struct message_verifier_settings *settings, const struct jws *jws, const char *path)
{
	return is_url(jws->url, settings->origin, path, bytes_from(NULL, 0));
}
