/* SPDX-License-Identifier: Apache-2.0
 * The listener's TLS keys, made in memory, and the certificates that the signer gave for them. The one file that knows
 * GnuTLS's keys and certificates. */
#ifndef KEYWARD_TLS_IDENTITY_H
#define KEYWARD_TLS_IDENTITY_H

#include "firmware/boundary/wire.h"

/* A P-256 key that nobody has certified yet. */
struct tls_key;

/* Makes a key and appends its DER SubjectPublicKeyInfo. The key is the caller's until tls_identity_install or
 * tls_key_free. */
status tls_key_new(struct tls_key **key, struct buffer *spki);
void tls_key_free(struct tls_key *key);

/* Handshakes use this key and chain from now on; those under way keep theirs. Takes the key over in every case.
 * Refused as internal: the chain is empty, no X.509, or its leaf is for another key. */
status tls_identity_install(struct tls_key *key, const struct message_tls_certified *certified);

/* A gnutls_certificate_retrieve_function2, as the HTTP server takes it: gives the current identity; waits a few
 * seconds for one that has not expired. Declared without GnuTLS's types for those who only pass it on. */
typedef void tls_identity_retriever(void);
tls_identity_retriever *tls_identity_retriever_get(void);

/* For the HTTP server: TLS 1.2 and 1.3, ECDHE and AEAD only. */
extern const char tls_identity_priorities[];

#endif
