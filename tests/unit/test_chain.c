/* SPDX-License-Identifier: Apache-2.0
 * Paths from an AK certificate to a root, algorithms that are named beside the statement, and whom a statement speaks of. */
#include <openssl/hmac.h>

#include "attest/token/token.h"
#include "attest/verifier/chain_memory.h"
#include "ca/jose/base64url.h"
#include "tests/unit/statement_stage.h"

enum { most_between = 6 };

/* Judged with nothing remembered, and again after a good leaf from the same authorities: the same both times. */
static enum refusal judge_cold_and_warm(const struct device_statement *statement, const struct device_authority *last)
{
	struct device_octets certificate = {0};
	struct bytes chain[1 + most_between];
	struct device_statement first = *statement;
	make_certificate(&stage.ak, &(struct device_certificate){.authority = last}, &certificate);
	memcpy(chain, statement->chain, statement->chain_count * sizeof chain[0]);
	chain[0] = device_view(&certificate);
	first.chain = chain;
	chain_memory_forget();
	const enum refusal cold = judge_built(statement);
	judge_built(&first);
	assert_int_equal(judge_built(statement), cold);
	return cold;
}

/* Judges a good statement whose x5c is the AK certificate from the last authority and then what `sent` says. */
static enum refusal judge_path(const struct device_authority *last, const struct device_certificate *knobs,
			       const struct device_authority *const *sent, size_t count)
{
	struct device_octets certificate = {0};
	struct device_certificate options = knobs == NULL ? (struct device_certificate){0} : *knobs;
	struct bytes chain[1 + most_between];
	options.authority = last;
	make_certificate(&stage.ak, &options, &certificate);
	chain[0] = device_view(&certificate);
	for (size_t i = 0; i < count; i++)
		chain[1 + i] = bytes_from(sent[i]->der, sent[i]->size);
	struct device_statement statement = good();
	statement.chain = chain;
	statement.chain_count = 1 + count;
	return judge_cold_and_warm(&statement, last);
}

/* Two authorities below our own issuer; what the first is, the test says. */
struct line {
	struct device_authority first, second;
};

static void make_line(const struct device_authority_options *knobs, struct line *out)
{
	struct device_authority_options options = *knobs;
	options.name = "First";
	options.issuer = &stage.own;
	device_authority_new(&options, &out->first);
	device_authority_new(&(struct device_authority_options){.name = "Second", .issuer = &out->first}, &out->second);
}

static void free_line(struct line *line)
{
	device_authority_free(&line->first);
	device_authority_free(&line->second);
}

static enum refusal judge_line(const struct device_authority_options *knobs)
{
	struct line line;
	make_line(knobs, &line);
	const struct device_authority *const sent[] = {&line.second, &line.first};
	const enum refusal refusal = judge_path(&line.second, NULL, sent, 2);
	free_line(&line);
	return refusal;
}

static void case_32_a_path_longer_than_its_length_allows_is_refused(void **state)
{
	(void)state;
	assert_int_equal(judge_line(&(struct device_authority_options){0}), refusal_none);
	assert_int_equal(judge_line(&(struct device_authority_options){.constraints = "critical,CA:TRUE,pathlen:1"}),
			 refusal_none);
	assert_int_equal(judge_line(&(struct device_authority_options){.constraints = "critical,CA:TRUE,pathlen:0"}),
			 refusal_tpm_chain_untrusted);
}

static void case_32_names_outside_the_constraints_are_refused(void **state)
{
	(void)state;
	assert_int_equal(judge_line(&(struct device_authority_options){.name_constraints = "critical,excluded;DNS:a.example"}),
			 refusal_none);
	assert_int_equal(judge_line(&(struct device_authority_options){.name_constraints = "critical,permitted;URI:a.example"}),
			 refusal_tpm_chain_untrusted);
}

static void case_32_a_root_that_has_expired_is_refused(void **state)
{
	(void)state;
	struct device_authority old;
	device_authority_new(&(struct device_authority_options){.name = "Old", .starts_s = -7200, .ends_s = -3600}, &old);
	stage.verifier.directories[0].ak_roots.at[stage.verifier.directories[0].ak_roots.count++] = old.certificate;
	const enum refusal refusal = judge_path(&old, NULL, NULL, 0);
	stage.verifier.directories[0].ak_roots.count--;
	device_authority_free(&old);
	assert_int_equal(refusal, refusal_tpm_chain_untrusted);
}

