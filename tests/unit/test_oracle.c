/* SPDX-License-Identifier: Apache-2.0
 * The semantic oracle of statements: with each kind of AK and key, and a chain of two certificates, no single bit may be
 * flipped, no octet be cut or added. */
#include "tests/unit/statement_stage.h"

struct pair {
	const struct device_key *ak, *key;
	bool is_raw;
	bool spares_chain; /* leaves x5c alone, whose every bit another pair has flipped */
};

static void build(const struct pair *pair, struct device_octets *out, struct bytes *x5c)
{
	struct device_authority between;
	struct device_octets certificate = {0};
	device_authority_new(&(struct device_authority_options){.name = "Between", .issuer = &stage.own}, &between);
	make_certificate(pair->ak, &(struct device_certificate){.authority = &between}, &certificate);
	const struct bytes chain[2] = {device_view(&certificate), {between.der, between.size}};
	struct device_statement statement = good();
	statement.ak = pair->ak;
	statement.key = pair->key;
	statement.is_raw = pair->is_raw;
	statement.algorithm = pair->is_raw && pair->ak->public.type == TPM2_ALG_RSA ? -257 : 0;
	statement.chain = chain;
	statement.chain_count = 2;
	device_statement_build(&statement, out);
	const uint8_t *start = memmem(out->data, out->size, chain[0].data, chain[0].size);
	const uint8_t *last = memmem(out->data, out->size, chain[1].data, chain[1].size);
	assert_non_null(start);
	assert_non_null(last);
	*x5c = pair->spares_chain ? bytes_from(start, (size_t)(last - start) + chain[1].size) : bytes_from(NULL, 0);
	device_authority_free(&between);
}

static bool is_within(const uint8_t *octet, struct bytes range)
{
	return range.size != 0 && octet >= range.data && octet < range.data + range.size;
}

/* The certificate between is under a signature too: nothing that came may be idle. */
static void expect_no_flip(const struct pair *pair)
{
	struct device_octets octets = {0};
	struct bytes spared;
	build(pair, &octets, &spared);
	assert_int_equal(judge(device_view(&octets)), refusal_none);
	for (size_t bit = 0; bit < octets.size * 8; bit++) {
		if (is_within(&octets.data[bit / 8], spared))
			continue;
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (judge(device_view(&octets)) == refusal_none)
			fail_msg("bit %zu of octet %zu of %zu flipped, and accepted", bit % 8, bit / 8, octets.size);
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t size = 0; size < octets.size; size++)
		assert_int_not_equal(judge(bytes_from(octets.data, size)), refusal_none);
	for (unsigned added = 0; added < 256; added++) {
		octets.data[octets.size] = (uint8_t)added;
		assert_int_not_equal(judge(bytes_from(octets.data, octets.size + 1)), refusal_none);
	}
}

static void no_bit_is_idle_with_an_ecc_ak_and_an_ecc_key(void **state)
{
	(void)state;
	expect_no_flip(&(struct pair){.ak = &stage.ak, .key = &stage.key});
}

static void no_bit_is_idle_with_an_ecc_ak_and_an_rsa_key(void **state)
{
	(void)state;
	expect_no_flip(&(struct pair){&stage.ak, &stage.rsa_key, .spares_chain = true});
}

static void no_bit_is_idle_with_an_rsa_ak_and_an_ecc_key(void **state)
{
	(void)state;
	expect_no_flip(&(struct pair){&stage.rsa_ak, &stage.key, .spares_chain = true});
}

static void no_bit_is_idle_with_an_rsa_ak_and_an_rsa_key(void **state)
{
	(void)state;
	expect_no_flip(&(struct pair){.ak = &stage.rsa_ak, .key = &stage.rsa_key});
}

static void no_bit_is_idle_with_a_bare_signature(void **state)
{
	(void)state;
	expect_no_flip(&(struct pair){&stage.ak, &stage.key, .is_raw = true, .spares_chain = true});
	expect_no_flip(&(struct pair){&stage.rsa_ak, &stage.rsa_key, .is_raw = true, .spares_chain = true});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bit_is_idle_with_an_ecc_ak_and_an_ecc_key),
		cmocka_unit_test(no_bit_is_idle_with_an_ecc_ak_and_an_rsa_key),
		cmocka_unit_test(no_bit_is_idle_with_an_rsa_ak_and_an_ecc_key),
		cmocka_unit_test(no_bit_is_idle_with_an_rsa_ak_and_an_rsa_key),
		cmocka_unit_test(no_bit_is_idle_with_a_bare_signature),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
