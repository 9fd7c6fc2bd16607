/* SPDX-License-Identifier: Apache-2.0
 * The table of challenges and what each can prove. */
#include "firmware/boundary/challenge.h"

#include "firmware/boundary/identifier.h"

static const char *const names[challenge_count] = {
	[challenge_device_attest_01] = "device-attest-01",
	[challenge_http_01] = "http-01",
	[challenge_dns_01] = "dns-01",
	[challenge_tls_alpn_01] = "tls-alpn-01",
};

const char *challenge_name(enum challenge challenge)
{
	return names[challenge];
}

bool challenge_find(struct bytes name, enum challenge *out)
{
	for (enum challenge i = 0; i < challenge_count; i++) {
		if (!bytes_equal_text(name, names[i]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

bool challenge_fits(enum challenge challenge, struct bytes identifier_type, struct bytes identifier)
{
	if (identifier_is_device(identifier_type))
		return challenge == challenge_device_attest_01;
	if (identifier_is_wildcard(identifier_type, identifier))
		return challenge == challenge_dns_01;
	if (bytes_equal_text(identifier_type, "ip"))
		return challenge == challenge_http_01 || challenge == challenge_tls_alpn_01;
	return bytes_equal_text(identifier_type, "dns") && challenge != challenge_device_attest_01;
}
