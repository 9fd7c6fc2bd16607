/* SPDX-License-Identifier: Apache-2.0
 * An external account binding (RFC 8555 7.3.4): the account's key, under a key that the CA's owner gave out. */
#ifndef KEYWARD_BINDING_H
#define KEYWARD_BINDING_H

#include <openssl/evp.h>

#include "ca/client/outcome.h"

enum { binding_key_least = 32, binding_key_most = 64 };

struct binding {
	const char *kid; /* borrowed; NULL: no binding */
	uint8_t key[binding_key_most];
	size_t key_size;
};

/* Reads the key, base64url in a file of its owner's alone; exit_other. `file` NULL: no binding. */
outcome binding_load(const char *kid, const char *file, struct binding *out);

/* Appends the JWS for the request to `url` by the account's key. False: no room, or the name is not UTF-8. */
bool binding_write(const struct binding *binding, EVP_PKEY *account, const char *url, struct buffer *out);

#endif
