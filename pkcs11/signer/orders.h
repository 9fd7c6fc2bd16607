/* SPDX-License-Identifier: Apache-2.0
 * Which recent order has which entry: one order, one certificate. An order's vouchers live an hour, and the verifier
 * opens none for longer than that, so what is older than two hours cannot come back and is forgotten. */
#ifndef KEYWARD_ORDERS_H
#define KEYWARD_ORDERS_H

#include "firmware/boundary/status.h"
#include "pkcs11/signer/status_file.h"

enum { orders_kept_s = 7200 };

struct orders;

struct orders *orders_new(void);
void orders_free(struct orders *orders);
/* Remembers; replaces what it knew of the order. busy: as many as the memory holds. */
status orders_put(struct orders *orders, const uint8_t key[status_file_key_size], uint64_t entry, uint64_t now_boot_s);
/* False: unknown. */
bool orders_find(const struct orders *orders, const uint8_t key[status_file_key_size], uint64_t *entry);
/* Forgets an order whose entry could not be written. */
void orders_drop(struct orders *orders, const uint8_t key[status_file_key_size]);

#endif
