/* SPDX-License-Identifier: Apache-2.0
 * Real requests by the clients' side of ca/jose, and bodies that no such client would send. */
#include "tests/registrar/bench_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"
#include "firmware/boundary/wire.h"

void sign_request(EVP_PKEY *key, const char *kid, const char *nonce, const char *url, const char *payload,
		  struct buffer *out)
{
	const struct jws_header header = {
	    .nonce = bytes_from_text(nonce), .url = bytes_from_text(url), .kid = bytes_from_text(kid)};
	assert_false(is_refused(jws_build(key, &header, bytes_from_text(payload), out)));
}

static void add_text(struct buffer *out, const char *text)
{
	assert_true(buffer_add(out, text, strlen(text)));
}

void sign_raw(const char *protected_header, const char *payload, const char *signature, struct buffer *out)
{
	add_text(out, "{\"protected\":\"");
	assert_true(base64url_encode(bytes_from_text(protected_header), out));
	add_text(out, "\",\"payload\":\"");
	assert_true(base64url_encode(bytes_from_text(payload), out));
	add_text(out, "\",\"signature\":\"");
	add_text(out, signature);
	add_text(out, "\"}");
}

void sign_jwk(EVP_PKEY *key, char out[1025])
{
	struct buffer jwk = {.data = (uint8_t *)out, .room = 1024};
	assert_false(is_refused(jwk_build(key, &jwk)));
	out[jwk.size] = 0;
}

void sign_record(EVP_PKEY *key, const char *name, const char *role, struct buffer *out)
{
	char jwk[1025];
	sign_jwk(key, jwk);
	const struct message_administrator record = {
	    .name = bytes_from_text(name), .role = bytes_from_text(role), .jwk = bytes_from_text(jwk)};
	assert_false(is_refused(wire_encode(message_administrator, &record, out)));
}
