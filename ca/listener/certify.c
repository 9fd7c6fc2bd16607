/* SPDX-License-Identifier: Apache-2.0
 * One key, one certificate. The signer alone decides on the name in it. */
#include "ca/listener/certify.h"

#include "ca/listener/tls_identity.h"
#include "firmware/boundary/clock.h"

enum { patience_ms = 8000, least_renewal_s = 60 };

status certify_once(struct link *signer, uint64_t *renew_after_s)
{
	static uint8_t packet[wire_packet_room];
	struct buffer room = BUFFER(packet);
	uint8_t spki_room[512];
	struct buffer spki = BUFFER(spki_room);
	struct tls_key *key;
	struct message_tls_certified certified;
	TRY(tls_key_new(&key, &spki));
	const struct message_tls_certify request = {.spki = buffer_view(&spki)};
	const struct call call = {
		.id = message_tls_certify,
		.request = &request,
		.patience_ms = patience_ms,
		.is_repeatable = true,
	};
	const status asked = link_call(signer, &call, &room, &certified);
	if (is_refused(asked)) {
		tls_key_free(key);
		return asked;
	}
	TRY(tls_identity_install(key, &certified));
	const uint64_t now = clock_wall_s();
	const uint64_t life = certified.not_after_s > now ? certified.not_after_s - now : 0;
	const uint64_t wait = life / 3 * 2;
	*renew_after_s = wait > least_renewal_s ? wait : least_renewal_s;
	return OK;
}
