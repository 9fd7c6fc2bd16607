/* SPDX-License-Identifier: Apache-2.0
 * The Merkle tree against an independent reading of RFC 9162: roots by its recursive definition, paths by the
 * verification of section 2.1.3.2, written here from the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include "pkcs11/signer/note.h"
#include "pkcs11/signer/tree.h"
#include "tests/signer/fixture.h"

enum { most = 70 };

static uint8_t leaves[most][3];
static struct tree_hash stored[4 * most];
static size_t stored_count;

static void sha(uint8_t prefix, const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t out[32])
{
	uint8_t room[80];
	room[0] = prefix;
	memcpy(room + 1, a, a_size);
	memcpy(room + 1 + a_size, b, b_size);
	SHA256(room, 1 + a_size + b_size, out);
}

/* MTH of RFC 9162 2.1.1 over leaves [first, first + count). */
static void mth(size_t first, size_t count, uint8_t out[32])
{
	uint8_t left[32], right[32];
	size_t half = 1;
	if (count == 0) {
		SHA256((const uint8_t *)"", 0, out);
		return;
	}
	if (count == 1) {
		sha(0, leaves[first], 3, (const uint8_t *)"", 0, out);
		return;
	}
	while (2 * half < count)
		half *= 2;
	mth(first, half, left);
	mth(first + half, count - half, right);
	sha(1, left, 32, right, 32, out);
}

