/* SPDX-License-Identifier: Apache-2.0
 * The certificate of a server that answers tls-alpn-01. */
#ifndef KEYWARD_ACME_CERTIFICATE_H
#define KEYWARD_ACME_CERTIFICATE_H

#include "firmware/boundary/bytes.h"

/* What RFC 8737 3 (and RFC 8738 6 for an address) wants: self-signed; subjectAltName with the name (or address) alone; one
 * critical acmeIdentifier, which is the digest. NULL: so it is; else what it lacks, in words. */
const char *acme_certificate_judge(struct bytes der, const char *name, bool is_ip, const uint8_t digest[32]);

#endif
