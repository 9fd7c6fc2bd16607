/* SPDX-License-Identifier: Apache-2.0
 * All that the signer holds between start and end, and how it comes to be. main.c wires it to its neighbours; tests
 * open it in their own process. */
#ifndef KEYWARD_SIGNER_H
#define KEYWARD_SIGNER_H

#include "pkcs11/signer/authority.h"
#include "pkcs11/signer/ledger.h"
#include "pkcs11/signer/orders.h"
#include "pkcs11/signer/token.h"

enum { signer_most_envelopes = 16, signer_why_room = 512, signer_most_waiting = ledger_most_staged - 1 };

/* An answer that leaves after the sync. */
struct signer_waiting {
	int channel;
	uint32_t call;
	char kind;      /* of the entry: c, a, t, v, r */
	bool is_repeat; /* of an entry that was there before */
	uint64_t entry, not_before_s, not_after_s; /* of a revocation: the first is when */
	const struct authority *issuer; /* NULL: nothing is signed */
	uint8_t serial[certificate_serial_size];
	uint8_t order_key[status_file_key_size];
	uint8_t tbs[certificate_longest_tbs];
	size_t tbs_size;
};

struct signer {
	struct message_signer_settings settings;
	uint8_t configuration_hash[32]; /* SHA-256 of the settings with their secret keys zero */
	struct authorities authorities;
	struct message_envelope envelopes[signer_most_envelopes];
	size_t envelope_count;
	struct token_want wants[authority_most];
	char label[33], module[257], origin[129];
	struct token *token;
	struct ledger *ledger;
	struct orders *orders;
	bool owes_start; /* an entry for this start is still to be written */
	bool stages_start;
	bool listener_is_new; /* its channel is, and no certificate was made for it yet */
	uint32_t tls_allowance;
	uint64_t tls_counted_boot_s, tls_last_boot_s;
	struct signer_waiting waiting[signer_most_waiting];
	size_t waiting_count;
};

/* Judges the settings: roles, chains, envelopes, names. internal: `why` is a sentence for a person. The records'
 * views must outlive the signer. */
status signer_configure(const struct message_signer_settings *settings, struct signer *out, char why[signer_why_room]);

/* Where the token's module has its own settings, and the folder of the ledger. */
struct signer_places {
	const char *module_settings;
	int ledger_folder;
};

/* Opens token and ledger, remembers the recent orders and writes the entry of this start (which waits while the
 * clock is unsafe). token_failed, token_absent, ledger_broken, ledger_full, clock_unsafe (over an hour behind the last entry):
 * `why` is a sentence for a person. */
status signer_open(struct signer *signer, const struct signer_places *places, struct bytes pin,
		   const struct moment *now, char why[signer_why_room]);
void signer_close(struct signer *signer);

/* True when only a new start helps: a lying disk, a contradiction, a token that does not come back. */
bool signer_is_dead(const struct signer *signer);

/* What the quote of a start binds, and the file that keeps it (ledger.h). */
status signer_quote_data(struct bytes checkpoint, uint8_t extra_data[32]);
status signer_keep_quote(struct signer *signer, struct bytes checkpoint, const struct message_quote_given *quote);

#endif
