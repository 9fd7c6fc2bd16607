/* SPDX-License-Identifier: Apache-2.0
 * What the signer is asked for, and the order of checks before anything is signed. Everything is judged here again:
 * nothing that another process says counts but sealed vouchers and static settings. */
#ifndef KEYWARD_ISSUE_H
#define KEYWARD_ISSUE_H

#include "pkcs11/signer/signer.h"

/* The order of checks, with what each refuses:
 *
 *   voucher_forged, voucher_expired   each voucher opened with its own key, unexpired
 *   voucher_mismatch, voucher_missing same directory, order and account; device key and request key equal; each
 *                                     identifier of the request vouched for by who may
 *   public_key_bad, envelope_*        the key is one; what was proven satisfies the envelope; no more is asked
 *   order_used, order_void,           one order, one certificate; the same request again gets the identical TBS
 *   certificate_revoked
 *   clock_unsafe, ledger_*            the entry is written and synced
 *   token_*                           then, and only then, one signature, which is verified before it leaves */

/* Where the answer goes. */
struct issue_caller {
	int channel;
	uint32_t call;
};

/* Each either refuses, or leaves an answer waiting for issue_settle. */
status issue_device(struct signer *signer, struct issue_caller caller, const struct message_issue *request,
		    const struct moment *now);
status issue_ak(struct signer *signer, struct issue_caller caller, const struct message_ak_certify *request,
		const struct moment *now);
/* tls_name_unset; tls_too_soon: one for each new channel of the listener, then one each six hours, and never more
 * than 64 in a burst, refilled one a minute. */
status issue_tls(struct signer *signer, struct issue_caller caller, const struct message_tls_certify *request,
		 const struct moment *now);
/* entry_unknown, entry_final. */
status issue_void(struct signer *signer, struct issue_caller caller, const struct message_entry_void *request,
		  const struct moment *now);

/* A place among those who wait, for an answer that leaves after the sync; when all are taken, they are settled first.
 * The caller counts it once its entry is staged. */
struct signer_waiting *issue_next_waiting(struct signer *signer, struct issue_caller caller);

/* The listener was wired anew. */
void issue_listener_came(struct signer *signer);

/* One sync for all that is waiting; then signs, verifies and answers each. When the sync fails, all of it is refused
 * and nothing is signed. */
void issue_settle(struct signer *signer);

/* Answered at once; what is waiting is settled first. */
status issue_read(struct signer *signer, struct issue_caller caller, const struct message_entry_read *request);
status issue_ledger(struct signer *signer, struct issue_caller caller);

#endif
