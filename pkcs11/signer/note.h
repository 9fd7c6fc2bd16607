/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, one signature of type 0x02 (ECDSA over the text, key id
 * the first four octets of SHA-256 of the key's SubjectPublicKeyInfo). */
#ifndef KEYWARD_NOTE_H
#define KEYWARD_NOTE_H

#include <openssl/evp.h>

#include "pkcs11/signer/tree.h"

enum { note_longest = 1024, note_longest_origin = 128 };

struct note_checkpoint {
	uint64_t size;
	struct tree_hash root;
};

/* Whose note: the log's origin, which is the key's name too, and the audit key that is known to be right. */
struct note_author {
	const char *origin;
	EVP_PKEY *key;
	/* signs a message with the audit key: an ECDSA-Sig-Value in DER */
	status (*sign)(void *context, struct bytes message, struct buffer *signature);
	void *context;
};

/* A log's name: not empty, printable ASCII, no space and no plus. */
bool note_is_origin(const char *origin);

/* Appends the signed note. */
status note_build(const struct note_author *author, const struct note_checkpoint *checkpoint, struct buffer *note);

/* Exactly one note of this author whose signature verifies; ledger_broken for anything else. */
status note_open(const struct note_author *author, struct bytes note, struct note_checkpoint *out);

#endif
