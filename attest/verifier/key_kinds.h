/* SPDX-License-Identifier: Apache-2.0
 * The kinds of keys that OpenSSL reads in this process: RSA, RSA-PSS, EC and Ed25519. */
#ifndef KEYWARD_VERIFIER_KEY_KINDS_H
#define KEYWARD_VERIFIER_KEY_KINDS_H

#include <stdbool.h>

/* From now on the default library context takes keys of these kinds only, as DER SubjectPublicKeyInfo only; a certificate with
 * another key parses and has no key. Before anything else of OpenSSL's is used; a second call changes nothing. False: OpenSSL does
 * not start. */
bool key_kinds_limit(void);

#endif
