/* SPDX-License-Identifier: Apache-2.0
 * The Merkle tree of RFC 9162 2.1 over stored hashes. Hashes are stored in the order in which they become complete:
 * a leaf, then every subtree that it completes, so that appending only appends. */
#ifndef KEYWARD_TREE_H
#define KEYWARD_TREE_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { tree_hash_size = 32, tree_deepest = 64 };

struct tree_hash {
	uint8_t octets[tree_hash_size];
};

/* A leaf's hash: SHA-256(0x00 || data). */
status tree_hash_leaf(struct bytes data, struct tree_hash *out);

/* How many hashes are stored for a tree of `size` leaves, and where the complete subtree of 2^level leaves that
 * starts at leaf (number << level) stands. */
uint64_t tree_stored(uint64_t size);
uint64_t tree_place(unsigned level, uint64_t number);

/* The growing edge: the roots of the complete subtrees from left to right. */
struct tree_edge {
	uint64_t size;
	struct tree_hash peaks[tree_deepest];
	unsigned count;
};

/* Adds a leaf; the hashes to be stored (at most tree_deepest) come back in order. */
status tree_add(struct tree_edge *edge, const struct tree_hash *leaf, struct tree_hash stored[tree_deepest],
		unsigned *count);
/* The root; of nothing: SHA-256 of nothing. */
status tree_root(const struct tree_edge *edge, struct tree_hash *out);

/* Reads the stored hash at a place. */
struct tree_store {
	status (*read)(void *context, uint64_t place, struct tree_hash *out);
	void *context;
};

/* The edge of an earlier size, from stored hashes. */
status tree_edge_at(const struct tree_store *store, uint64_t size, struct tree_edge *out);
/* RFC 9162 2.1.3.1: the path from leaf `leaf` to the root of the first `size` leaves, from the leaf up.
 * entry_unknown unless leaf < size. */
status tree_prove(const struct tree_store *store, uint64_t leaf, uint64_t size, struct tree_hash path[tree_deepest],
		  unsigned *count);

#endif
