/* SPDX-License-Identifier: Apache-2.0
 * The finalize request, judged from the bytes that the account signed, so that neither listener nor registrar can put another
 * key into it. Distrusts every byte of it. */
#include <openssl/evp.h>

#include "attest/verifier/csr.h"
#include "attest/verifier/token.h"
#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

enum { request_room = 2 * 65536, csr_room = 24576, hash_size = 32 };

static void key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static bool add(struct buffer *out, struct bytes part)
{
	return buffer_add(out, part.data, part.size);
}

/* The url that a finalize request of this order has to be signed for. */
static status judge_url(const struct verifier *verifier, const struct message_finalize_judge *ask, struct bytes url)
{
	uint8_t room[512];
	struct buffer expected = BUFFER(room);
	if (!add(&expected, verifier->settings.origin) || !add(&expected, bytes_from_text("/acme/")) ||
	    !add(&expected, ask->directory) || !add(&expected, bytes_from_text("/order/")) || !add(&expected, ask->order) ||
	    !add(&expected, bytes_from_text("/finalize")))
		return REFUSE(url_wrong);
	return bytes_equal(url, buffer_view(&expected)) ? OK : REFUSE(url_wrong);
}

static status open_account(struct bytes jwk, uint8_t thumbprint[hash_size], EVP_PKEY **key)
{
	uint8_t room[jwk_canonical_room];
	struct buffer canonical = BUFFER(room);
	TRY(jwk_parse(jwk, &canonical, thumbprint, key));
	return bytes_equal(jwk, buffer_view(&canonical)) ? OK : REFUSE(public_key_bad);
}

/* Some clients pad the request against RFC 8555 6.1; it costs nothing to take it. */
static struct bytes without_padding(struct bytes text)
{
	while (text.size > 0 && text.data[text.size - 1] == '=')
		text.size--;
	return text;
}

static status read_request(const struct jws *jws, struct buffer *der)
{
	static uint8_t strings[request_room];
	struct buffer room = BUFFER(strings);
	struct json_read payload;
	struct bytes text;
	TRY(json_parse(jws->payload, &room, &payload));
	if (is_refused(json_text(&payload, "csr", &text)))
		return REFUSE(payload_malformed);
	return is_refused(base64url_decode(without_padding(text), der)) ? REFUSE(csr_malformed) : OK;
}

static status vouch(const struct verifier *verifier, const struct message_finalize_judge *ask,
		    const uint8_t thumbprint[hash_size], const struct csr *csr, struct buffer *room,
		    struct message_finalize_judged *out)
{
	struct message_finalize_judged answer = {0};
	struct message_request_voucher voucher = {
		.expires_boot_s = clock_boot_s() + verifier_voucher_life_s,
		.directory = ask->directory,
		.order = ask->order,
		.spki = bytes_from(csr->spki, csr->spki_size),
	};
	unsigned size = 0;
	const size_t at = room->size;
	memcpy(voucher.account_thumbprint, thumbprint, hash_size);
	if (EVP_Digest(csr->spki, csr->spki_size, answer.spki_hash, &size, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	TRY(voucher_seal(message_request_voucher, &voucher, verifier->settings.request_key, room));
	answer.voucher = bytes_from(room->data + at, room->size - at);
	*out = answer;
	return OK;
}

status verifier_finalize_judge(const struct verifier *verifier, const struct message_finalize_judge *ask,
			       struct buffer *room, struct message_finalize_judged *out, struct detail *detail)
{
	static uint8_t jws_octets[request_room], der_octets[csr_room];
	struct buffer jws_room = BUFFER(jws_octets), der = BUFFER(der_octets);
	__attribute__((cleanup(key_free))) EVP_PKEY *account_key = NULL;
	uint8_t thumbprint[hash_size];
	struct jws jws;
	struct csr csr;
	TRY(verifier_judge_directory(verifier, ask->directory));
	TRY(token_open_order(verifier, ask->directory, ask->order, ask->identifier_type, ask->identifier));
	TRY(open_account(ask->account_jwk, thumbprint, &account_key));
	TRY(jws_parse(ask->request, &jws_room, &jws));
	if (jws.jwk.size != 0)
		return REFUSE(jws_jwk_not_allowed);
	TRY(jws_verify(&jws, account_key));
	TRY(judge_url(verifier, ask, jws.url));
	TRY(read_request(&jws, &der));
	TRY(csr_judge(buffer_view(&der), ask->identifier, account_key, &csr, detail));
	return vouch(verifier, ask, thumbprint, &csr, room, out);
}
