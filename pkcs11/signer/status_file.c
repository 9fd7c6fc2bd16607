/* SPDX-License-Identifier: Apache-2.0
 * Records of the status file. Distrusts nothing: ledger_open.c compares them with the ledger. */
#include "pkcs11/signer/status_file.h"

#include <openssl/evp.h>

enum { at_serial = 4, at_offset = 24, at_not_after = 32, at_when = 40, at_key = 48 };

static void put_number(uint8_t *at, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(number >> (8 * (7 - i)));
}

static uint64_t take_number(const uint8_t *at)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

status status_file_key(uint8_t kind, struct bytes order, uint8_t out[status_file_key_size])
{
	uint8_t room[1 + 64], digest[EVP_MAX_MD_SIZE];
	struct buffer named = BUFFER(room);
	memset(out, 0, status_file_key_size);
	if (order.size == 0)
		return OK;
	if (!buffer_add(&named, &kind, 1) || !buffer_add(&named, order.data, order.size) ||
	    EVP_Digest(room, named.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	memcpy(out, digest, status_file_key_size);
	return OK;
}

status status_file_make(const struct message_ledger_entry *entry, uint64_t offset, struct status_file_record *out)
{
	const bool holds_certificate = entry->kind == 'c' || entry->kind == 'a' || entry->kind == 't';
	struct status_file_record record = {.state = holds_certificate ? status_file_issued : status_file_none,
					    .kind = entry->kind,
					    .offset = offset,
					    .not_after_s = entry->not_after_s,
					    .when_s = entry->when_s};
	if (holds_certificate && entry->serial.size != sizeof record.serial)
		return REFUSE(ledger_broken);
	if (holds_certificate)
		memcpy(record.serial, entry->serial.data, sizeof record.serial);
	TRY(status_file_key(entry->kind, entry->order, record.key));
	*out = record;
	return OK;
}

void status_file_encode(const struct status_file_record *record, uint8_t out[status_file_record_size])
{
	memset(out, 0, status_file_record_size);
	out[0] = record->state;
	out[1] = record->kind;
	memcpy(out + at_serial, record->serial, sizeof record->serial);
	put_number(out + at_offset, record->offset);
	put_number(out + at_not_after, record->not_after_s);
	put_number(out + at_when, record->when_s);
	memcpy(out + at_key, record->key, sizeof record->key);
}

void status_file_decode(const uint8_t in[status_file_record_size], struct status_file_record *out)
{
	*out = (struct status_file_record){.state = in[0],
					   .kind = in[1],
					   .offset = take_number(in + at_offset),
					   .not_after_s = take_number(in + at_not_after),
					   .when_s = take_number(in + at_when)};
	memcpy(out->serial, in + at_serial, sizeof out->serial);
	memcpy(out->key, in + at_key, sizeof out->key);
}

bool status_file_is_same_entry(const struct status_file_record *a, const struct status_file_record *b)
{
	return a->kind == b->kind && a->offset == b->offset && a->not_after_s == b->not_after_s &&
	       a->when_s == b->when_s && memcmp(a->serial, b->serial, sizeof a->serial) == 0 &&
	       memcmp(a->key, b->key, sizeof a->key) == 0 &&
	       (a->state == status_file_none) == (b->state == status_file_none);
}

uint8_t status_file_closing(uint8_t kind)
{
	return kind == 'v' ? status_file_void : kind == 'r' ? status_file_revoked : 0;
}

status status_file_judge_closing(const struct status_file_record *record)
{
	return record->state == status_file_issued && (record->kind == 'c' || record->kind == 'a')
		       ? OK
		       : REFUSE(entry_final);
}
