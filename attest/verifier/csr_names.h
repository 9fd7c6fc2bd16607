/* SPDX-License-Identifier: Apache-2.0
 * The names in a certificate request against those of its order (RFC 8555 7.4, draft-ietf-acme-device-attest-09 3.1):
 * no other name, none twice, and all but the device's. Distrusts every name. */
#ifndef KEYWARD_CSR_NAMES_H
#define KEYWARD_CSR_NAMES_H

#include <openssl/x509v3.h>

#include "firmware/boundary/detail.h"
#include "firmware/boundary/identifier.h"
#include "firmware/boundary/wire.h"

struct csr_names {
	struct message_identifier at[identifiers_most]; /* of the order */
	size_t count;
	struct bytes certified; /* what the certificate calls the device in the place of its identifier; empty: that */
	bool is_named[identifiers_most], is_subject[identifiers_most]; /* alternative name, common name */
};

/* Marks the identifier that an alternative name is, or is certified as; csr_name_wrong: none, or marked already. */
status csr_names_take(struct csr_names *names, const GENERAL_NAME *name);
/* The same for a common name. */
status csr_names_take_subject(struct csr_names *names, struct bytes common_name);
/* csr_name_wrong: a DNS name or an address of the order was in neither. */
status csr_names_judge(const struct csr_names *names, struct detail *detail);

#endif
