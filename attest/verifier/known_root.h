/* SPDX-License-Identifier: Apache-2.0
 * Whose a root is, for who has to decide whether to trust it: known by its hash (known_roots.def) or not at all. */
#ifndef KEYWARD_VERIFIER_KNOWN_ROOT_H
#define KEYWARD_VERIFIER_KNOWN_ROOT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/boundary/detail.h"

struct known_root {
	const char *sha256; /* of the certificate, DER; 64 lower-case hex digits */
	const char *format; /* of statements, or ek */
	const char *maker, *name;
	const char *place; /* URL where the maker publishes it; empty: not known */
};

/* The whole table. */
const struct known_root *known_root_list(size_t *count);

/* SHA-256 of the certificate, as in the table. False: there is no memory. */
enum { known_root_hash_room = 65 };
bool known_root_hash(X509 *root, char out[known_root_hash_room]);

/* NULL: unknown. Says in a sentence whose it is, with its hash, which stands before what the certificate says of itself. */
const struct known_root *known_root_tell(X509 *root, struct detail *sentence);

#endif
