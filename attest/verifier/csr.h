/* SPDX-License-Identifier: Apache-2.0
 * A certificate request (RFC 2986) for one device: exactly one, signed by its own key, wishing for nothing that is not
 * granted anyway. Distrusts every byte. */
#ifndef KEYWARD_VERIFIER_CSR_H
#define KEYWARD_VERIFIER_CSR_H

#include <openssl/evp.h>

#include "attest/verifier/detail.h"
#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

struct csr {
	size_t spki_size;
	uint8_t spki[1024]; /* DER SubjectPublicKeyInfo */
};

/* csr_malformed, csr_key_weak, csr_key_is_account_key, csr_signature_wrong, csr_attribute_refused, csr_extension_refused,
 * csr_name_wrong; in this order. Names may be left out; those that are there must be the identifier, octet for octet. */
status csr_judge(struct bytes der, struct bytes identifier, EVP_PKEY *account_key, struct csr *out, struct detail *detail);

#endif
