/* SPDX-License-Identifier: Apache-2.0
 * Certificate chains that the CA gave: read within limits, verified against the one root. Distrusts every byte. */
#ifndef KEYWARD_CHAIN_H
#define KEYWARD_CHAIN_H

#include <openssl/x509.h>

#include "ca/client/outcome.h"

enum { chain_longest = 6 };

/* One to chain_longest certificates in PEM, leaf first, and nothing of another kind; exit_refused for anything else.
 * `from` is named in the sentence. Owner: chain_free. */
outcome chain_read(struct bytes pem, const char *from, STACK_OF(X509) * *out);
/* The same from a file of this device; exit_other. */
outcome chain_load(const char *path, STACK_OF(X509) * *out);
void chain_free(STACK_OF(X509) * chain);

/* Appends the chain in PEM; false: no room. */
bool chain_write(const STACK_OF(X509) * chain, struct buffer *out);

/* exit_refused unless the leaf chains to a certificate of the root file now and certifies the key of the TPMT_PUBLIC
 * `area`. */
outcome chain_judge(STACK_OF(X509) * chain, const char *root_file, struct bytes area);

/* Seconds until the leaf expires; 0 when it has. */
uint64_t chain_remaining_s(const STACK_OF(X509) * chain);

/* Seconds from the leaf's notBefore to its notAfter. */
uint64_t chain_life_s(const STACK_OF(X509) * chain);

/* DER of the leaf's TBSCertificate, appended; false: no room. */
bool chain_tbs(const STACK_OF(X509) * chain, struct buffer *out);

#endif
