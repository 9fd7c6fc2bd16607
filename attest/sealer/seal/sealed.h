/* SPDX-License-Identifier: Apache-2.0
 * The folder `sealed` of the state: what the TPM gave back for the PIN, written whole or not at all. */
#ifndef KEYWARD_SEALED_H
#define KEYWARD_SEALED_H

#include "attest/sealer/tpm.h"

/* Writes FOLDER/sealed/{public,private,srk-name,measurement} by way of FOLDER/sealed.part, synced. The measurement only
 * serves to say beforehand that a start will need the recovery PIN; the TPM judges. may_replace: an existing one is
 * exchanged in one step. False: one sentence was written to standard error, and what was there is there still. */
bool sealed_write(const char *folder, const struct tpm_sealed *sealed, const uint8_t measurement[tpm_digest_size],
		  bool may_replace);

/* Whether FOLDER/sealed was made for this measurement. */
bool sealed_is_for(const char *folder, const uint8_t measurement[tpm_digest_size]);

#endif