/* RFC 5280 lets a certificate outlive its issuer; the path ends when the issuer does. */
static void case_32_a_leaf_that_outlives_its_issuer_is_good_while_the_issuer_is(void **state)
{
	(void)state;
	struct device_authority between;
	device_authority_new(
		&(struct device_authority_options){.name = "B", .issuer = &stage.own, .starts_s = -60, .ends_s = 3600},
		&between);
	const struct device_authority *const sent[] = {&between};
	assert_int_equal(judge_path(&between, NULL, sent, 1), refusal_none);
	device_authority_free(&between);
}

static void case_28_whatever_is_not_the_path_itself_is_refused(void **state)
{
	(void)state;
	struct line line;
	make_line(&(struct device_authority_options){0}, &line);
	const struct device_authority *const right[] = {&line.second, &line.first};
	const struct device_authority *const with_root[] = {&line.second, &line.first, &stage.own};
	const struct device_authority *const gap[] = {&line.first};
	const struct device_authority *const turned[] = {&line.first, &line.second};
	const struct device_authority *const twice[] = {&line.second, &line.second, &line.first};
	const struct device_authority *const stranger[] = {&line.second, &line.first, &stage.own, &stage.foreign};
	assert_int_equal(judge_path(&line.second, NULL, right, 2), refusal_none);
	assert_int_equal(judge_path(&line.second, NULL, with_root, 3), refusal_none);
	assert_int_equal(judge_path(&line.second, NULL, gap, 1), refusal_tpm_chain_malformed);
	assert_int_equal(judge_path(&line.second, NULL, turned, 2), refusal_tpm_chain_malformed);
	assert_int_equal(judge_path(&line.second, NULL, twice, 3), refusal_tpm_chain_malformed);
	assert_int_equal(judge_path(&line.second, NULL, stranger, 4), refusal_tpm_chain_malformed);
	free_line(&line);
}

/* The copy of our issuer has its name and key, but is signed by someone else: it is not what the path holds. */
static void a_stranger_in_the_place_of_the_issuer_is_refused(void **state)
{
	(void)state;
	struct device_authority copy;
	device_authority_new(&(struct device_authority_options){.name = "AK issuer", .key = stage.own.key}, &copy);
	const struct device_authority *const sent[] = {&copy}, *const honest[] = {&stage.own};
	assert_int_equal(judge_path(&stage.own, NULL, honest, 1), refusal_none);
	assert_int_equal(judge_path(&stage.own, NULL, sent, 1), refusal_tpm_chain_untrusted);
	device_authority_free(&copy);
}

static void case_28_authorities_that_sign_each_other_are_refused(void **state)
{
	(void)state;
	struct device_authority a, b, a_by_b;
	device_authority_new(&(struct device_authority_options){.name = "A"}, &a);
	device_authority_new(&(struct device_authority_options){.name = "B", .issuer = &a}, &b);
	device_authority_new(&(struct device_authority_options){.name = "A", .issuer = &b, .key = a.key}, &a_by_b);
	const struct device_authority *const round[] = {&b, &a_by_b, &b, &a_by_b, &b};
	assert_int_equal(judge_path(&b, NULL, round, 5), refusal_tpm_chain_untrusted);
	device_authority_free(&a);
	device_authority_free(&b);
	device_authority_free(&a_by_b);
}

static void case_28_a_certificate_in_ber_is_refused(void **state)
{
	(void)state;
	struct device_octets ber = {0};
	const uint8_t *der = stage.ak_certificate.data;
	const size_t size = stage.ak_certificate.size;
	assert_int_equal(der[1], 0x82);
	device_append(&ber, (const uint8_t[]){0x30, 0x83, 0x00, der[2], der[3]}, 5); /* a length of one octet too many */
	device_append(&ber, der + 4, size - 4);
	const struct bytes chain[1] = {device_view(&ber)};
	struct device_statement statement = good();
	statement.chain = chain;
	EXPECT(&statement, tpm_chain_malformed);
	ber.size = 0;
	device_append(&ber, (const uint8_t[]){0x30, 0x80}, 2); /* an indefinite one */
	device_append(&ber, der + 4, size - 4);
	device_append(&ber, "\0", 2);
	const struct bytes indefinite[1] = {device_view(&ber)};
	statement.chain = indefinite;
	EXPECT(&statement, tpm_chain_malformed);
}

