/* SPDX-License-Identifier: Apache-2.0
 * Certificates of the appliance's own keys (RFC 5280): root, issuers, audit key. */
#ifndef KEYWARD_CEREMONY_CERTIFICATE_H
#define KEYWARD_CEREMONY_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

struct certificate_wish {
	const char *role, *subject;
	uint32_t days;
	EVP_PKEY *key;	      /* its public half is certified */
	EVP_PKEY *issuer_key; /* signs */
	const X509 *issuer;   /* NULL: itself */
};

/* Builds and signs; then verifies the signature and the key with software alone. NULL: one sentence was written.
 * notAfter is never past the issuer's. Owner: X509_free. */
X509 *certificate_issue(const struct certificate_wish *wish);

#endif
