/* SPDX-License-Identifier: Apache-2.0
 * From a question to a voucher. Distrusts the registrar: a voucher says only what was probed just now, for a challenge
 * that the verifier made for this order. */
#include "ca/prober/prober.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "attest/token/token.h"
#include "ca/prober/dns.h"
#include "ca/prober/http_01.h"
#include "ca/prober/tls_alpn_01.h"
#include "firmware/boundary/challenge.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/identifier.h"
#include "firmware/boundary/voucher.h"

status prober_open(const struct message_prober_settings *settings, struct prober *out)
{
	uint8_t octets[4096];
	struct buffer encoded = BUFFER(octets);
	struct message_prober_settings public = *settings;
	memset(public.name_token_key, 0, sizeof public.name_token_key);
	memset(public.name_key, 0, sizeof public.name_key);
	TRY(wire_encode(message_prober_settings, &public, &encoded));
	out->settings = *settings;
	return EVP_Digest(encoded.data, encoded.size, out->configuration_hash, NULL, EVP_sha256(), NULL) == 1
		       ? OK
		       : REFUSE(internal);
}

static status judge_token(const struct prober *prober, const struct message_name_probe *ask, enum challenge *challenge)
{
	const struct token_purpose purpose = {ask->directory, ask->order, ask->identifier_type, ask->identifier,
					      ask->challenge};
	TRY(identifier_judge(ask->identifier_type, ask->identifier));
	if (!challenge_find(ask->challenge, challenge) || *challenge == challenge_device_attest_01 ||
	    !challenge_fits(*challenge, ask->identifier_type, ask->identifier))
		return REFUSE(challenge_unavailable);
	return token_open(prober->settings.name_token_key, &purpose, ask->token);
}

static status set_out(const struct prober *prober, const struct message_name_probe *ask, struct errand *out)
{
	const size_t star = identifier_is_wildcard(ask->identifier_type, ask->identifier) ? 2 : 0;
	struct buffer text = {.data = (uint8_t *)out->key_authorization, .room = sizeof out->key_authorization - 1};
	snprintf(out->name, sizeof out->name, "%.*s", (int)(ask->identifier.size - star),
		 (const char *)ask->identifier.data + star);
	snprintf(out->token, sizeof out->token, "%.*s", (int)ask->token.size, (const char *)ask->token.data);
	out->settings = &prober->settings;
	out->is_ip = bytes_equal_text(ask->identifier_type, "ip");
	out->until_ms = clock_boot_ms() + (uint64_t)prober->settings.patience_s * 1000;
	if (!token_authorize_key(ask->token, ask->account_thumbprint, &text))
		return REFUSE(internal);
	out->key_authorization[text.size] = 0;
	return EVP_Digest(text.data, text.size, out->digest, NULL, EVP_sha256(), NULL) == 1 ? OK : REFUSE(internal);
}

static status vouch(const struct prober *prober, const struct message_name_probe *ask, struct buffer *room,
		    struct message_name_probed *out)
{
	struct message_name_voucher voucher = {
		.expires_boot_s = clock_boot_s() + prober_voucher_life_s,
		.directory = ask->directory,
		.order = ask->order,
		.identifier_type = ask->identifier_type,
		.identifier = ask->identifier,
		.challenge = ask->challenge,
	};
	memcpy(voucher.account_thumbprint, ask->account_thumbprint, sizeof voucher.account_thumbprint);
	memcpy(voucher.configuration_hash, prober->configuration_hash, sizeof voucher.configuration_hash);
	TRY(voucher_seal(message_name_voucher, &voucher, prober->settings.name_key, room));
	out->voucher = buffer_view(room);
	return OK;
}

status prober_judge(const struct prober *prober, const struct message_name_probe *ask, struct buffer *room,
		    struct message_name_probed *out, struct detail *detail)
{
	static status (*const probes[challenge_count])(const struct errand *) = {
		[challenge_http_01] = http_01_probe,
		[challenge_dns_01] = dns_01_probe,
		[challenge_tls_alpn_01] = tls_alpn_01_probe,
	};
	enum challenge challenge;
	struct errand errand = {.detail = detail};
	TRY(judge_token(prober, ask, &challenge));
	TRY(set_out(prober, ask, &errand));
	TRY(probes[challenge](&errand));
	return vouch(prober, ask, room, out);
}
