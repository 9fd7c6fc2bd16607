/* SPDX-License-Identifier: Apache-2.0
 * Paths whose upper part is remembered: each is judged exactly as if it were not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include "attest/verifier/chain.h"
#include "attest/verifier/chain_memory.h"
#include "tests/device/certificate.h"

enum { day_s = 86400 };
static const struct revocation_lists no_lists;

/* A root, two authorities below it, and a leaf. */
struct line {
	struct device_authority root, first, second;
	X509 *leaf;
	STACK_OF(X509) *between; /* second, then first */
	struct chain_roots roots;
};

struct verdict {
	bool is_good;
	uint8_t root_hash[32];
	struct detail detail;
};

static X509 *leaf_of(const struct device_leaf *knobs, const struct device_authority *issuer)
{
	static EVP_PKEY *key;
	struct device_octets der = {0};
	struct device_leaf leaf = knobs == NULL ? (struct device_leaf){0} : *knobs;
	if (key == NULL)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	leaf.authority = issuer;
	leaf.key = key;
	device_leaf_build(&leaf, &der);
	X509 *made = certificate_parse(device_view(&der));
	assert_non_null(made);
	return made;
}

static void open_line(const struct device_authority_options *knobs, struct line *out)
{
	struct device_authority_options options = *knobs;
	device_authority_new(&(struct device_authority_options){.name = "Root"}, &out->root);
	options.name = "First";
	options.issuer = &out->root;
	device_authority_new(&options, &out->first);
	device_authority_new(&(struct device_authority_options){.name = "Second", .issuer = &out->first}, &out->second);
	out->leaf = leaf_of(NULL, &out->second);
	out->between = sk_X509_new_null();
	sk_X509_push(out->between, out->second.certificate);
	sk_X509_push(out->between, out->first.certificate);
	out->roots = (struct chain_roots){.at = {out->root.certificate}, .count = 1};
}

static void close_line(struct line *line)
{
	sk_X509_free(line->between);
	X509_free(line->leaf);
	device_authority_free(&line->root);
	device_authority_free(&line->first);
	device_authority_free(&line->second);
}

static struct verdict judge(X509 *leaf, STACK_OF(X509) *between, const struct chain_roots *roots)
{
	struct verdict verdict = {.is_good = false};
	const struct chain_question question = {leaf, between, chain_in_order, roots, &no_lists};
	verdict.is_good = chain_verify(&question, verdict.root_hash, &verdict.detail) == chain_good;
	assert_int_equal(sk_X509_num(between), 2); /* nobody's stack is changed */
	return verdict;
}

/* With nothing remembered, and with the line's own path; the same both times. Whether the memory was of use is the caller's to say. */
static struct verdict judge_twice(const struct line *line, X509 *leaf, const struct chain_roots *roots, bool is_used)
{
	chain_memory_forget();
	const struct verdict cold = judge(leaf, line->between, roots);
	chain_memory_forget();
	assert_true(judge(line->leaf, line->between, &line->roots).is_good);
	assert_int_equal(chain_memory_uses(), 0);
	const struct verdict warm = judge(leaf, line->between, roots);
	assert_int_equal(chain_memory_uses(), is_used);
	assert_int_equal(warm.is_good, cold.is_good);
	assert_string_equal(warm.detail.text, cold.detail.text);
	assert_memory_equal(warm.root_hash, cold.root_hash, 32);
	return warm;
}

static void a_path_that_is_remembered_is_good_again(void **state)
{
	(void)state;
	struct line line;
	uint8_t hash[32];
	unsigned size = 0;
	open_line(&(struct device_authority_options){0}, &line);
	X509 *other = leaf_of(&(struct device_leaf){.unit = "another"}, &line.second);
	const struct verdict verdict = judge_twice(&line, other, &line.roots, true);
	assert_true(verdict.is_good);
	assert_true(X509_digest(line.root.certificate, EVP_sha256(), hash, &size) == 1);
	assert_memory_equal(verdict.root_hash, hash, 32);
	X509_free(other);
	close_line(&line);
}

