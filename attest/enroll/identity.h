/* SPDX-License-Identifier: Apache-2.0
 * A key of the TPM and its certificate chain in one PEM file, so that they can never disagree: the key as "TSS2 PRIVATE
 * KEY", which the OpenSSL providers for TPMs read. Distrusts the file. */
#ifndef KEYWARD_IDENTITY_H
#define KEYWARD_IDENTITY_H

#include "attest/enroll/chain.h"
#include "attest/enroll/tpm.h"

struct identity {
	struct tpm_blob key;
	STACK_OF(X509) * chain; /* NULL: none yet */
};

/* *is_there says whether the file is; exit_other when it is and holds no identity. Owner: identity_clear. */
outcome identity_load(const char *path, bool *is_there, struct identity *out);
outcome identity_store(const char *path, const struct identity *identity);
void identity_clear(struct identity *identity);

#endif
