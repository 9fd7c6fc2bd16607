/* SPDX-License-Identifier: Apache-2.0
 * The certificate request for a key that stays in the TPM. */
#ifndef KEYWARD_CSR_H
#define KEYWARD_CSR_H

#include "attest/enroll/tpm.h"

/* Appends the DER: CN (where it fits) and permanent identifier, signed by the key inside the TPM. */
outcome csr_build(struct tpm *tpm, const struct tpm_blob *key, const char *identifier, struct buffer *out);

#endif
