/* SPDX-License-Identifier: Apache-2.0
 * A ledger alone, for tests: its audit key is in software, its entries are made up. */
#ifndef KEYWARD_TESTS_SIGNER_JOURNAL_H
#define KEYWARD_TESTS_SIGNER_JOURNAL_H

#include "pkcs11/signer/ledger.h"

struct journal {
	char path[96];
	EVP_PKEY *audit;
	int folder;
	struct ledger *ledger;
	struct moment now;
	uint64_t room_bytes;
	uint8_t boot;
	char why[ledger_why_room];
};

/* A fresh folder under /tmp; NULL instead: the folder given. */
void journal_make(struct journal *journal, const char *path);
void journal_remove(struct journal *journal);

status journal_open(struct journal *journal);
void journal_close(struct journal *journal);

/* Stages one entry of a kind; its order is "order NUMBER". */
status journal_stage(struct journal *journal, uint8_t kind, uint64_t refers_to, uint64_t *number);
/* Stages and commits `count` certificate entries; the first refusal. */
status journal_append(struct journal *journal, size_t count);
/* Signs a checkpoint over all. */
status journal_checkpoint(struct journal *journal);

#endif
