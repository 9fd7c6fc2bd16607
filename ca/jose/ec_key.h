/* SPDX-License-Identifier: Apache-2.0
 * Public keys of the NIST curves from their points. */
#ifndef KEYWARD_EC_KEY_H
#define KEYWARD_EC_KEY_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"

/* The key with this uncompressed point (SEC 1, 2.3.3) on the curve: NID_X9_62_prime256v1, NID_secp384r1 or NID_secp521r1.
 * NULL for another curve, and for a point that has another form or is not on the curve. The caller's. From any thread. */
EVP_PKEY *ec_key_open(int curve, struct bytes point);

#endif
