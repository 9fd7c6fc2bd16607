/* SPDX-License-Identifier: Apache-2.0
 * Merkle tree hashing, the places of stored hashes, and inclusion paths (RFC 9162 2.1). */
#include "pkcs11/signer/tree.h"

#include <openssl/evp.h>

static status hash_pieces(uint8_t prefix, struct bytes first, struct bytes second, struct tree_hash *out)
{
	/* One context for the life of the process: making one costs as much as a hash. One thread keeps the ledger. */
	static EVP_MD_CTX *context;
	if (context == NULL)
		context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(context, &prefix, 1) != 1 || EVP_DigestUpdate(context, first.data, first.size) != 1 ||
	    EVP_DigestUpdate(context, second.data, second.size) != 1 ||
	    EVP_DigestFinal_ex(context, out->octets, NULL) != 1)
		return REFUSE(internal);
	return OK;
}

status tree_hash_leaf(struct bytes data, struct tree_hash *out)
{
	return hash_pieces(0, data, bytes_from(NULL, 0), out);
}

static status hash_node(const struct tree_hash *left, const struct tree_hash *right, struct tree_hash *out)
{
	return hash_pieces(1, BYTES_OF(left->octets), BYTES_OF(right->octets), out);
}

uint64_t tree_place(unsigned level, uint64_t number)
{
	uint64_t place = level;
	/* the last leaf below the subtree completes it, so it stands `level` hashes behind that leaf */
	uint64_t leaf = ((number + 1) << level) - 1;
	for (; leaf > 0; leaf >>= 1)
		place += leaf;
	return place;
}

uint64_t tree_stored(uint64_t size)
{
	uint64_t stored = 0;
	for (; size > 0; size >>= 1)
		stored += size;
	return stored;
}

status tree_add(struct tree_edge *edge, const struct tree_hash *leaf, struct tree_hash stored[tree_deepest],
		unsigned *count)
{
	struct tree_hash node = *leaf;
	unsigned made = 0, peaks = edge->count;
	stored[made++] = node;
	for (uint64_t rest = edge->size; (rest & 1) != 0; rest >>= 1) {
		TRY(hash_node(&edge->peaks[--peaks], &node, &node));
		stored[made++] = node;
	}
	edge->peaks[peaks++] = node;
	edge->count = peaks;
	edge->size++;
	*count = made;
	return OK;
}

status tree_root(const struct tree_edge *edge, struct tree_hash *out)
{
	if (edge->count == 0)
		return EVP_Digest("", 0, out->octets, NULL, EVP_sha256(), NULL) == 1 ? OK : REFUSE(internal);
	struct tree_hash root = edge->peaks[edge->count - 1];
	for (unsigned i = edge->count - 1; i-- > 0;)
		TRY(hash_node(&edge->peaks[i], &root, &root));
	*out = root;
	return OK;
}

/* The complete subtrees that make up leaves [first, end), where first is a multiple of a power of two that is at
 * least their number. */
static status read_edge(const struct tree_store *store, uint64_t first, uint64_t end, struct tree_edge *out)
{
	*out = (struct tree_edge){.size = end - first};
	for (unsigned level = tree_deepest - 1; first < end; level--) {
		const uint64_t width = (uint64_t)1 << level;
		if (end - first < width)
			continue;
		TRY(store->read(store->context, tree_place(level, first >> level), &out->peaks[out->count++]));
		first += width;
	}
	return OK;
}

status tree_edge_at(const struct tree_store *store, uint64_t size, struct tree_edge *out)
{
	return read_edge(store, 0, size, out);
}

status tree_prove(const struct tree_store *store, uint64_t leaf, uint64_t size, struct tree_hash path[tree_deepest],
		  unsigned *count)
{
	struct tree_hash down[tree_deepest];
	unsigned steps = 0;
	if (leaf >= size)
		return REFUSE(entry_unknown);
	for (uint64_t first = 0, end = size; end - first > 1;) {
		struct tree_edge other;
		uint64_t half = 1;
		while (half < end - first - half)
			half <<= 1;
		const bool is_left = leaf < first + half;
		TRY(is_left ? read_edge(store, first + half, end, &other)
			    : read_edge(store, first, first + half, &other));
		TRY(tree_root(&other, &down[steps++]));
		if (is_left)
			end = first + half;
		else
			first += half;
	}
	for (unsigned i = 0; i < steps; i++)
		path[i] = down[steps - 1 - i];
	*count = steps;
	return OK;
}
