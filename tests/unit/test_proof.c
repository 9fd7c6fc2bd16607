/* SPDX-License-Identifier: Apache-2.0
 * The ledger's proofs as the device checks them: trees built here by the definition of RFC 9162 2.1.1, every path of
 * every size, and everything nearly right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "attest/enroll/proof.h"
#include "firmware/boundary/wire.h"

enum { largest_tree = 70 };

static struct proof_hash leaves[largest_tree];

static int make_leaves(void **state)
{
	(void)state;
	for (unsigned i = 0; i < largest_tree; i++) {
		const uint8_t data[] = {'e', 'n', 't', 'r', 'y', (uint8_t)i};
		assert_true(proof_leaf(BYTES_OF(data), &leaves[i]));
	}
	return 0;
}

static struct proof_hash node(struct proof_hash left, struct proof_hash right)
{
	uint8_t text[1 + 2 * proof_hash_size] = {1};
	struct proof_hash out;
	memcpy(text + 1, left.octets, proof_hash_size);
	memcpy(text + 1 + proof_hash_size, right.octets, proof_hash_size);
	SHA256(text, sizeof text, out.octets);
	return out;
}

/* The largest power of two below n. */
static size_t split(size_t n)
{
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

/* MTH of RFC 9162 2.1.1. */
static struct proof_hash root_of(size_t from, size_t count)
{
	if (count == 1)
		return leaves[from];
	const size_t k = split(count);
	return node(root_of(from, k), root_of(from + k, count - k));
}

/* PATH of RFC 9162 2.1.3.1. */
static void path_of(size_t index, size_t from, size_t count, struct proof_path *out)
{
	if (count == 1)
		return;
	const size_t k = split(count);
	if (index < k) {
		path_of(index, from, k, out);
		out->at[out->count++] = root_of(from + k, count - k);
	} else {
		path_of(index - k, from + k, count - k, out);
		out->at[out->count++] = root_of(from, k);
	}
}

static void every_path_of_every_size_leads_to_the_root(void **state)
{
	(void)state;
	for (size_t size = 1; size <= largest_tree; size++) {
		const struct proof_hash root = root_of(0, size);
		for (size_t index = 0; index < size; index++) {
			struct proof_path path = {.count = 0};
			path_of(index, 0, size, &path);
			assert_true(proof_is_included(&leaves[index], index, size, &path, &root));
		}
	}
}

static void a_path_of_another_leaf_index_or_size_is_refused(void **state)
{
	(void)state;
	for (size_t size = 1; size <= largest_tree; size += 3) {
		const struct proof_hash root = root_of(0, size);
		for (size_t index = 0; index < size; index++) {
			struct proof_path path = {.count = 0};
			path_of(index, 0, size, &path);
			for (size_t other = 0; other < size + 2; other++)
				assert_int_equal(proof_is_included(&leaves[index], other, size, &path, &root),
						 other == index);
			assert_false(proof_is_included(&leaves[(index + 1) % largest_tree], index, size, &path, &root));
			assert_false(proof_is_included(&leaves[index], index, 0, &path, &root));
			assert_false(proof_is_included(&leaves[index], UINT64_MAX, UINT64_MAX, &path, &root));
		}
	}
}

static void a_path_with_any_bit_flipped_cut_or_lengthened_is_refused(void **state)
{
	(void)state;
	for (size_t size = 2; size <= largest_tree; size += 17) {
		struct proof_hash root = root_of(0, size);
		for (size_t index = 0; index < size; index += 3) {
			struct proof_path path = {.count = 0};
			path_of(index, 0, size, &path);
			for (size_t bit = 0; bit < path.count * proof_hash_size * 8; bit++) {
				uint8_t *octet = &path.at[bit / 8 / proof_hash_size].octets[bit / 8 % proof_hash_size];
				*octet ^= (uint8_t)(1 << bit % 8);
				assert_false(proof_is_included(&leaves[index], index, size, &path, &root));
				*octet ^= (uint8_t)(1 << bit % 8);
			}
			path.count--;
			assert_false(proof_is_included(&leaves[index], index, size, &path, &root));
			path.count += 2;
			assert_false(proof_is_included(&leaves[index], index, size, &path, &root));
			path.count = proof_deepest + 1;
			assert_false(proof_is_included(&leaves[index], index, size, &path, &root));
		}
	}
}

/* ---- checkpoints ---- */

#define ORIGIN "ca.example/ledger"

static size_t make_note(EVP_PKEY *key, const char *origin, uint64_t size, const struct proof_hash *root,
			char note[proof_text_room])
{
	char hash[64], blob_text[256];
	uint8_t blob[200], digest[32], *spki = NULL;
	EVP_EncodeBlock((unsigned char *)hash, root->octets, proof_hash_size);
	const int text_size = snprintf(note, proof_text_room, "%s\n%llu\n%s\n", origin, (unsigned long long)size, hash);
	const int spki_size = i2d_PUBKEY(key, &spki);
	SHA256(spki, (size_t)spki_size, digest);
	OPENSSL_free(spki);
	memcpy(blob, digest, 4);
	size_t signature_size = sizeof blob - 4;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(context, blob + 4, &signature_size, (uint8_t *)note, (size_t)text_size), 1);
	EVP_MD_CTX_free(context);
	EVP_EncodeBlock((unsigned char *)blob_text, blob, (int)(4 + signature_size));
	return (size_t)text_size + (size_t)snprintf(note + text_size, proof_text_room - (size_t)text_size,
						    "\n\xe2\x80\x94 %s %s\n", origin, blob_text);
}