static void the_leafs_own_signature_is_always_checked(void **state)
{
	(void)state;
	struct line line;
	open_line(&(struct device_authority_options){0}, &line);
	X509 *spoilt = leaf_of(&(struct device_leaf){.has_wrong_signature = true}, &line.second);
	assert_false(judge_twice(&line, spoilt, &line.roots, true).is_good);
	X509_free(spoilt);
	struct device_authority impostor; /* of the same name, another key */
	device_authority_new(&(struct device_authority_options){.name = "Second", .issuer = &line.first}, &impostor);
	X509 *foreign = leaf_of(NULL, &impostor);
	assert_false(judge(foreign, line.between, &line.roots).is_good);
	X509_free(foreign);
	device_authority_free(&impostor);
	close_line(&line);
}

/* Another octet anywhere is another path. */
static void no_bit_of_a_remembered_certificate_is_idle(void **state)
{
	(void)state;
	struct line line;
	open_line(&(struct device_authority_options){0}, &line);
	for (int at = 0; at < 2; at++) {
		const struct device_authority *whole = at == 0 ? &line.second : &line.first;
		uint8_t der[sizeof whole->der];
		memcpy(der, whole->der, whole->size);
		chain_memory_forget();
		assert_true(judge(line.leaf, line.between, &line.roots).is_good);
		for (size_t bit = 0; bit < 8 * whole->size; bit++) {
			der[bit / 8] ^= (uint8_t)(1U << bit % 8);
			X509 *bent = certificate_parse(bytes_from(der, whole->size));
			der[bit / 8] ^= (uint8_t)(1U << bit % 8);
			if (bent == NULL)
				continue;
			sk_X509_set(line.between, at, bent);
			if (judge(line.leaf, line.between, &line.roots).is_good)
				fail_msg("bit %zu of octet %zu of certificate %d flipped, and accepted", bit % 8, bit / 8, at + 1);
			sk_X509_set(line.between, at, whole->certificate);
			X509_free(bent);
		}
		assert_int_equal(chain_memory_uses(), 0);
	}
	close_line(&line);
}

static void trust_is_not_remembered(void **state)
{
	(void)state;
	struct line line, other;
	struct device_authority twin;
	open_line(&(struct device_authority_options){0}, &line);
	open_line(&(struct device_authority_options){0}, &other);
	device_authority_new(&(struct device_authority_options){.name = "Root", .key = line.root.key, .starts_s = -50, .ends_s = 50}, &twin);
	const struct chain_roots none = {.count = 0}, stranger = {.at = {other.root.certificate}, .count = 1};
	const struct chain_roots same_key = {.at = {twin.certificate}, .count = 1};
	assert_false(judge_twice(&line, line.leaf, &none, false).is_good);
	assert_false(judge_twice(&line, line.leaf, &stranger, false).is_good);
	assert_true(judge_twice(&line, line.leaf, &same_key, false).is_good); /* a path of its own */
	device_authority_free(&twin);
	close_line(&line);
	close_line(&other);
}

static void every_time_counts_each_time(void **state)
{
	(void)state;
	struct line line;
	open_line(&(struct device_authority_options){.starts_s = -2 * day_s, .ends_s = 2 * day_s}, &line);
	X509 *early = leaf_of(&(struct device_leaf){.starts_s = -9 * day_s, .ends_s = 9 * day_s}, &line.second);
	X509 *over = leaf_of(&(struct device_leaf){.starts_s = -9 * day_s, .ends_s = -1}, &line.second);
	struct chain_roots then = line.roots;
	for (int day = -4; day <= 4; day++) { /* the root and who issued the leaf start a day ago, the one between ends in two */
		then.at_s = (int64_t)time(NULL) + day * (int64_t)day_s + 60;
		const bool is_time = day >= -1 && day < 2;
		assert_int_equal(judge_twice(&line, early, &then, is_time).is_good, is_time);
	}
	assert_false(judge_twice(&line, over, &line.roots, true).is_good);
	then = line.roots;
	then.may_leaf_be_expired = true;
	assert_true(judge_twice(&line, over, &then, true).is_good);
	X509_free(early);
	X509_free(over);
	close_line(&line);
}

