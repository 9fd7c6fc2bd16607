/* SPDX-License-Identifier: Apache-2.0
 * The permanent identifier in certificates and requests (RFC 4043, draft-ietf-acme-device-attest-09 3.1). */
#ifndef KEYWARD_PERMANENT_IDENTIFIER_H
#define KEYWARD_PERMANENT_IDENTIFIER_H

#include <openssl/x509v3.h>

#include "ca/client/outcome.h"

/* GeneralNames of one otherName for "VALUE" or "VALUE/ASSIGNER-OID". NULL: not of that grammar. Owner:
 * GENERAL_NAMES_free. */
GENERAL_NAMES *permanent_identifier_build(const char *identifier);

/* Whether the certificate's alternative names hold exactly that one permanent identifier. */
bool permanent_identifier_is_in(const X509 *certificate, const char *identifier);

#endif
