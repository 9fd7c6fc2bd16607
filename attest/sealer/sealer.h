/* SPDX-License-Identifier: Apache-2.0
 * When the PIN is released, and to whom: unsealed once a boot of the TPM, kept in a locked page, handed over once for
 * each signer that the warden has just started.
 *   PCR zero ---measure---> unseal ---cap---> PIN held --pin_ask--> spent --new signer--> PIN held
 *       |                     `--refused, cap--> sealed for this boot
 *       `--not zero--> sealed for this boot */
#ifndef KEYWARD_SEALER_H
#define KEYWARD_SEALER_H

#include "attest/sealer/tpm.h"

struct sealer_seal {
	const char *tcti;
	uint32_t pcr;
	uint8_t measurement[tpm_digest_size];
	struct bytes public, private, srk_name;
};

struct sealer_problem {
	char sentence[256];
};

/* The locked page for the PIN, left out of core dumps, and wiping of what is freed. Before confinement. False: no lock.
 */
bool sealer_lock_memory(void);

/* Extends the PCR with the measurement if it is still zero, unseals the PIN, and extends the PCR again whatever came of
 * it, so that nobody unseals it a second time in this boot. pin_sealed: no PIN in this boot (is_restart: because the
 * PCR was not zero to begin with, so an earlier sealer, or somebody else, was first). tpm_failed. The sentence says
 * more, for the log. */
status sealer_unlock(const struct sealer_seal *seal, bool *is_restart, struct sealer_problem *problem);

/* A signer has a new channel: it may ask once. */
void sealer_signer_came(void);

/* The PIN, a view into the locked page; pin_sealed, pin_spent. */
status sealer_hand_over(struct bytes *pin);

#endif
