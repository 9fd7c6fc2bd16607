/* SPDX-License-Identifier: Apache-2.0
 * What every resource works with: the settings, the store, nonces, keys, the neighbours, and the directory that is asked.
 * Filled by main, and by tests with neighbours of their own. */
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

/* What orders of a directory can end in. */
struct profile {
	char name[65], description[257]; /* the name is empty where the directory has no profiles */
	char envelope[65], dns_suffixes[1025], ip_ranges[1025];
	uint32_t validity_s;
	char policy[320]; /* the rule as configured, in one line; its SHA-256 goes into the ledger */
	uint8_t policy_hash[store_hash_size];
};

enum { registrar_most_directories = 16, registrar_most_profiles = 8 };

/* One ACME directory: accounts and orders belong to one, and are not there in any other. */
struct directory {
	int64_t id;	   /* in the store */
	char name[65];	   /* to neighbours and in the log */
	char segment[65];  /* in URLs: its path, or else its name */
	struct profile profiles[registrar_most_profiles]; /* the first is for who asks for none */
	size_t profile_count;
	char identifiers[129]; /* types that it takes */
	bool offers[challenge_count];
	/* Accounts without a certificate, and open orders and activations, that there may be in all. */
	uint32_t accounts_most, orders_most;
	struct limits limits;
	bool is_eab_required, is_attestation_ca, keeps_statements;
	struct eab_keys eab_keys;
};

/* Copied for each request, so that it says which directory is asked: what all share is behind pointers. */
struct registrar {
	char origin[257];
	const struct directory *directory; /* that is asked; NULL: none is */
	struct directory *directories;
	size_t directory_count;
	uint32_t longest_record_days, account_idle_s, requests_per_address;
	struct store *store;
	struct nonces *nonces;
	struct limit_tables *limit_tables;
	struct keyring *keyring;
	struct flight *flight;
	struct takeover *takeover;
	struct probing *probing;
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

/* The directory of that segment in URLs, or of that number in the store; NULL: there is none. */
const struct directory *registrar_find_directory(const struct registrar *registrar, struct bytes segment);
const struct directory *registrar_get_directory(const struct registrar *registrar, int64_t id);

/* The profile of that name, of the directory that is asked; NULL: it has none. */
const struct profile *registrar_find_profile(const struct registrar *registrar, const char *name);

/* A URL below the directory that is asked: registrar_url(r, "order/%s", name).text */
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