static void case_43_alg_names_the_ak_or_the_family_of_the_certified_key(void **state)
{
	(void)state;
	const struct bytes chain[1] = {device_view(&stage.rsa_ak_certificate)};
	struct device_statement statement = good();
	statement.algorithm = -257; /* RS256, though both keys are on curves */
	EXPECT(&statement, tpm_algorithm_refused);
	statement.algorithm = -37;
	EXPECT(&statement, tpm_algorithm_refused);
	statement.algorithm = -8;
	EXPECT(&statement, tpm_algorithm_refused);
	statement.algorithm = 7;
	EXPECT(&statement, tpm_algorithm_refused);
	statement.left_out = "alg";
	EXPECT(&statement, tpm_algorithm_refused);
	statement = good();
	statement.ak = &stage.rsa_ak;
	statement.chain = chain;
	statement.algorithm = -257;
	assert_int_equal(judge_built(&statement), refusal_none);
	statement.algorithm = -37; /* PS256, and RSASSA signs */
	EXPECT(&statement, tpm_algorithm_refused);
	statement.scheme = TPM2_ALG_RSAPSS;
	assert_int_equal(judge_built(&statement), refusal_none);
	statement.said_scheme = TPM2_ALG_RSASSA;
	statement.algorithm = -257;
	EXPECT(&statement, tpm_signature_wrong);
}

static enum refusal judge_key(void (*change)(TPMT_PUBLIC *public), enum device_kind kind)
{
	struct device_key key;
	struct device_statement statement = good();
	device_key_new(device_role_key, kind, &key);
	change(&key.public);
	device_key_refresh(&key);
	statement.key = &key;
	const enum refusal refusal = judge_built(&statement);
	device_key_free(&key);
	return refusal;
}

static void with_ecdsa(TPMT_PUBLIC *public)
{
	public->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
	public->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
}
static void with_ecdaa(TPMT_PUBLIC *public)
{
	public->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDAA;
	public->parameters.eccDetail.scheme.details.ecdaa.hashAlg = TPM2_ALG_SHA256;
}
static void with_kdf(TPMT_PUBLIC *public)
{
	public->parameters.eccDetail.kdf.scheme = TPM2_ALG_KDF1_SP800_56A;
	public->parameters.eccDetail.kdf.details.kdf1_sp800_56a.hashAlg = TPM2_ALG_SHA256;
}
static void with_oaep(TPMT_PUBLIC *public)
{
	public->parameters.rsaDetail.scheme.scheme = TPM2_ALG_OAEP;
	public->parameters.rsaDetail.scheme.details.oaep.hashAlg = TPM2_ALG_SHA256;
}
static void with_exponent_3(TPMT_PUBLIC *public)
{
	public->parameters.rsaDetail.exponent = 3;
}
static void with_exponent_written_out(TPMT_PUBLIC *public)
{
	public->parameters.rsaDetail.exponent = 65537;
}
static void with_another_curve(TPMT_PUBLIC *public)
{
	public->parameters.eccDetail.curveID = TPM2_ECC_SM2_P256;
}

static void case_52_schemes_and_curves_beside_plain_signatures_are_refused(void **state)
{
	(void)state;
	assert_int_equal(judge_key(with_ecdsa, device_p256), refusal_none);
	assert_int_equal(judge_key(with_ecdaa, device_p256), refusal_tpm_key_attributes);
	assert_int_equal(judge_key(with_kdf, device_p256), refusal_tpm_key_attributes);
	assert_int_equal(judge_key(with_oaep, device_rsa2048), refusal_tpm_key_attributes);
	assert_int_equal(judge_key(with_another_curve, device_p256), refusal_tpm_key_weak);
}

static void case_39_an_exponent_of_0_is_65537_and_a_small_one_is_weak(void **state)
{
	(void)state;
	assert_int_equal(judge_key(with_exponent_written_out, device_rsa2048), refusal_none);
	assert_int_equal(judge_key(with_exponent_3, device_rsa2048), refusal_tpm_key_weak);
}

static void a_model_with_odd_octets_is_taken_since_real_ones_have_a_nul(void **state)
{
	(void)state;
	ACCEPT_CERTIFICATE(.model = "NPCT75x\x01\"!!4rls");
	EXPECT_CERTIFICATE(tpm_ak_names, .version = "id:\x01");
	EXPECT_CERTIFICATE(tpm_ak_names, .model = "a model whose name is longer than any real one and than our room for it, by far");
}

/* A token as the verifier makes it, dated `age_s` ago: what its own key would have made then. */
static struct bytes make_aged(const struct bytes values[5], uint64_t age_s, struct buffer *out)
{
	enum { random_size = 24, head_size = random_size + 8 };
	uint8_t text[1024], octets[64], tag[32];
	struct buffer bound = BUFFER(text), whole = BUFFER(octets);
	struct timespec now;
	unsigned size = 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	const uint64_t made = (uint64_t)now.tv_sec - age_s;
	memset(octets, 5, random_size);
	for (size_t i = 0; i < 8; i++)
		octets[random_size + i] = (uint8_t)(made >> (56 - 8 * i));
	whole.size = head_size;
	const struct bytes parts[7] = {bytes_from_text("keyward token 2"), buffer_view(&whole), values[0], values[1],
				       values[2],			   values[3],		values[4]};
	for (size_t i = 0; i < 7; i++) {
		const uint8_t length[4] = {0, 0, (uint8_t)(parts[i].size >> 8), (uint8_t)parts[i].size};
		assert_true(buffer_add(&bound, length, 4) && buffer_add(&bound, parts[i].data, parts[i].size));
	}
	assert_non_null(HMAC(EVP_sha256(), stage.verifier.settings.token_key, 32, bound.data, bound.size, tag, &size));
	assert_true(buffer_add(&whole, tag, 30));
	assert_true(base64url_encode(buffer_view(&whole), out));
	return buffer_view(out);
}

