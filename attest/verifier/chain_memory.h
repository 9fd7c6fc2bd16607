/* SPDX-License-Identifier: Apache-2.0
 * Devices come with the same certificates above their own again and again. Those whose signatures OpenSSL has found right, up
 * to the same root, are remembered by their exact octets; their signatures are then not checked again. Nothing but that is
 * remembered: the path is built, its trust, its times and every rule of RFC 5280 are judged each time, and the leaf's own
 * signature is checked each time. What is remembered stays true, so nothing has to expire. For one thread. */
#ifndef KEYWARD_VERIFIER_CHAIN_MEMORY_H
#define KEYWARD_VERIFIER_CHAIN_MEMORY_H

#include <openssl/x509_vfy.h>

/* X509_verify_cert on this context uses the memory. */
void chain_memory_use(X509_STORE_CTX *context);

/* For tests: all of it; and how often it was of use. */
void chain_memory_forget(void);
unsigned chain_memory_uses(void);

#endif
