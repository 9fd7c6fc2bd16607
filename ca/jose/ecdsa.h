/* SPDX-License-Identifier: Apache-2.0
 * ECDSA signatures as JOSE and TPMs have them: two numbers beside each other. */
#ifndef KEYWARD_ECDSA_H
#define KEYWARD_ECDSA_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"

/* True if the big-endian numbers r and s are the key's signature over this digest (FIPS 186-5 6.4.2). The key is an EC key;
 * zero, and the group's order and more, are refused. */
bool ecdsa_verify(EVP_PKEY *key, struct bytes r, struct bytes s, struct bytes digest);

#endif
