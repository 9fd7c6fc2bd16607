/* SPDX-License-Identifier: Apache-2.0
 * What every resource works with: the settings, the store, nonces, keys, the two neighbours. Filled by main, and by
 * tests with neighbours of their own. */
#ifndef KEYWARD_REGISTRAR_H
#define KEYWARD_REGISTRAR_H

#include "ca/registrar/eab.h"
#include "ca/registrar/flight.h"
#include "ca/registrar/keyring.h"
#include "ca/registrar/limit.h"
#include "ca/registrar/nonce.h"
#include "ca/registrar/probe.h"
#include "ca/registrar/store.h"
#include "ca/registrar/takeover.h"
#include "firmware/boundary/link.h"

struct registrar {
	char origin[257], directory[65], envelope[65];
	uint32_t validity_s, longest_record_days;
	/* What it takes: types of identifiers, challenges, and names within those of the envelope. */
	char identifiers[129], dns_suffixes[1025], ip_ranges[1025];
	bool offers[challenge_count];
	/* Accounts without a certificate, and open orders and activations, that there may be in all. */
	uint32_t accounts_most, orders_most, account_idle_s;
	struct limits limits;
	char policy[320]; /* the directory's rule as configured, in one line; its SHA-256 goes into the ledger */
	uint8_t policy_hash[store_hash_size];
	bool is_eab_required;
	struct eab_keys eab_keys;
	struct store *store;
	struct nonces *nonces;
	struct limit_tables *limit_tables;
	struct keyring *keyring;
	struct flight flight;
	struct takeover takeover;
	struct probing probing;
	struct link *verifier, *signer, *prober;
	/* How long a request waits for a neighbour that starts again. */
	unsigned verifier_patience_ms, signer_patience_ms, prober_patience_ms;
	void (*log)(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
};

/* Fills everything but the links and log; calls `beat` (may be NULL) all the while. store_failed or public_key_bad (of
 * an administrator): the sentence says what a person must do. */
status registrar_open(struct registrar *registrar, const struct message_registrar_settings *settings,
		      const char *database, void (*beat)(void), char sentence[256]);
void registrar_close(struct registrar *registrar);

/* A URL below the directory: registrar_url(r, "order/%s", name).text */
struct url {
	char text[512];
};
struct url registrar_url(const struct registrar *registrar, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* True, and the number, when text is one as we write it: decimal, above 0, without leading zeroes. */
bool registrar_read_number(struct bytes text, int64_t *out);

/* True, and the number, when text is prefix + a number as we write it. */
bool registrar_read_account_url(const struct registrar *registrar, struct bytes url, int64_t *id);

#endif
