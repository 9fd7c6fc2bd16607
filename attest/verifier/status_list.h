/* SPDX-License-Identifier: Apache-2.0
 * A status list as Google publishes it for Android's key attestation:
 * {"entries": {"SERIAL": {"status": "REVOKED" or "SUSPENDED", ...}, ...}, ...}. */
#ifndef KEYWARD_VERIFIER_STATUS_LIST_H
#define KEYWARD_VERIFIER_STATUS_LIST_H

#include "firmware/boundary/bytes.h"

enum { status_list_serial_size = 20 };

/* The numbers that it names, sorted. A serial is written in hexadecimal or in decimal digits, whatever their case and zeroes in
 * front. One that can be read both ways is there twice: too much is refused rather than too little. */
struct status_list {
	struct status_list_serial {
		uint8_t octets[status_list_serial_size]; /* zeroes in front */
	} *at; /* owned; NULL: none */
	size_t count;
};

/* False: the text is no such list, a serial is written in other characters, or there is no memory. Whatever a status says, its
 * serial is not good. */
bool status_list_parse(struct bytes text, struct status_list *out);
void status_list_free(struct status_list *list);

/* Whether a certificate's serial, the content octets of its INTEGER, is there. */
bool status_list_has(const struct status_list *list, struct bytes serial);

#endif
