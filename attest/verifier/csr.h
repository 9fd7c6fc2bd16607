/* SPDX-License-Identifier: Apache-2.0
 * A certificate request (RFC 2986) for one order: sound key, own signature, no name and no wish beyond the order. Distrusts
 * every byte. */
#ifndef KEYWARD_CSR_H
#define KEYWARD_CSR_H

#include <openssl/evp.h>

#include "attest/verifier/csr_names.h"
#include "ca/jose/jwk.h"
#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { csr_most_octets = 16384, csr_most_spki = 1024 };

struct csr {
	size_t spki_size;
	uint8_t spki[csr_most_spki]; /* DER SubjectPublicKeyInfo, as in the request */
	uint8_t thumbprint[jwk_thumbprint_size];
};

/* csr_malformed, csr_key_weak, csr_key_is_account_key, csr_signature_wrong, csr_attribute_refused, csr_extension_refused,
 * csr_name_wrong, in this order. `order`: what it names, nothing marked. The device of the order may be left out. */
status csr_judge(struct bytes der, struct csr_names *order, EVP_PKEY *account_key, struct csr *out, struct detail *detail);

#endif
