/* SPDX-License-Identifier: Apache-2.0
 * Who proves to know a key that the administrator gave out. Distrusts every byte of the inner JWS. */
#include "ca/registrar/eab.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"
#include "ca/registrar/request.h"

status eab_add_key(struct eab_keys *keys, struct bytes record)
{
	struct message_eab_key eab;
	TRY(wire_decode(message_eab_key, record, &eab));
	if (keys->count == eab_keys_most || eab.name.size == 0)
		return REFUSE(message_malformed);
	struct buffer key = BUFFER(keys->at[keys->count].key);
	TRY(base64url_decode(eab.key, &key));
	if (key.size < eab_key_least)
		return REFUSE(public_key_weak);
	snprintf(keys->at[keys->count].name, sizeof keys->at[0].name, "%.*s", (int)eab.name.size,
		 (const char *)eab.name.data);
	keys->at[keys->count++].size = key.size;
	return OK;
}

/* The MAC comes before anything that it covers is believed. */
static status judge_mac(const struct eab_keys *keys, const struct jws *inner)
{
	if (inner->kid.size == 0)
		return REFUSE(jws_jwk_not_allowed);
	for (size_t i = 0; i < keys->count; i++)
		if (bytes_equal_text(inner->kid, keys->at[i].name))
			return jws_verify_mac(inner, bytes_from(keys->at[i].key, keys->at[i].size));
	return REFUSE(eab_key_unknown);
}

/* The payload is the jwk of the request itself. */
static status judge_payload(const struct request *request, struct bytes payload)
{
	struct key_holder bound;
	if (is_refused(keyring_take(payload, &bound)))
		return REFUSE(eab_account_wrong);
	EVP_PKEY_free(bound.key);
	return memcmp(bound.thumbprint, request->thumbprint, sizeof bound.thumbprint) == 0 ? OK
											   : REFUSE(eab_account_wrong);
}

status eab_judge(const struct eab_keys *keys, const struct request *request, struct bytes jws, struct binding_row *out)
{
	uint8_t octets[2 * sizeof out->request];
	struct buffer room = BUFFER(octets);
	struct jws inner;
	if (jws.size >= sizeof out->request)
		return REFUSE(body_too_long);
	TRY(jws_parse(jws, &room, &inner));
	TRY(judge_mac(keys, &inner));
	if (inner.nonce.size != 0)
		return REFUSE(eab_nonce);
	if (!bytes_equal(inner.url, request->url))
		return REFUSE(eab_url_wrong);
	TRY(judge_payload(request, inner.payload));
	snprintf(out->name, sizeof out->name, "%.*s", (int)inner.kid.size, (const char *)inner.kid.data);
	snprintf(out->request, sizeof out->request, "%.*s", (int)jws.size, (const char *)jws.data);
	return OK;
}