static bool is_taken(const char *note, size_t size, EVP_PKEY *key)
{
	struct proof_checkpoint checkpoint;
	return proof_read_checkpoint(bytes_from(note, size), &checkpoint) && proof_is_signed(&checkpoint, key);
}

static void a_checkpoint_of_the_audit_key_is_taken_and_of_another_is_not(void **state)
{
	(void)state;
	char note[proof_text_room];
	struct proof_checkpoint checkpoint;
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	const size_t size = make_note(key, ORIGIN, 42, &leaves[0], note);
	assert_true(proof_read_checkpoint(bytes_from(note, size), &checkpoint));
	assert_string_equal(checkpoint.origin, ORIGIN);
	assert_int_equal(checkpoint.size, 42);
	assert_memory_equal(checkpoint.root.octets, leaves[0].octets, proof_hash_size);
	assert_true(proof_is_signed(&checkpoint, key));
	assert_false(proof_is_signed(&checkpoint, other));
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
}

static void a_checkpoint_with_any_bit_flipped_or_cut_anywhere_is_refused(void **state)
{
	(void)state;
	char note[proof_text_room];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	const size_t size = make_note(key, ORIGIN, 42, &leaves[0], note);
	assert_true(is_taken(note, size, key));
	for (size_t bit = 0; bit < 8 * size; bit++) {
		note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
		assert_false(is_taken(note, size, key));
		note[bit / 8] = (char)(note[bit / 8] ^ 1 << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_false(is_taken(note, cut, key));
	EVP_PKEY_free(key);
}

static void a_checkpoint_of_another_shape_is_refused(void **state)
{
	(void)state;
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	static const char *const bad[] = {
		"",
		"\n",
		"a\n1\n" HASH "\n",
		"\n1\n" HASH "\n\n",
		"a b\n1\n" HASH "\n\n",
		"a\n01\n" HASH "\n\n",
		"a\n-1\n" HASH "\n\n",
		"a\n\n" HASH "\n\n",
		"a\n1\nAAAA\n\n",
		"a\n1\n" HASH "\nextension\n\n",
		"a\n1\n" HASH,
		"a\n99999999999999999999\n" HASH "\n\n",
		"a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
		"a\n1x\n" HASH "\n\n",
	};
	struct proof_checkpoint checkpoint;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(proof_read_checkpoint(bytes_from_text(bad[i]), &checkpoint));
	assert_true(proof_read_checkpoint(bytes_from_text("a\n0\n" HASH "\n\n"), &checkpoint));
}

/* ---- leaves ---- */

static void a_leaf_speaks_for_its_certificate_order_and_identifier_alone(void **state)
{
	(void)state;
	static const uint8_t tbs[] = "a certificate", other[] = "another";
	uint8_t octets[2048];
	struct buffer leaf = BUFFER(octets);
	struct message_ledger_entry entry = {.kind = 'c',
					     .order = bytes_from_text("order"),
					     .identifier_type = bytes_from_text("permanent-identifier"),
					     .identifier = bytes_from_text("device")};
	SHA256(tbs, sizeof tbs, entry.tbs_hash);
	assert_false(is_refused(wire_encode(message_ledger_entry, &entry, &leaf)));
	assert_true(proof_is_about(buffer_view(&leaf), BYTES_OF(tbs), "order", "device"));
	assert_false(proof_is_about(buffer_view(&leaf), BYTES_OF(other), "order", "device"));
	assert_false(proof_is_about(buffer_view(&leaf), BYTES_OF(tbs), "orde", "device"));
	assert_false(proof_is_about(buffer_view(&leaf), BYTES_OF(tbs), "order", "device "));
	assert_false(proof_is_about(bytes_from(octets, leaf.size - 1), BYTES_OF(tbs), "order", "device"));
	octets[0] = 'v';
	assert_false(proof_is_about(buffer_view(&leaf), BYTES_OF(tbs), "order", "device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_of_every_size_leads_to_the_root),
		cmocka_unit_test(a_path_of_another_leaf_index_or_size_is_refused),
		cmocka_unit_test(a_path_with_any_bit_flipped_cut_or_lengthened_is_refused),
		cmocka_unit_test(a_checkpoint_of_the_audit_key_is_taken_and_of_another_is_not),
		cmocka_unit_test(a_checkpoint_with_any_bit_flipped_or_cut_anywhere_is_refused),
		cmocka_unit_test(a_checkpoint_of_another_shape_is_refused),
		cmocka_unit_test(a_leaf_speaks_for_its_certificate_order_and_identifier_alone),
	};
	return cmocka_run_group_tests(tests, make_leaves, NULL);
}
