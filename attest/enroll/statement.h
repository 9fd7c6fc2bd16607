/* SPDX-License-Identifier: Apache-2.0
 * The attestation object of format tpm (WebAuthn L3 8.3, without authData). The one file for libcbor. */
#ifndef KEYWARD_STATEMENT_H
#define KEYWARD_STATEMENT_H

#include "attest/enroll/chain.h"

struct statement {
	const STACK_OF(X509) * ak_chain;
	struct bytes attest;	/* TPMS_ATTEST */
	struct bytes signature; /* TPMT_SIGNATURE, by an AK of P-256 */
	struct bytes area;	/* TPMT_PUBLIC of the certified key */
};

/* Appends the CBOR. exit_other: no memory or no room. */
outcome statement_build(const struct statement *statement, struct buffer *out);

#endif
