/* SPDX-License-Identifier: Apache-2.0
 * The name of a certificate in RFC 9773: its authority key identifier and its serial number. Distrusts every byte. */
#ifndef KEYWARD_RENEWAL_ID_H
#define KEYWARD_RENEWAL_ID_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { renewal_id_key_most = 32, renewal_id_serial_most = 20, renewal_id_text_most = 43 + 1 + 27 };

struct renewal_id {
	uint8_t key_id[renewal_id_key_most], serial[renewal_id_serial_most]; /* the serial as its DER has it */
	size_t key_id_size, serial_size;
};

/* RFC 9773 4.1: base64url of the keyIdentifier, a dot, base64url of the serial number's content octets, which are those of
 * a positive number in DER, at most 20; so each certificate has one text. renewal_id_malformed for anything else. */
status renewal_id_parse(struct bytes text, struct renewal_id *out);

#endif
