/* SPDX-License-Identifier: Apache-2.0
 * The token's keys as OpenSSL keys, by libp11, so that certificates can be signed with them. False: one sentence was
 * written. */
#ifndef KEYWARD_SIGNATURE_H
#define KEYWARD_SIGNATURE_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "pkcs11/ceremony/token.h"

struct signature;

/* Logs in to the token of that label. PKCS#11 must be finalised by then. Owner: signature_close. */
bool signature_open(const char *module, const char *label, const char *pin, struct signature **out);
void signature_close(struct signature *signature);

/* The private key of that id (it signs inside the token) and its public key; owned by the signature. */
bool signature_key(struct signature *signature, const uint8_t id[token_id_size], EVP_PKEY **private);

#endif
