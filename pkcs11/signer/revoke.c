/* SPDX-License-Identifier: Apache-2.0
 * Judges and enters revocations. Distrusts the registrar, which can deny service by them but not unseen. */
#include "pkcs11/signer/revoke.h"

static status judge_request(const struct message_entry_revoke *request)
{
	const uint8_t asked_by = request->asked_by, reason = request->reason;
	if (request->request.size == 0 || (asked_by != 'a' && asked_by != 'i' && asked_by != 'k' && asked_by != 'm'))
		return REFUSE(revocation_unasked);
	if (reason == 9)
		return asked_by == 'm' ? OK : REFUSE(revocation_reason_bad);
	return reason <= 5 && reason != 2 ? OK : REFUSE(revocation_reason_bad);
}

static status judge_record(const struct ledger_record *record, const struct message_entry_revoke *request,
			   uint64_t now_s)
{
	if (!bytes_equal(record->entry.serial, BYTES_OF(request->serial)))
		return REFUSE(entry_unknown);
	if (record->status.state == status_file_void || record->status.state == status_file_revoked)
		return REFUSE(already_revoked);
	TRY(status_file_judge_closing(&record->status));
	return record->entry.not_after_s >= now_s ? OK : REFUSE(certificate_expired);
}

status revoke_entry(struct signer *signer, struct issue_caller caller, const struct message_entry_revoke *request,
		    const struct moment *now)
{
	struct ledger_record record;
	const uint64_t when_s = ledger_plausible_s(signer->ledger, now);
	TRY(judge_request(request));
	issue_settle(signer); /* what closes the same entry may be waiting */
	TRY(ledger_read(signer->ledger, request->entry, &record));
	TRY(judge_record(&record, request, when_s));
	struct message_ledger_entry entry = {.kind = 'r',
					     .when_s = when_s,
					     .reporter = bytes_from_text("registrar"),
					     .order = record.entry.order,
					     .identifier_type = record.entry.identifier_type,
					     .identifier = record.entry.identifier,
					     .serial = record.entry.serial,
					     .not_after_s = record.entry.not_after_s,
					     .refers_to = request->entry,
					     .reason = request->reason,
					     .asked_by = request->asked_by};
	memcpy(entry.thumbprint, request->thumbprint, sizeof entry.thumbprint);
	memcpy(entry.configuration_hash, signer->configuration_hash, sizeof entry.configuration_hash);
	if (EVP_Digest(request->request.data, request->request.size, entry.tbs_hash, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	struct signer_waiting *waiting = issue_next_waiting(signer, caller);
	TRY(ledger_stage(signer->ledger, &entry, request->request, &waiting->entry));
	waiting->kind = 'r';
	waiting->not_before_s = when_s;
	signer->waiting_count++;
	return OK;
}
