/* SPDX-License-Identifier: Apache-2.0
 * The CA's answer about a ledger entry: proven, then told. Distrusts the answer, which may come from a file. */
#ifndef KEYWARD_ENROLL_LEDGER_H
#define KEYWARD_ENROLL_LEDGER_H

#include <jansson.h>

#include "attest/enroll/chain.h"

/* Who the entry must be about. */
struct ledger_claim {
	const STACK_OF(X509) * chain; /* the certificate */
	const char *order, *identifier;
	const char *audit_file; /* certificate of the audit key; NULL: the signature is not checked */
};

/* Whether the entry holds this certificate's TBSCertificate. */
bool ledger_is_about(const json_t *entry, const STACK_OF(X509) * chain);

/* exit_refused unless the entry is for this certificate and the path leads to the checkpoint's root, signed by the
 * audit key. */
outcome ledger_prove(const json_t *entry, const struct ledger_claim *claim);

/* Tells on standard output why the certificate was granted and where it stands. */
void ledger_tell(const json_t *entry, bool is_signature_checked);

#endif
