/* SPDX-License-Identifier: Apache-2.0
 * Files of a client, private keys among them: read within limits, written whole or not at all. */
#ifndef KEYWARD_KEY_FILE_H
#define KEYWARD_KEY_FILE_H

#include <openssl/evp.h>

#include "ca/client/outcome.h"

enum { key_file_room = 65536 };

/* The whole of a regular file, appended to out; exit_other when it is absent, longer than the room or unreadable. A
 * file that others than its owner can read is refused when is_private. */
outcome key_file_load(const char *path, bool is_private, struct buffer *out);

/* Writes a file beside it with that mode, syncs it, renames it over `path` and syncs the folder. */
outcome key_file_store(const char *path, unsigned mode, struct bytes contents);

/* The private key of a PEM file without a pass phrase. Owner: EVP_PKEY_free. */
outcome key_file_read(const char *path, EVP_PKEY **key);

/* The same; a new P-256 key, stored there first, when there is no such file. */
outcome key_file_obtain(const char *path, EVP_PKEY **key);

#endif
