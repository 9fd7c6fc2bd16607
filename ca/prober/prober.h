/* SPDX-License-Identifier: Apache-2.0
 * Whether who holds an account controls a name: one question in, one voucher out. */
#ifndef KEYWARD_PROBER_H
#define KEYWARD_PROBER_H

#include "firmware/boundary/detail.h"
#include "firmware/boundary/wire.h"

enum { prober_voucher_life_s = 1800 };

struct prober {
	struct message_prober_settings settings; /* views into a mapping that lasts */
	uint8_t configuration_hash[32];		 /* of the settings without their secret keys */
};

/* internal: the settings cannot be hashed. */
status prober_open(const struct message_prober_settings *settings, struct prober *out);

/* Checks that the token is the verifier's and for this very challenge, probes, and vouches. The answer's view points into
 * `room`. Takes up to the settings' patience. From any thread. token_forged, token_expired, challenge_unavailable for a
 * challenge that does not fit the name, and what the probes refuse (dns.h, http_01.h, tls_alpn_01.h). */
status prober_judge(const struct prober *prober, const struct message_name_probe *ask, struct buffer *room,
		    struct message_name_probed *out, struct detail *detail);

#endif
