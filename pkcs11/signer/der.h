/* SPDX-License-Identifier: Apache-2.0
 * DER, as little as the signer needs: a writer into a buffer, and a strict reader of one element (X.690 10). */
#ifndef KEYWARD_DER_H
#define KEYWARD_DER_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum {
	der_boolean = 0x01,
	der_integer = 0x02,
	der_bit_string = 0x03,
	der_octet_string = 0x04,
	der_null = 0x05,
	der_oid = 0x06,
	der_utf8_string = 0x0c,
	der_utc_time = 0x17,
	der_generalized_time = 0x18,
	der_sequence = 0x30,
	der_set = 0x31,
};

/* A writer. Once something did not fit, nothing more is written and is_full stays. */
struct der {
	struct buffer *out;
	bool is_full;
};

/* The start of a constructed element; give what comes back to der_close when its content is written. */
size_t der_open(struct der *der, uint8_t tag);
void der_close(struct der *der, size_t mark);
/* A whole primitive element. */
void der_put(struct der *der, uint8_t tag, struct bytes content);
/* Bytes that are DER already. */
void der_add(struct der *der, struct bytes raw);

/* Takes one element with this tag off the front of `in`. False, and `in` as before: another tag, cut, a length that is
 * indefinite, not minimal or over 65535. */
bool der_take(struct bytes *in, uint8_t tag, struct bytes *content);

#endif
