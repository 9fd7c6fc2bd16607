/* SPDX-License-Identifier: Apache-2.0
 * Decides whether the CA has shown that a certificate is in its ledger. Distrusts the answer. */
#include "attest/enroll/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "attest/enroll/answer.h"
#include "attest/enroll/proof.h"
#include "ca/jose/base64url.h"

enum { leaf_room = 8192, tbs_room = 4096 };

static outcome read_path(const json_t *entry, struct proof_path *out)
{
	const json_t *list = json_object_get(entry, "path");
	if (!json_is_array(list) || json_array_size(list) > proof_deepest)
		return outcome_fail(exit_network, "the CA's answer lacks \"path\"");
	out->count = json_array_size(list);
	for (size_t i = 0; i < out->count; i++) {
		const json_t *value = json_array_get(list, i);
		struct buffer octets = BUFFER(out->at[i].octets);
		if (!json_is_string(value) ||
		    is_refused(base64url_decode(bytes_from(json_string_value(value), json_string_length(value)),
						&octets)) ||
		    octets.size != proof_hash_size)
			return outcome_fail(exit_network, "the CA's answer lacks \"path\"");
	}
	return DONE;
}

bool ledger_is_about(const json_t *entry, const STACK_OF(X509) * chain)
{
	uint8_t given_room[tbs_room], ours_room[tbs_room];
	struct buffer given = BUFFER(given_room), ours = BUFFER(ours_room);
	return answer_octets(entry, "tbs", &given).code == exit_done && chain_tbs(chain, &ours) &&
	       bytes_equal(buffer_view(&given), buffer_view(&ours));
}

static outcome judge_subject(const json_t *entry, const struct ledger_claim *claim, struct bytes leaf)
{
	uint8_t room[tbs_room];
	struct buffer tbs = BUFFER(room);
	if (!ledger_is_about(entry, claim->chain) || !chain_tbs(claim->chain, &tbs) ||
	    !proof_is_about(leaf, buffer_view(&tbs), claim->order, claim->identifier))
		return outcome_fail(exit_refused, "the ledger's entry is about another certificate");
	return DONE;
}

static outcome judge_path(const json_t *entry, struct bytes leaf, const struct proof_checkpoint *checkpoint)
{
	const json_t *number = json_object_get(entry, "entry");
	struct proof_path path;
	struct proof_hash hash;
	STEP(read_path(entry, &path));
	if (!json_is_integer(number) || json_integer_value(number) < 0 || !proof_leaf(leaf, &hash) ||
	    !proof_is_included(&hash, (uint64_t)json_integer_value(number), checkpoint->size, &path, &checkpoint->root))
		return outcome_fail(exit_refused, "the CA does not prove that the certificate is in its ledger");
	return DONE;
}

static outcome judge_signature(const char *audit_file, const struct proof_checkpoint *checkpoint)
{
	STACK_OF(X509) *chain = NULL;
	STEP(chain_load(audit_file, &chain));
	EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, 0));
	const bool is_signed = key != NULL && proof_is_signed(checkpoint, key);
	chain_free(chain);
	return is_signed ? DONE
			 : outcome_fail(exit_refused, "the ledger's checkpoint is not signed by the audit key of %s",
					audit_file);
}

outcome ledger_prove(const json_t *entry, const struct ledger_claim *claim)
{
	uint8_t octets[leaf_room];
	struct buffer leaf = BUFFER(octets);
	struct proof_checkpoint checkpoint;
	STEP(answer_octets(entry, "leaf", &leaf));
	STEP(judge_subject(entry, claim, buffer_view(&leaf)));
	if (strcmp(answer_word(entry, "state"), "issued") != 0)
		return outcome_fail(exit_refused, "the ledger says that the certificate is %s",
				    answer_word(entry, "state"));
	if (!proof_read_checkpoint(bytes_from_text(answer_word(entry, "checkpoint")), &checkpoint))
		return outcome_fail(exit_refused, "the ledger's checkpoint is malformed");
	STEP(judge_path(entry, buffer_view(&leaf), &checkpoint));
	return claim->audit_file == NULL ? DONE : judge_signature(claim->audit_file, &checkpoint);
}

static void tell(const char *label, const char *text)
{
	(void)printf("  %-14s", label);
	outcome_print(bytes_from_text(text));
	(void)fputc('\n', stdout);
}

static void tell_claims(const json_t *why)
{
	char *claims = json_dumps(json_object_get(why, "claims"), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	if (claims != NULL)
		tell("claims", claims);
	free(claims);
}

void ledger_tell(const json_t *entry, bool is_signature_checked)
{
	static const char *const members[] = {"identifier", "format", "assurance", "envelope", "policy", "validated"};
	const json_t *why = json_object_get(entry, "why");
	struct proof_checkpoint checkpoint;
	(void)puts("granted because");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (answer_word(why, members[i])[0] != 0)
			tell(members[i], answer_word(why, members[i]));
	tell_claims(why);
	(void)puts("in the ledger");
	if (!proof_read_checkpoint(bytes_from_text(answer_word(entry, "checkpoint")), &checkpoint))
		return;
	tell("log", checkpoint.origin);
	(void)printf("  %-14s%lld of %llu, inclusion proven\n", "entry",
		     (long long)json_integer_value(json_object_get(entry, "entry")),
		     (unsigned long long)checkpoint.size);
	tell("checkpoint", is_signature_checked ? "signed by the audit key"
						: "signature not checked (--audit names the audit certificate)");
}