/* RFC 9162 2.1.3.2 */
static bool verifies(uint64_t leaf, uint64_t size, const struct tree_hash *path, unsigned count, const uint8_t root[32])
{
	uint64_t fn = leaf, sn = size - 1;
	uint8_t r[32];
	sha(0, leaves[leaf], 3, (const uint8_t *)"", 0, r);
	for (unsigned i = 0; i < count; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			sha(1, path[i].octets, 32, r, 32, r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sha(1, r, 32, path[i].octets, 32, r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, 32) == 0;
}

static status read_stored(void *context, uint64_t place, struct tree_hash *out)
{
	(void)context;
	if (place >= stored_count)
		return REFUSE(ledger_broken);
	*out = stored[place];
	return OK;
}

static const struct tree_store store = {.read = read_stored};

static void grow(struct tree_edge *edge, size_t i)
{
	struct tree_hash hash, made[tree_deepest];
	unsigned count;
	leaves[i][0] = (uint8_t)i;
	leaves[i][1] = (uint8_t)(i * 7);
	assert_false(is_refused(tree_hash_leaf(bytes_from(leaves[i], 3), &hash)));
	assert_int_equal(stored_count, tree_stored(i));
	assert_int_equal(stored_count, tree_place(0, i));
	assert_false(is_refused(tree_add(edge, &hash, made, &count)));
	memcpy(stored + stored_count, made, count * sizeof made[0]);
	stored_count += count;
}

static void every_root_and_every_path_to_size_70_is_right(void **state)
{
	struct tree_edge edge = {0}, again;
	(void)state;
	stored_count = 0;
	for (size_t size = 0; size <= most; size++) {
		uint8_t wanted[32];
		struct tree_hash root;
		mth(0, size, wanted);
		assert_false(is_refused(tree_root(&edge, &root)));
		assert_memory_equal(root.octets, wanted, 32);
		for (size_t earlier = 0; earlier <= size; earlier++) {
			uint8_t earlier_root[32];
			mth(0, earlier, earlier_root);
			assert_false(is_refused(tree_edge_at(&store, earlier, &again)));
			assert_false(is_refused(tree_root(&again, &root)));
			assert_memory_equal(root.octets, earlier_root, 32);
			for (size_t leaf = 0; leaf < earlier; leaf++) {
				struct tree_hash path[tree_deepest];
				unsigned count = 0;
				assert_false(is_refused(tree_prove(&store, leaf, earlier, path, &count)));
				assert_true(verifies(leaf, earlier, path, count, earlier_root));
				if (count != 0) {
					path[count / 2].octets[5] ^= 1;
					assert_false(verifies(leaf, earlier, path, count, earlier_root));
				}
			}
		}
		if (size < most)
			grow(&edge, size);
	}
}

static void a_path_of_a_leaf_that_is_not_there_is_refused(void **state)
{
	struct tree_hash path[tree_deepest];
	unsigned count;
	(void)state;
	assert_int_equal(tree_prove(&store, 5, 5, path, &count).refusal, refusal_entry_unknown);
}

/* ---- notes ---- */

static status sign_in_software(void *context, struct bytes message, struct buffer *signature)
{
	EVP_MD_CTX *signer = EVP_MD_CTX_new();
	size_t size = signature->room - signature->size;
	const bool done = EVP_DigestSignInit(signer, NULL, EVP_sha256(), NULL, context) == 1 &&
			  EVP_DigestSign(signer, signature->data + signature->size, &size, message.data, message.size) == 1;
	EVP_MD_CTX_free(signer);
	signature->size += done ? size : 0;
	return done ? OK : REFUSE(token_failed);
}

static void a_note_is_the_text_of_c2sp_and_no_changed_octet_of_it_is_taken(void **state)
{
	EVP_PKEY *key = fixture_device_key(), *other = fixture_device_key();
	const struct note_author author = {"example.com/log", key, sign_in_software, key};
	const struct note_author stranger = {"example.com/log", other, sign_in_software, other};
	struct note_checkpoint checkpoint = {.size = 20852163}, got;
	uint8_t room[note_longest], spki[100], digest[32];
	struct buffer note = BUFFER(room);
	(void)state;
	memset(checkpoint.root.octets, 0x5a, 32);
	assert_false(is_refused(note_build(&author, &checkpoint, &note)));
	const char *start = "example.com/log\n20852163\nWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n\n\xe2\x80\x94 example.com/log ";
	assert_memory_equal(room, start, strlen(start));
	assert_int_equal(room[note.size - 1], '\n');
	/* the key's id: SHA-256 of its SPKI, first four octets, in front of the signature */
	uint8_t blob[200];
	room[note.size - 1] = 0;
	assert_true(EVP_DecodeBlock(blob, room + strlen(start), (int)(note.size - 1 - strlen(start))) > 60);
	room[note.size - 1] = '\n';
	const struct bytes encoded = fixture_spki(key, spki, sizeof spki);
	SHA256(encoded.data, encoded.size, digest);
	assert_memory_equal(blob, digest, 4);
	assert_false(is_refused(note_open(&author, buffer_view(&note), &got)));
	assert_int_equal(got.size, checkpoint.size);
	assert_memory_equal(&got.root, &checkpoint.root, 32);
	assert_int_equal(note_open(&stranger, buffer_view(&note), &got).refusal, refusal_ledger_broken);
	for (size_t i = 0; i < note.size; i++) {
		room[i] ^= 1;
		assert_int_equal(note_open(&author, buffer_view(&note), &got).refusal, refusal_ledger_broken);
		room[i] ^= 1;
		assert_int_equal(note_open(&author, bytes_from(room, i), &got).refusal, refusal_ledger_broken);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void a_log_name_with_a_space_or_a_plus_is_none(void **state)
{
	(void)state;
	assert_true(note_is_origin("keyward.example/ledger"));
	assert_false(note_is_origin(""));
	assert_false(note_is_origin("a b"));
	assert_false(note_is_origin("a+b"));
	assert_false(note_is_origin("a\nb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_root_and_every_path_to_size_70_is_right),
		cmocka_unit_test(a_path_of_a_leaf_that_is_not_there_is_refused),
		cmocka_unit_test(a_note_is_the_text_of_c2sp_and_no_changed_octet_of_it_is_taken),
		cmocka_unit_test(a_log_name_with_a_space_or_a_plus_is_none),
	};
	return cmocka_run_group_tests_name("ledger_tree", tests, NULL, NULL);
}
