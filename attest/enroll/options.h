/* SPDX-License-Identifier: Apache-2.0
 * The command line of keyward-enroll(1). */
#ifndef KEYWARD_OPTIONS_H
#define KEYWARD_OPTIONS_H

#include "attest/enroll/tpm.h"

enum options_command { options_enroll, options_renew, options_show, options_revoke, options_help };

struct options {
	enum options_command command;
	const char *directory, *root, *tcti, *state;
	const char *identifier; /* NULL: the EK's digest */
	const char *ek_certificate; /* file; NULL: the TPM's own */
	const char *ek_chain;	/* NULL: none */
	const char *profile;	/* NULL: the CA's choice */
	const char *audit;	/* NULL: the checkpoint's signature is not checked */
	const char *eab_kid, *eab_key; /* name and file; NULL, both: no external account binding */
	enum tpm_key_kind key_kind;
	uint64_t renew_before_s;
	bool is_renew_before_set; /* else the CA says when */
	uint64_t reason;	  /* CRLReason */
};

/* exit_usage, with a sentence on standard error. */
outcome options_read(int count, char **words, struct options *out);

/* What --help says, on standard output. */
void options_tell(void);

#endif
