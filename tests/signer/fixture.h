/* SPDX-License-Identifier: Apache-2.0
 * A small authority for tests of the signer: a SoftHSM2 token of its own under /tmp with keys made on it,
 * certificates signed by them, and the settings that go with it. */
#ifndef KEYWARD_TESTS_SIGNER_FIXTURE_H
#define KEYWARD_TESTS_SIGNER_FIXTURE_H

#include "pkcs11/signer/signer.h"

#define FIXTURE_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define FIXTURE_PIN "correct-horse-31"
#define FIXTURE_LABEL "Keyward test"

enum fixture_key { fixture_root, fixture_issuer, fixture_ak_issuer, fixture_audit, fixture_rsa, fixture_key_count };

struct fixture {
	char folder[64], module_settings[96], ledger[96];
	struct message_signer_settings settings;
	uint8_t certificates[fixture_key_count][1200];
	size_t certificate_sizes[fixture_key_count];
	uint8_t spkis[fixture_key_count][600];
	size_t spki_sizes[fixture_key_count];
	uint8_t records[fixture_key_count][1400], envelopes[4][400], ak_rule[100];
	EVP_PKEY *public_keys[fixture_key_count];
};

/* Makes the token and all that belongs to it. Ends the test when it cannot. */
void fixture_open(struct fixture *fixture);
/* Removes its folder. */
void fixture_close(struct fixture *fixture);

/* The keys as the token is asked for them. */
size_t fixture_wants(const struct fixture *fixture, struct token_want wants[fixture_key_count]);
struct token_settings fixture_token(const struct fixture *fixture, const struct token_want *wants, size_t count);

/* An empty folder for a ledger; a descriptor that the caller closes. */
int fixture_new_ledger(struct fixture *fixture);

/* Objects that a careless or hostile hand puts on the token, by direct calls. */
void fixture_generate(struct fixture *fixture, const char *label, uint8_t id, bool is_extractable);
void fixture_destroy(struct fixture *fixture, const char *label, uint8_t id);

/* Another P-256 key, in software, for devices. */
EVP_PKEY *fixture_device_key(void);
struct bytes fixture_spki(EVP_PKEY *key, uint8_t *room, size_t size);

/* Whole files. */
size_t fixture_read(const char *folder, const char *name, uint8_t *room, size_t size);
void fixture_write(const char *folder, const char *name, const void *data, size_t size);
void fixture_copy(const char *from, const char *to);

#endif
