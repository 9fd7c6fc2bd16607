/* SPDX-License-Identifier: Apache-2.0
 * Attestation statements of format tpm (WebAuthn L3 8.3, draft-ietf-acme-device-attest-09 5). */
#ifndef KEYWARD_VERIFIER_FORMAT_TPM_H
#define KEYWARD_VERIFIER_FORMAT_TPM_H

#include "attest/verifier/cbor.h"
#include "attest/verifier/tpm_key.h"
#include "attest/verifier/vendor.h"
#include "attest/verifier/verifier.h"

enum { format_tpm_most_chain = 6 };

/* What a statement is judged with, and what the checks found on their way. Made and freed by the caller. */
struct format_tpm {
	const struct verifier *verifier;
	const struct cbor *object; /* the attestation object */
	size_t statement;          /* index of attStmt's map in it */
	uint8_t expected[32];      /* what certInfo has to bind */
	struct detail *detail;
	/* found */
	X509 *chain[format_tpm_most_chain]; /* AK certificate first */
	size_t chain_count;
	struct certificate_names names;
	const struct vendor *vendor;
	bool is_own_ak; /* the chain ends in our own AK issuer */
	uint8_t root_hash[32];
	struct bytes certinfo_octets, area;
	struct tpm_attest certinfo;
	struct tpm_public public;
	struct tpm_signature signature;
	EVP_PKEY *ak, *key; /* key: the certified one */
};

/* Makes every check of the table in order and stops at the first that fails. */
status format_tpm_judge(struct format_tpm *tpm);
void format_tpm_free(struct format_tpm *tpm);

/* The table, for those who explain it: its rows in order. */
size_t format_tpm_check_count(void);
status format_tpm_check_refusal(size_t row);

#endif
