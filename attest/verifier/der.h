/* SPDX-License-Identifier: Apache-2.0
 * A reader of DER (X.690) for the structures that attestations carry and OpenSSL has no types for. Distrusts every byte; reserves
 * nothing. */
#ifndef KEYWARD_VERIFIER_DER_H
#define KEYWARD_VERIFIER_DER_H

#include "firmware/boundary/bytes.h"

/* Identifier octets as one number: class and form of the first octet above the tag's number. */
#define DER_TAG(first, number) (((uint32_t)(first) << 24) | (number))
enum der_tag {
	der_boolean = DER_TAG(0x00, 1),
	der_integer = DER_TAG(0x00, 2),
	der_octets = DER_TAG(0x00, 4),
	der_enumerated = DER_TAG(0x00, 10),
	der_sequence = DER_TAG(0x20, 16),
	der_set = DER_TAG(0x20, 17),
};
#define DER_EXPLICIT(number) DER_TAG(0xa0, number)

/* Takes the next element off `in`. False at the end, and when it is no DER: a length or a tag in more octets than needed, without
 * end, or longer than what is left. */
bool der_next(struct bytes *in, uint32_t *tag, struct bytes *content);
/* Takes the next element, which has to have this tag. */
bool der_expect(struct bytes *in, uint32_t tag, struct bytes *content);
/* Takes an element of this tag whose content is a whole number from 0 to 2^63-1, written as shortly as DER asks. */
bool der_number(struct bytes *in, uint32_t tag, uint64_t *out);

#endif