static enum refusal judge_aged(uint64_t age_s)
{
	uint8_t token_text[128];
	struct buffer token = BUFFER(token_text);
	struct device_octets octets = {0};
	struct message_statement_judge ask = ask_with(bytes_from(NULL, 0));
	const struct bytes values[5] = {ask.directory, ask.order, ask.identifier_type, ask.identifier,
					bytes_from_text("device-attest-01")};
	ask.token = make_aged(values, age_s, &token);
	struct device_statement statement = good();
	statement.token = ask.token;
	device_statement_build(&statement, &octets);
	ask.statement = device_view(&octets);
	return judge_ask(&ask);
}

static void tokens_expire(void **state)
{
	(void)state;
	assert_int_equal(judge_aged(0), refusal_none);
	assert_int_equal(judge_aged(token_life_s + 1), refusal_token_expired);
	assert_int_equal(judge_aged(UINT64_C(0) - 100), refusal_token_expired); /* from the future */
}

#define MODULE "7/1.2.3"

static void a_hardware_module_without_an_enrolment_record_is_refused(void **state)
{
	(void)state;
	uint8_t room_octets[512];
	struct buffer room = BUFFER(room_octets);
	struct device_octets octets = {0};
	struct message_order_opened opened;
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("hardware-module", MODULE)}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &room, &opened)));
	struct device_statement statement = good();
	statement.token = opened.tokens.at[0];
	device_statement_build(&statement, &octets);
	struct message_statement_judge ask = ask_with(device_view(&octets));
	ask.order = opened.order;
	ask.token = opened.tokens.at[0];
	ask.identifier_type = bytes_from_text("hardware-module");
	ask.identifier = bytes_from_text(MODULE);
	assert_int_equal(judge_ask(&ask), refusal_identity_mismatch);
}

static void case_31_a_root_more_takes_nothing_from_the_others(void **state)
{
	(void)state;
	stage.verifier.directories[0].ak_roots.at[stage.verifier.directories[0].ak_roots.count++] = stage.maker_of_others.certificate;
	const enum refusal ours = judge_certificate(&(struct device_certificate){0});
	const enum refusal foreign = judge_certificate(
		&(struct device_certificate){.authority = &stage.foreign, .permanent_identifier = stage.identifier});
	const enum refusal added = judge_certificate(
		&(struct device_certificate){.authority = &stage.maker_of_others, .permanent_identifier = stage.identifier});
	const enum refusal as_ours = judge_certificate(&(struct device_certificate){.authority = &stage.maker_of_others});
	stage.verifier.directories[0].ak_roots.count--;
	assert_int_equal(ours, refusal_none);
	assert_int_equal(foreign, refusal_none);
	assert_int_equal(added, refusal_none);
	assert_int_equal(as_ours, refusal_identity_mismatch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_28_whatever_is_not_the_path_itself_is_refused),
		cmocka_unit_test(a_stranger_in_the_place_of_the_issuer_is_refused),
		cmocka_unit_test(case_28_authorities_that_sign_each_other_are_refused),
		cmocka_unit_test(case_28_a_certificate_in_ber_is_refused),
		cmocka_unit_test(case_31_a_root_more_takes_nothing_from_the_others),
		cmocka_unit_test(case_32_a_path_longer_than_its_length_allows_is_refused),
		cmocka_unit_test(case_32_names_outside_the_constraints_are_refused),
		cmocka_unit_test(case_32_a_root_that_has_expired_is_refused),
		cmocka_unit_test(case_32_a_leaf_that_outlives_its_issuer_is_good_while_the_issuer_is),
		cmocka_unit_test(case_39_an_exponent_of_0_is_65537_and_a_small_one_is_weak),
		cmocka_unit_test(case_43_alg_names_the_ak_or_the_family_of_the_certified_key),
		cmocka_unit_test(case_52_schemes_and_curves_beside_plain_signatures_are_refused),
		cmocka_unit_test(a_model_with_odd_octets_is_taken_since_real_ones_have_a_nul),
		cmocka_unit_test(tokens_expire),
		cmocka_unit_test(a_hardware_module_without_an_enrolment_record_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
