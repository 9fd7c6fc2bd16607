/* SPDX-License-Identifier: Apache-2.0
 * The world around a stage: makers of TPMs whose roots the appliance trusts, a software device of theirs, accounts, and the honest
 * steps of an enrolment, each of which a test can bend. */
#ifndef KEYWARD_TESTS_WORLD_H
#define KEYWARD_TESTS_WORLD_H

#include "tests/device/statement.h"
#include "tests/hostile/stage.h"

#define WORLD_IDENTIFIER "hostile-device"

struct world {
	char folder[64], configuration[96], origin[64];
	struct device_authority ek_maker, ak_maker, stranger; /* the appliance trusts the first two */
	struct device_key ek, ak, key, other_key;
	struct device_octets ek_certificate, ak_certificate;
	struct device_account account, other_account;
};

/* Makes it all and writes a configuration for this port that trusts the makers. */
void world_new(struct world *world, unsigned port);
void world_free(struct world *world);

/* One enrolment as the registrar sees it. */
struct enrolment {
	const char *name; /* a DNS name beside the device; NULL: none */
	const char *directory, *path, *envelope; /* NULL: devices, the directory's name, device */
	char order[65], token[129], name_token[129];
	struct device_octets device_voucher, request_voucher;
};
status world_open(struct stage *stage, const char *identifier, struct enrolment *out);
status world_attest(struct stage *stage, const struct world *world, const char *identifier,
		    const struct device_account *account, const struct device_key *key, struct bytes record,
		    struct enrolment *enrolment);
/* The same with a statement that is made already. */
status world_judge(struct stage *stage, const char *identifier, const struct device_account *account, struct bytes statement,
		   struct bytes record, struct enrolment *enrolment);
status world_finalize(struct stage *stage, const struct world *world, const char *identifier,
		      const struct device_account *account, const struct device_csr *csr, struct enrolment *enrolment);
status world_issue(struct stage *stage, const struct enrolment *enrolment, uint32_t validity_s,
		   struct message_issued *out);
/* All but the issue, for WORLD_IDENTIFIER, the first account and key. Ends the test when anything is refused. */
void world_vouch(struct stage *stage, const struct world *world, struct enrolment *out);
/* A record of the administrator that the ceremony made: the identifier is of the device that these members of its JSON name. */
void world_sign_record(const struct stage *stage, const struct world *world, const char *identifier, const char *members,
		       unsigned sequence, struct device_octets *out);
uint64_t world_ledger_size(struct stage *stage);
/* Waits until the real listener has its certificate, whose entry would else come in between. */
void world_settle(struct stage *stage);

#endif
