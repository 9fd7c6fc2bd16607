/* SPDX-License-Identifier: Apache-2.0
 * The ledger's word for a certificate, checked without believing the CA: RFC 9162 inclusion, C2SP checkpoint and signed
 * note, and that the leaf speaks of this certificate. Distrusts every byte. */
#ifndef KEYWARD_PROOF_H
#define KEYWARD_PROOF_H

#include <openssl/evp.h>

#include "firmware/boundary/bytes.h"

enum { proof_hash_size = 32, proof_deepest = 64, proof_text_room = 1024 };

struct proof_hash {
	uint8_t octets[proof_hash_size];
};

/* SHA-256(0x00 || data); false: no memory. */
bool proof_leaf(struct bytes data, struct proof_hash *out);

/* RFC 9162 2.1.3.2: whether the path leads from the leaf at `index` to the root of a tree of `size`. */
struct proof_path {
	struct proof_hash at[proof_deepest];
	size_t count;
};
bool proof_is_included(const struct proof_hash *leaf, uint64_t index, uint64_t size, const struct proof_path *path,
		       const struct proof_hash *root);

struct proof_checkpoint {
	char origin[256];
	uint64_t size;
	struct proof_hash root;
	struct bytes text;	 /* what is signed; a view into the note */
	struct bytes signatures; /* the lines behind the empty one */
};
/* Exactly one note of three lines, an empty one and signature lines; false for anything else. */
bool proof_read_checkpoint(struct bytes note, struct proof_checkpoint *out);

/* Whether one of its signatures is of that key (ECDSA, note type 0x02) under the name of the origin. */
bool proof_is_signed(const struct proof_checkpoint *checkpoint, EVP_PKEY *audit_key);

/* Whether the leaf is an entry for a certificate with this TBSCertificate, for that order (the last segment of its URL)
 * and identifier. */
bool proof_is_about(struct bytes leaf, struct bytes tbs, const char *order, const char *identifier);

#endif
