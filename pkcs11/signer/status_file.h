/* SPDX-License-Identifier: Apache-2.0
 * The status file: one fixed record an entry, beside the ledger and made from it. It says where an entry stands and
 * what became of its certificate. Rebuilt from the ledger when it is missing or contradicts it. */
#ifndef KEYWARD_STATUS_FILE_H
#define KEYWARD_STATUS_FILE_H

#include "firmware/boundary/wire.h"

enum { status_file_record_size = 64, status_file_key_size = 16 };

enum {
	status_file_issued = 'i',
	status_file_void = 'v',
	status_file_revoked = 'r',
	status_file_none = '-' /* the entry holds no certificate */
};

/* state 1, kind 1, zero 2, serial 20, offset 8, not_after 8, when 8, key 16; numbers most significant octet first. */
struct status_file_record {
	uint8_t state, kind;
	uint8_t serial[20];
	uint64_t offset; /* of the entry's record in `entries` */
	uint64_t not_after_s, when_s;
	uint8_t key[status_file_key_size]; /* names the order or activation; see status_file_key */
};

/* The record that an entry gets when it is appended. */
status status_file_make(const struct message_ledger_entry *entry, uint64_t offset, struct status_file_record *out);
/* The first octets of SHA-256(kind || order); by it an order is found again. Zero where the entry has no order. */
status status_file_key(uint8_t kind, struct bytes order, uint8_t out[status_file_key_size]);

void status_file_encode(const struct status_file_record *record, uint8_t out[status_file_record_size]);
void status_file_decode(const uint8_t in[status_file_record_size], struct status_file_record *out);

/* The state that an entry of this kind gives to the one that it refers to; 0: it closes none. */
uint8_t status_file_closing(uint8_t kind);

/* Whether state (from a later void or revocation) aside the two say the same. */
bool status_file_is_same_entry(const struct status_file_record *a, const struct status_file_record *b);

/* entry_final unless it is an issued certificate of a device or an AK: only such a one is closed, by a void or a
 * revocation, once and for all. */
status status_file_judge_closing(const struct status_file_record *record);

#endif
