/* SPDX-License-Identifier: Apache-2.0
 * Contacts of accounts (RFC 8555 7.3). */
#ifndef KEYWARD_CONTACT_H
#define KEYWARD_CONTACT_H

#include "firmware/boundary/status.h"

struct json_t;

/* Writes the array of contacts as JSON. contact_unsupported: another scheme than mailto; contact_invalid: header
 * fields, several addresses, no plain address, or more than four; payload_malformed: not an array of strings. NULL
 * gives []. */
status contact_judge(const struct json_t *contacts, char out[2049]);

#endif
