/* SPDX-License-Identifier: Apache-2.0
 * A voucher: a record of messages.def with its number in front and an HMAC-SHA256 behind, under a key that the one who vouches and
 * the one who checks alone hold. Links libcrypto. */
#ifndef KEYWARD_VOUCHER_H
#define KEYWARD_VOUCHER_H

#include "firmware/boundary/wire.h"

enum { voucher_key_size = 32, voucher_mac_size = 32 };

/* Appends the sealed record to out. */
status voucher_seal(enum message record, const void *fields, const uint8_t key[voucher_key_size], struct buffer *out);

/* Checks the MAC in constant time, then decodes; views point into `sealed`. voucher_forged: cut, changed, another
 * record or another key. Does not look at expiry. */
status voucher_open(enum message record, struct bytes sealed, const uint8_t key[voucher_key_size], void *fields);

/* voucher_expired when the boot clock has passed it, or when it lies more than an hour ahead. */
status voucher_judge_expiry(uint64_t expires_boot_s);

#endif
