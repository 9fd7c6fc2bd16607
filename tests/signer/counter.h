/* SPDX-License-Identifier: Apache-2.0
 * A whole signer in the test's own process, with token and ledger, and requests to it as the registrar and the
 * listener send them. */
#ifndef KEYWARD_TESTS_SIGNER_COUNTER_H
#define KEYWARD_TESTS_SIGNER_COUNTER_H

#include "firmware/boundary/channel.h"
#include "pkcs11/signer/revoke.h"
#include "tests/signer/fixture.h"

struct counter {
	struct fixture *fixture;
	struct signer *signer;
	int folder, ends[2];
	uint32_t calls;
	struct moment now;
	char why[signer_why_room];
};

/* A signer with a new ledger; NULL module: SoftHSM2. Ends the test when it does not open. */
void counter_open(struct counter *counter, struct fixture *fixture, const char *module);
/* The same ledger again. */
status counter_reopen(struct counter *counter, const char *module);
void counter_close(struct counter *counter);

enum { counter_most_names = 4 };

/* A request and its vouchers, as they should be; a test spoils what it likes before counter_seal. */
struct counter_order {
	struct message_device_voucher device;
	struct message_request_voucher asked;
	struct message_name_voucher names[counter_most_names];
	struct message_issue issue;
	uint8_t device_room[2048], asked_room[16384], spki_room[600], name_rooms[counter_most_names][1024];
};
/* A name of 1 to 64 characters, lower-case hex for the identifier. */
void counter_order(struct counter_order *order, const char *name, EVP_PKEY *key);
/* One identifier more, which the prober vouches for. */
void counter_name(struct counter_order *order, const char *type, const char *value, const char *challenge);
/* The same for names alone, and the envelope "server". */
void counter_server(struct counter_order *order, const char *name, EVP_PKEY *key);
/* Seals the vouchers, with the right keys or the keys given. */
void counter_seal(const struct counter *counter, struct counter_order *order);

struct counter_ak {
	struct message_ak_voucher voucher;
	struct message_ak_certify request;
	uint8_t room[2048], spki_room[600];
};
void counter_ak(const struct counter *counter, struct counter_ak *ak, uint8_t activation, EVP_PKEY *key);

struct issue_caller counter_caller(struct counter *counter);
/* The next answer, decoded into struct message_<id>; a refusal comes back as such. */
status counter_answer(struct counter *counter, enum message id, void *answer);

/* Request, settle, answer. */
status counter_issue(struct counter *counter, const struct counter_order *order, struct message_issued *issued);
status counter_certify_ak(struct counter *counter, const struct counter_ak *ak, struct message_issued *issued);
status counter_certify_tls(struct counter *counter, EVP_PKEY *key, struct message_tls_certified *certified);
status counter_void(struct counter *counter, uint64_t entry, struct message_entry_voided *voided);
/* Of an issued certificate, by its account, with some request; a test changes what it likes. */
struct message_entry_revoke counter_plea(const struct message_issued *issued);
status counter_revoke(struct counter *counter, const struct message_entry_revoke *plea,
		      struct message_entry_revoked *revoked);
status counter_read(struct counter *counter, uint64_t entry, struct message_entry_given *given);

#endif
