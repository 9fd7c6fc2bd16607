/* SPDX-License-Identifier: Apache-2.0
 * Which challenges prove which identifiers. */
#ifndef KEYWARD_CHALLENGE_H
#define KEYWARD_CHALLENGE_H

#include "firmware/boundary/bytes.h"

/* In this sequence they are listed; a number is stored and never given anew. */
enum challenge {
	challenge_device_attest_01,
	challenge_http_01,
	challenge_dns_01,
	challenge_tls_alpn_01,
	challenge_count
};
enum { challenge_most = 3 }; /* of one identifier */

const char *challenge_name(enum challenge challenge);
/* False: there is no such challenge. */
bool challenge_find(struct bytes name, enum challenge *out);

/* device-attest-01 for devices alone; a wildcard by dns-01 alone (RFC 8555 7.1.3); an ip not by dns-01 (RFC 8738 7). */
bool challenge_fits(enum challenge challenge, struct bytes identifier_type, struct bytes identifier);

#endif
