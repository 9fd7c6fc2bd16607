/* SPDX-License-Identifier: Apache-2.0
 * Revocation: an entry of the ledger first, then the status, and nothing takes either back. The signer reads no JSON
 * and cannot tell who signed; so it takes no revocation without the request that asks for it, and enters that too. */
#ifndef KEYWARD_REVOKE_H
#define KEYWARD_REVOKE_H

#include "pkcs11/signer/issue.h"

/* Refuses, or leaves an answer waiting for issue_settle. In this order:
 *
 *   revocation_unasked      no request, or asked by nobody that may
 *   revocation_reason_bad   a reason for authorities (2, 10), for what is not final (6, 8), unknown (7, above 10), or
 *                           9, privilegeWithdrawn, from any other than an administrator
 *   entry_unknown           no such entry, or the certificate has another serial
 *   entry_final             the entry holds no certificate of a device or an AK; the listener's lasts a day and ends
 *                           with its key, which is nowhere but in its memory
 *   already_revoked         revoked, or void, which counts as revoked
 *   certificate_expired     by the signer's clock
 *   ledger_*                the entry could not be written; the certificate is not revoked */
status revoke_entry(struct signer *signer, struct issue_caller caller, const struct message_entry_revoke *request,
		    const struct moment *now);

#endif
