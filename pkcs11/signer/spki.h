/* SPDX-License-Identifier: Apache-2.0
 * The public key that is to be certified, as DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7). OpenSSL's decoder is not
 * used: it costs twice a signature. Distrusts every byte. */
#ifndef KEYWARD_SPKI_H
#define KEYWARD_SPKI_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum spki_kind { spki_ec, spki_rsa };

struct spki {
	enum spki_kind kind;
	unsigned bits;
	struct bytes key; /* content of subjectPublicKey without the octet of unused bits; view */
};

/* Exactly one key that this appliance certifies: an uncompressed point on P-256, P-384 or P-521 (RFC 5480), or RSA
 * (RFC 8017) with an odd modulus of 2048 to 4096 bits and an odd exponent from 65537 up to 32 bits. public_key_bad
 * for anything else. */
status spki_parse(struct bytes der, struct spki *out);

#endif