static void what_those_above_forbid_is_forbidden_each_time(void **state)
{
	(void)state;
	static const uint8_t name[] = {0x30, 11, 0x82, 9, 'a', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
	const struct device_extension names = {.oid = "2.5.29.17", .value = bytes_from(name, sizeof name)};
	const struct device_extension unknown = {.oid = "1.2.3.4.5", .value = bytes_from(name, sizeof name), .is_critical = true};
	struct line line;
	open_line(&(struct device_authority_options){.name_constraints = "critical,excluded;DNS:a.example"}, &line);
	X509 *named = leaf_of(&(struct device_leaf){.extensions = &names, .extension_count = 1}, &line.second);
	X509 *odd = leaf_of(&(struct device_leaf){.extensions = &unknown, .extension_count = 1}, &line.second);
	X509 *weak = leaf_of(&(struct device_leaf){.digest = "SHA1"}, &line.second);
	/* these are found before any signature is checked */
	assert_false(judge_twice(&line, odd, &line.roots, false).is_good);
	assert_false(judge_twice(&line, weak, &line.roots, false).is_good);
	const struct verdict verdict = judge_twice(&line, named, &line.roots, true);
	assert_false(verdict.is_good);
	assert_non_null(strstr(verdict.detail.text, "excluded subtree"));
	X509_free(named);
	X509_free(odd);
	X509_free(weak);
	close_line(&line);
	/* a path that breaks a rule is never remembered */
	device_authority_new(&(struct device_authority_options){.name = "Root"}, &line.root);
	device_authority_new(&(struct device_authority_options){.name = "First", .issuer = &line.root, .constraints = "critical,CA:TRUE,pathlen:0"}, &line.first);
	device_authority_new(&(struct device_authority_options){.name = "Second", .issuer = &line.first}, &line.second);
	line.leaf = leaf_of(NULL, &line.second);
	line.between = sk_X509_new_null();
	sk_X509_push(line.between, line.second.certificate);
	sk_X509_push(line.between, line.first.certificate);
	line.roots = (struct chain_roots){.at = {line.root.certificate}, .count = 1};
	chain_memory_forget();
	for (int i = 0; i < 2; i++)
		assert_false(judge(line.leaf, line.between, &line.roots).is_good);
	assert_int_equal(chain_memory_uses(), 0);
	close_line(&line);
}

/* Nor one with a signature above the leaf that is wrong. */
static void what_was_not_found_right_is_not_remembered(void **state)
{
	(void)state;
	struct line line;
	open_line(&(struct device_authority_options){0}, &line);
	struct device_authority forged;
	device_authority_new(&(struct device_authority_options){.name = "First", .issuer = &line.second, .issued_as = "Root", .key = line.first.key}, &forged);
	sk_X509_set(line.between, 1, forged.certificate);
	chain_memory_forget();
	for (int i = 0; i < 3; i++)
		assert_false(judge(line.leaf, line.between, &line.roots).is_good);
	assert_int_equal(chain_memory_uses(), 0);
	device_authority_free(&forged);
	close_line(&line);
}

static void more_paths_than_there_is_room_for_are_judged_all_the_same(void **state)
{
	(void)state;
	struct line line;
	open_line(&(struct device_authority_options){0}, &line);
	chain_memory_forget();
	for (int i = 0; i < 200; i++) {
		struct device_authority one;
		device_authority_new(&(struct device_authority_options){.name = "Second", .issuer = &line.first, .key = line.second.key}, &one);
		sk_X509_set(line.between, 0, one.certificate);
		assert_true(judge(line.leaf, line.between, &line.roots).is_good);
		assert_true(judge(line.leaf, line.between, &line.roots).is_good);
		sk_X509_set(line.between, 0, line.second.certificate);
		device_authority_free(&one);
	}
	assert_int_equal(chain_memory_uses(), 200);
	close_line(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_is_remembered_is_good_again),
		cmocka_unit_test(the_leafs_own_signature_is_always_checked),
		cmocka_unit_test(no_bit_of_a_remembered_certificate_is_idle),
		cmocka_unit_test(trust_is_not_remembered),
		cmocka_unit_test(every_time_counts_each_time),
		cmocka_unit_test(what_those_above_forbid_is_forbidden_each_time),
		cmocka_unit_test(what_was_not_found_right_is_not_remembered),
		cmocka_unit_test(more_paths_than_there_is_room_for_are_judged_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
