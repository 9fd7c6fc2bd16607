/* SPDX-License-Identifier: Apache-2.0
 * Statements of format tpm from a software device, good ones and one for each lie, judged by the verifier's own code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "tests/device/identifier.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/rsa.h"
#include "tests/unit/statement_stage.h"

static void good_statements_of_every_kind_are_accepted(void **state)
{
	(void)state;
	struct device_statement statement = good();
	assert_int_equal(judge_built(&statement), refusal_none);
	statement.is_raw = true;
	assert_int_equal(judge_built(&statement), refusal_none);
	statement = good();
	statement.key = &stage.rsa_key;
	assert_int_equal(judge_built(&statement), refusal_none);
	const struct bytes chain[1] = {device_view(&stage.rsa_ak_certificate)};
	statement = good();
	statement.ak = &stage.rsa_ak;
	statement.chain = chain;
	assert_int_equal(judge_built(&statement), refusal_none); /* alg says ES256 and an RSA AK signs, as step CLI does */
	statement.has_auth_data = true;
	for (statement.rotation = 0; statement.rotation < 6; statement.rotation++)
		assert_int_equal(judge_built(&statement), refusal_none);
}

static void the_voucher_says_what_was_proven(void **state)
{
	(void)state;
	struct device_octets octets = {0};
	const struct device_statement statement = good();
	device_statement_build(&statement, &octets);
	const struct message_statement_judge ask = ask_with(device_view(&octets));
	struct buffer room = BUFFER(stage.answer_room);
	struct message_statement_judged answer;
	struct message_device_voucher voucher;
	struct detail detail = {.text = ""};
	assert_false(is_refused(verifier_statement_judge(&stage.verifier, &ask, &room, &answer, &detail)));
	assert_false(is_refused(voucher_open(message_device_voucher, answer.voucher,
					     stage.verifier.settings.device_key, &voucher)));
	assert_memory_equal(voucher.spki_hash, stage.key.spki_hash, 32);
	assert_memory_equal(voucher.account_thumbprint, stage.thumbprint, 32);
	assert_true(bytes_equal(voucher.order, stage.order.order));
	assert_true(bytes_equal_text(voucher.identifier, stage.identifier));
	assert_int_equal(voucher.assurance, 1);
	assert_int_equal(voucher.record_sequence, 0);
	assert_null(memmem(answer.claims.data, answer.claims.size, "record", 6));
	assert_false(is_refused(voucher_judge_expiry(voucher.expires_boot_s)));
}

/* Whatever bit is flipped, no statement of the same bytes but one is accepted. */
static void no_statement_with_a_flipped_bit_is_accepted(void **state)
{
	(void)state;
	struct device_octets octets = {0};
	const struct device_statement statement = good();
	device_statement_build(&statement, &octets);
	for (size_t bit = 0; bit < octets.size * 8; bit++) {
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (judge(device_view(&octets)) == refusal_none)
			fail_msg("bit %zu of octet %zu flipped, and accepted", bit % 8, bit / 8);
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void a_statement_cut_anywhere_is_refused(void **state)
{
	(void)state;
	struct device_octets octets = {0};
	const struct device_statement statement = good();
	device_statement_build(&statement, &octets);
	for (size_t size = 0; size < octets.size; size++)
		assert_int_not_equal(judge(bytes_from(octets.data, size)), refusal_none);
	octets.data[octets.size] = 0;
	assert_int_equal(judge(bytes_from(octets.data, octets.size + 1)), refusal_cbor_malformed);
}

static void every_check_of_the_table_refuses_by_its_own_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < format_tpm.check_count; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(format_tpm.checks[i].refusal.refusal, format_tpm.checks[k].refusal.refusal);
	assert_int_equal(format_tpm.check_count, refusal_tpm_key_weak - refusal_tpm_version_wrong + 1);
}

static void case_34_a_wrong_magic_is_refused(void **state)
{
	(void)state;
	struct device_statement statement = good();
	statement.magic = 0xff544348;
	EXPECT(&statement, tpm_magic_wrong);
}

static void case_35_an_attestation_of_another_type_is_refused(void **state)
{
	(void)state;
	static const uint16_t types[] = {0x8018, 0x801a, 0x8014, 0x8019, 0x8016};
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct device_statement statement = good();
		statement.type = types[i];
		EXPECT(&statement, tpm_type_wrong);
	}
}

static void case_37_extra_data_for_anything_else_is_refused(void **state)
{
	(void)state;
	uint8_t hash[64], other[32] = {9};
	unsigned size = 0;
	const struct bytes token = stage.order.tokens.at[0];
	struct device_statement statement = good();
	statement.thumbprint = other;
	EXPECT(&statement, tpm_extra_data_wrong);
	statement = good();
	EVP_Digest(token.data, token.size, hash, &size, EVP_sha256(), NULL);
	const struct bytes of_token = {hash, 32}, prefix = {hash, 31}, empty = {hash, 0};
	statement.extra_data = &of_token;
	EXPECT(&statement, tpm_extra_data_wrong);
	statement.extra_data = &prefix;
	EXPECT(&statement, tpm_extra_data_wrong);
	statement.extra_data = &empty;
	EXPECT(&statement, tpm_extra_data_wrong);
	EVP_Digest(token.data, token.size, hash, &size, EVP_sha1(), NULL);
	const struct bytes of_sha1 = {hash, 20};
	statement.extra_data = &of_sha1;
	EXPECT(&statement, tpm_extra_data_wrong);
	statement = good();
	statement.token = bytes_from_text("an-earlier-token");
	EXPECT(&statement, tpm_extra_data_wrong);
}

static void case_38_the_name_of_another_object_is_refused(void **state)
{
	(void)state;
	struct device_statement statement = good();
	statement.named = &stage.rsa_key;
	EXPECT(&statement, tpm_name_wrong);
	static const uint8_t sha1_name[22] = {0, 4};
	const struct bytes name = BYTES_OF(sha1_name), none = {sha1_name, 0};
	statement = good();
	statement.name = &name;
	EXPECT(&statement, tpm_name_wrong);
	statement.name = &none;
	EXPECT(&statement, tpm_name_wrong);
	struct device_key key;
	device_key_new(device_role_key, device_p256, &key);
	key.public.nameAlg = TPM2_ALG_SHA1;
	device_key_refresh(&key);
	statement = good();
	statement.key = &key;
	EXPECT(&statement, tpm_name_wrong);
	device_key_free(&key);
}

static enum refusal judge_attributes(TPMA_OBJECT set, TPMA_OBJECT cleared)
{
	struct device_key key;
	device_key_new(device_role_key, device_p256, &key);
	key.public.objectAttributes |= set;
	key.public.objectAttributes &= ~cleared;
	device_key_refresh(&key);
	struct device_statement statement = good();
	statement.key = &key;
	const enum refusal refusal = judge_built(&statement);
	device_key_free(&key);
	return refusal;
}

static void case_40_attributes_that_let_a_key_leave_are_refused(void **state)
{
	(void)state;
	static const TPMA_OBJECT needed[] = {TPMA_OBJECT_FIXEDTPM, TPMA_OBJECT_FIXEDPARENT, TPMA_OBJECT_SENSITIVEDATAORIGIN,
					     TPMA_OBJECT_SIGN_ENCRYPT};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		assert_int_equal(judge_attributes(0, needed[i]), refusal_tpm_key_attributes);
	assert_int_equal(judge_attributes(TPMA_OBJECT_RESTRICTED, 0), refusal_tpm_key_attributes);
	assert_int_equal(judge_attributes(TPMA_OBJECT_ENCRYPTEDDUPLICATION, 0), refusal_tpm_key_attributes);
	assert_int_not_equal(judge_attributes(TPMA_OBJECT_DECRYPT, 0), refusal_none);
}

static void case_41_an_ak_of_an_untrusted_issuer_is_refused(void **state)
{
	(void)state;
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .authority = &stage.maker_of_others);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .authority = &stage.maker_of_others, .issued_as = "AK issuer");
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .has_wrong_signature = true);
}

static void case_42_ak_certificates_off_the_profile_are_refused(void **state)
{
	(void)state;
	EXPECT_CERTIFICATE(tpm_ak_usage, .usages = "");
	EXPECT_CERTIFICATE(tpm_ak_usage, .usages = "empty");
	EXPECT_CERTIFICATE(tpm_ak_usage, .usages = "1.3.6.1.5.5.7.3.2");
	EXPECT_CERTIFICATE(tpm_ak_version, .is_version_1 = true);
	EXPECT_CERTIFICATE(tpm_ak_is_ca, .constraints = "critical,CA:TRUE");
	EXPECT_CERTIFICATE(tpm_ak_names, .has_no_names = true);
	EXPECT_CERTIFICATE(tpm_ak_names, .has_no_directory_name = true);
	EXPECT_CERTIFICATE(tpm_ak_names, .manufacturer = "");
	EXPECT_CERTIFICATE(tpm_ak_names, .model = "");
	EXPECT_CERTIFICATE(tpm_ak_names, .version = "");
	EXPECT_CERTIFICATE(tpm_ak_subject, .subject = "somebody");
	ACCEPT_CERTIFICATE(.usages = "1.3.6.1.5.5.7.3.2,2.23.133.8.3");
	ACCEPT_CERTIFICATE(.constraints = "");
	ACCEPT_CERTIFICATE(.names_not_critical = true);
	ACCEPT_CERTIFICATE(.in_one_rdn = true);
}

static void case_43_signatures_of_the_wrong_kind_are_refused(void **state)
{
	(void)state;
	const struct bytes chain[1] = {device_view(&stage.rsa_ak_certificate)};
	struct device_statement statement = good();
	statement.hash = TPM2_ALG_SHA1;
	statement.algorithm = -65535;
	EXPECT(&statement, tpm_algorithm_refused);
	statement = good();
	statement.said_hash = TPM2_ALG_SHA384;
	EXPECT(&statement, tpm_algorithm_refused);
	statement = good();
	statement.algorithm = -35;
	EXPECT(&statement, tpm_algorithm_refused);
	statement = good();
	statement.signer = stage.rsa_ak.key;
	assert_int_not_equal(judge_built(&statement), refusal_none);
	statement = good();
	statement.ak = &stage.rsa_ak;
	statement.chain = chain;
	statement.said_scheme = TPM2_ALG_RSAPSS;
	EXPECT(&statement, tpm_signature_wrong);
	statement = good();
	statement.version = "1.2";
	EXPECT(&statement, tpm_version_wrong);
	statement = good();
	statement.left_out = "sig";
	EXPECT(&statement, tpm_signature_malformed);
	statement = good();
	statement.signer = stage.key.key;
	EXPECT(&statement, tpm_signature_wrong);
}

static void case_43_sha1_is_taken_from_an_rsa_ak_where_that_is_configured(void **state)
{
	(void)state;
	const struct bytes chain[1] = {device_view(&stage.rsa_ak_certificate)};
	struct device_statement of_ec = good(), of_rsa = good();
	of_rsa.ak = &stage.rsa_ak;
	of_rsa.chain = chain;
	of_rsa.hash = of_ec.hash = TPM2_ALG_SHA1;
	of_rsa.algorithm = of_ec.algorithm = -65535;
	EXPECT(&of_rsa, tpm_algorithm_refused);
	stage.verifier.directories[0].rules.may_sign_sha1 = 1;
	assert_int_equal(judge_built(&of_rsa), refusal_none);
	of_rsa.is_raw = true;
	assert_int_equal(judge_built(&of_rsa), refusal_none);
	of_rsa.algorithm = -257; /* which names SHA-256 */
	EXPECT(&of_rsa, tpm_signature_wrong);
	EXPECT(&of_ec, tpm_algorithm_refused);
	of_rsa.algorithm = -65535;
	of_rsa.scheme = TPM2_ALG_RSAPSS;
	of_rsa.is_raw = false;
	EXPECT(&of_rsa, tpm_algorithm_refused);
	of_rsa.scheme = 0;
	const struct bytes extra = bytes_from(stage.thumbprint, 20); /* what is bound is SHA-256 in any case */
	of_rsa.extra_data = &extra;
	EXPECT(&of_rsa, tpm_extra_data_wrong);
	stage.verifier.directories[0].rules.may_sign_sha1 = 0;
}

static void case_45_the_name_of_another_device_is_refused(void **state)
{
	(void)state;
	EXPECT_CERTIFICATE(identity_mismatch, .authority = &stage.foreign, .permanent_identifier = "another");
	EXPECT_CERTIFICATE(identity_mismatch, .authority = &stage.foreign, .permanent_identifier = stage.identifier,
			   .assigner = "1.2.3");
	EXPECT_CERTIFICATE(identity_mismatch, .authority = &stage.foreign, .permanent_identifier = stage.identifier,
			   .second_permanent_identifier = "another");
	/* a slash is no part of a name: this would be an assigner's */
	EXPECT_CERTIFICATE(tpm_ak_names, .authority = &stage.foreign, .permanent_identifier = "SN-7/1.2.3");
	ACCEPT_CERTIFICATE(.authority = &stage.foreign, .permanent_identifier = stage.identifier);
	EXPECT_CERTIFICATE(identity_mismatch,
			   .ek_uri = "urn:ek:sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	EXPECT_CERTIFICATE(identity_absent, .ek_uri = "urn:ek:sha256:short");
	/* a foreign maker does not speak for our endorsement keys */
	EXPECT_CERTIFICATE(identity_mismatch, .authority = &stage.foreign);
}

static void case_46_unknown_and_virtual_makers_are_refused(void **state)
{
	(void)state;
	EXPECT_CERTIFICATE(tpm_vendor_unknown, .manufacturer = "id:FFFFF1D0");
	EXPECT_CERTIFICATE(tpm_vendor_unknown, .manufacturer = "id:49465801");
	EXPECT_CERTIFICATE(tpm_vendor_unknown, .manufacturer = "id:4e544300");
	stage.verifier.directories[0].rules.may_be_virtual = 0;
	const enum refusal virtual = judge_certificate(&(struct device_certificate){0});
	const enum refusal real = judge_certificate(&(struct device_certificate){.manufacturer = "id:4E544300"});
	stage.verifier.directories[0].rules.may_be_virtual = 1;
	assert_int_equal(virtual, refusal_tpm_vendor_virtual);
	assert_int_equal(real, refusal_none);
}

static void case_26_objects_that_are_no_attestation_object_are_refused(void **state)
{
	(void)state;
	static const uint8_t huge[] = {0x9a, 0xff, 0xff, 0xff, 0xff}, indefinite[] = {0xbf, 0xff}, tagged[] = {0xc0, 0xa0},
			     floating[] = {0xf9, 0, 0}, trailing[] = {0xa0, 0}, text[] = "not cbor", empty_map[] = {0xa0};
	const struct bytes malformed[] = {BYTES_OF(huge), BYTES_OF(indefinite), BYTES_OF(tagged), BYTES_OF(floating),
					  BYTES_OF(trailing), BYTES_OF(text), {huge, 0}};
	uint8_t nested[10000];
	memset(nested, 0x81, sizeof nested);
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
		assert_int_equal(judge(malformed[i]), refusal_cbor_malformed);
	assert_int_equal(judge(BYTES_OF(nested)), refusal_cbor_malformed);
	assert_int_equal(judge(BYTES_OF(empty_map)), refusal_statement_malformed);
	struct device_statement statement = good();
	statement.left_out = "attStmt";
	EXPECT(&statement, statement_malformed);
	statement.left_out = "fmt";
	EXPECT(&statement, statement_malformed);
	statement = good();
	statement.twice = "ver";
	EXPECT(&statement, cbor_duplicate);
	static const char *const formats[] = {"TPM", "apple", "none", "packed", "fido-u2f", "tpm "};
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		statement = good();
		statement.format = formats[i];
		EXPECT(&statement, format_unsupported);
	}
}

/* It is refused by name, and the detail names it. */
static void expect_format(const char *name, const char *said)
{
	static struct device_octets octets;
	struct buffer room = BUFFER(stage.answer_room);
	struct message_statement_judged answer;
	struct detail detail = {.text = ""};
	struct device_statement statement = good();
	statement.format = name;
	device_statement_build(&statement, &octets);
	const struct message_statement_judge ask = ask_with(device_view(&octets));
	assert_int_equal(verifier_statement_judge(&stage.verifier, &ask, &room, &answer, &detail).refusal,
			 refusal_format_unsupported);
	assert_string_equal(detail.text, said);
}

static void case_29_a_format_that_the_directory_does_not_take_is_refused(void **state)
{
	(void)state;
	const size_t count = stage.verifier.directories[0].rules.formats.count;
	expect_format("compound", "the format compound is unknown");
	expect_format("T\nM", "the format T?M is unknown");
	stage.verifier.directories[0].rules.formats.count = 0;
	expect_format("tpm", "the format tpm is not taken by this directory");
	stage.verifier.directories[0].rules.formats.count = count;
	const struct device_statement statement = good();
	assert_int_equal(judge_built(&statement), refusal_none);
}

static void a_verifier_does_not_start_with_a_format_that_it_does_not_know(void **state)
{
	(void)state;
	struct verifier opened;
	struct detail detail = {.text = ""};
	struct message_verifier_settings settings = stage.verifier.settings;
	struct message_verifier_directory rules = stage.verifier.directories[0].rules;
	rules.formats.at[rules.formats.count++] = bytes_from_text("none");
	settings.directories.at[0] = device_directory(&rules);
	assert_false(verifier_open(&settings, &opened, &detail));
	assert_string_equal(detail.text, "a statement format is unknown");
}

static void case_28_chains_that_are_no_chains_are_refused(void **state)
{
	(void)state;
	struct device_octets garbage = {0};
	struct bytes chain[16];
	struct device_statement statement = good();
	statement.chain_count = 0;
	EXPECT(&statement, tpm_chain_absent);
	statement = good();
	statement.left_out = "x5c";
	EXPECT(&statement, tpm_chain_absent);
	for (size_t i = 0; i < 16; i++)
		chain[i] = device_view(&stage.ak_certificate);
	statement = good();
	statement.chain = chain;
	statement.chain_count = 16;
	EXPECT(&statement, tpm_chain_absent);
	statement.chain_count = 2; /* twice the same */
	EXPECT(&statement, tpm_chain_malformed);
	device_append(&garbage, stage.ak_certificate.data, stage.ak_certificate.size);
	device_append(&garbage, "x", 1);
	chain[0] = device_view(&garbage);
	statement.chain_count = 1;
	EXPECT(&statement, tpm_chain_malformed);
	chain[0] = bytes_from(stage.own.der, stage.own.size); /* the root itself */
	EXPECT(&statement, tpm_ak_subject);
	chain[1] = device_view(&stage.ak_certificate); /* wrong order */
	statement.chain_count = 2;
	EXPECT(&statement, tpm_chain_malformed);
}

static void case_30_another_formats_root_is_refused(void **state)
{
	(void)state;
	/* the EK roots are roots too, but not for AKs */
	stage.verifier.directories[0].ek_roots.at[stage.verifier.directories[0].ek_roots.count++] = stage.maker_of_others.certificate;
	const enum refusal refusal = judge_certificate(&(struct device_certificate){.authority = &stage.maker_of_others});
	stage.verifier.directories[0].ek_roots.count--;
	assert_int_equal(refusal, refusal_tpm_chain_untrusted);
}

static enum refusal judge_intermediate(const struct device_authority_options *knobs)
{
	struct device_authority_options options = *knobs;
	struct device_authority between;
	struct device_octets certificate = {0};
	options.name = "Between";
	options.issuer = &stage.own;
	device_authority_new(&options, &between);
	make_certificate(&stage.ak, &(struct device_certificate){.authority = &between}, &certificate);
	const struct bytes chain[2] = {device_view(&certificate), {between.der, between.size}};
	struct device_statement statement = good();
	statement.chain = chain;
	statement.chain_count = 2;
	const enum refusal refusal = judge_built(&statement);
	device_authority_free(&between);
	return refusal;
}

static void case_32_chains_that_break_rfc_5280_are_refused(void **state)
{
	(void)state;
	static const struct device_authority_options bad[] = {
		{.constraints = "critical,CA:FALSE"},
		{.constraints = ""},
		{.key_usage = "critical,digitalSignature"},
		{.critical_extension = "1.2.3.4.5"},
		{.digest = "SHA1"},
		{.starts_s = -7200, .ends_s = -3600},
		{.starts_s = 3600, .ends_s = 7200},
	};
	assert_int_equal(judge_intermediate(&(struct device_authority_options){0}), refusal_none);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(judge_intermediate(&bad[i]), refusal_tpm_chain_untrusted);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .digest = "SHA1");
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .starts_s = -7200, .ends_s = -3600);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .starts_s = 3600, .ends_s = 7200);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .critical_extension = "1.2.3.4.5");
}

static void judge_claims(struct bytes claims, const struct message_device_voucher *voucher)
{
	char wanted[200];
	int size = snprintf(wanted, sizeof wanted, "\"enrolment_record\":{\"sequence\":4711,\"sha256\":\"");
	for (size_t i = 0; i < sizeof voucher->record_hash; i++)
		size += snprintf(wanted + size, sizeof wanted - (size_t)size, "%02x", voucher->record_hash[i]);
	assert_int_equal(voucher->record_sequence, 4711);
	assert_non_null(memmem(claims.data, claims.size, wanted, strlen(wanted)));
}

static void an_enrolment_record_stands_in_claims_and_voucher(void **state)
{
	(void)state;
	static uint8_t opened_octets[512];
	static struct device_octets record, octets;
	struct buffer opened_room = BUFFER(opened_octets), room = BUFFER(stage.answer_room);
	struct message_order_opened opened;
	struct message_statement_judged answer;
	struct message_device_voucher voucher;
	sign_record(stage.identifier, &record);
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("permanent-identifier", "press-7")}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &opened_room, &opened)));
	struct device_statement statement = good();
	statement.token = opened.tokens.at[0];
	device_statement_build(&statement, &octets);
	struct message_statement_judge ask = ask_with(device_view(&octets));
	ask.identifier = bytes_from_text("press-7");
	ask.order = opened.order;
	ask.token = opened.tokens.at[0];
	assert_int_equal(judge_ask(&ask), refusal_identity_mismatch);
	ask.enrolment_record = device_view(&record);
	assert_int_equal(verifier_statement_judge(&stage.verifier, &ask, &room, &answer, NULL).refusal, refusal_none);
	assert_false(is_refused(voucher_open(message_device_voucher, answer.voucher, stage.verifier.settings.device_key, &voucher)));
	judge_claims(answer.claims, &voucher);
	stage.verifier.settings.administrators.count = 0;
}

/* Of our own issuers' certificates it was judged before they were made. */
static void case_50_an_ak_of_a_faulty_generator_is_refused(void **state)
{
	(void)state;
	static struct device_octets certificate;
	BIGNUM *modulus = BN_new();
	struct device_key ak;
	device_rsa_roca(modulus);
	device_key_new(device_role_ak, device_rsa2048, &ak);
	device_rsa_replace(&ak, device_rsa_public(modulus, 65537));
	make_certificate(&ak, &(struct device_certificate){.authority = &stage.foreign, .permanent_identifier = stage.identifier}, &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	struct device_statement statement = good();
	statement.ak = &ak;
	statement.signer = stage.rsa_ak.key;
	statement.chain = chain;
	EXPECT(&statement, tpm_ak_weak);
	make_certificate(&stage.rsa_ak, &(struct device_certificate){.authority = &stage.foreign, .permanent_identifier = stage.identifier},
			 &certificate);
	const struct bytes sound[1] = {device_view(&certificate)};
	statement.ak = &stage.rsa_ak;
	statement.chain = sound;
	assert_int_equal(judge_built(&statement), refusal_none);
	device_key_free(&ak);
	BN_free(modulus);
}

static void case_39_and_52_keys_that_are_odd_or_weak_are_refused(void **state)
{
	(void)state;
	struct device_key key;
	struct device_statement statement = good();
	device_key_new(device_role_key, device_rsa1024, &key);
	statement.key = &key;
	EXPECT(&statement, tpm_key_weak);
	device_key_free(&key);
	device_key_new(device_role_key, device_p256, &key);
	const TPM2B_ECC_PARAMETER x = key.public.unique.ecc.x;
	key.public.unique.ecc.x = key.public.unique.ecc.y;
	key.public.unique.ecc.y = x;
	device_key_refresh(&key);
	EXPECT(&statement, tpm_key_weak); /* off the curve */
	key.public.parameters.eccDetail.curveID = TPM2_ECC_BN_P256;
	device_key_refresh(&key);
	assert_int_not_equal(judge_built(&statement), refusal_none);
	device_key_free(&key);
	device_key_new(device_role_key, device_p256, &key);
	key.public.type = TPM2_ALG_KEYEDHASH;
	key.public.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
	key.public.unique.keyedHash.size = 32;
	device_key_refresh(&key);
	EXPECT(&statement, tpm_public_malformed);
	device_key_free(&key);
	device_key_new(device_role_key, device_p521, &key);
	assert_int_equal(judge_built(&statement), refusal_none);
	device_key_free(&key);
}

static void a_certinfo_or_public_area_with_an_octet_more_is_refused(void **state)
{
	(void)state;
	struct device_statement statement = good();
	statement.left_out = "certInfo";
	EXPECT(&statement, tpm_certinfo_malformed);
	struct device_octets area = {0};
	device_append(&area, stage.key.area, stage.key.area_size);
	device_append(&area, "", 1);
	const struct bytes longer = device_view(&area);
	statement = good();
	statement.area = &longer;
	EXPECT(&statement, tpm_public_malformed);
}

static void orders_and_tokens_of_elsewhere_are_refused(void **state)
{
	(void)state;
	struct device_octets octets = {0};
	const struct device_statement statement = good();
	device_statement_build(&statement, &octets);
	struct message_statement_judge ask = ask_with(device_view(&octets));
	ask.directory = bytes_from_text("elsewhere");
	assert_int_equal(judge_ask(&ask), refusal_directory_wrong);
	ask = ask_with(device_view(&octets));
	ask.order = bytes_from_text("AAAA");
	assert_int_equal(judge_ask(&ask), refusal_token_forged);
	ask = ask_with(device_view(&octets));
	ask.identifier = bytes_from_text("another");
	assert_int_equal(judge_ask(&ask), refusal_token_forged);
	ask = ask_with(device_view(&octets));
	ask.token = bytes_from_text("AAAA");
	assert_int_equal(judge_ask(&ask), refusal_token_forged);
	ask.token = stage.order.order;
	assert_int_equal(judge_ask(&ask), refusal_token_forged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_statements_of_every_kind_are_accepted),
		cmocka_unit_test(the_voucher_says_what_was_proven),
		cmocka_unit_test(an_enrolment_record_stands_in_claims_and_voucher),
		cmocka_unit_test(no_statement_with_a_flipped_bit_is_accepted),
		cmocka_unit_test(a_statement_cut_anywhere_is_refused),
		cmocka_unit_test(every_check_of_the_table_refuses_by_its_own_name),
		cmocka_unit_test(case_26_objects_that_are_no_attestation_object_are_refused),
		cmocka_unit_test(case_29_a_format_that_the_directory_does_not_take_is_refused),
		cmocka_unit_test(a_verifier_does_not_start_with_a_format_that_it_does_not_know),
		cmocka_unit_test(case_28_chains_that_are_no_chains_are_refused),
		cmocka_unit_test(case_30_another_formats_root_is_refused),
		cmocka_unit_test(case_32_chains_that_break_rfc_5280_are_refused),
		cmocka_unit_test(case_34_a_wrong_magic_is_refused),
		cmocka_unit_test(case_35_an_attestation_of_another_type_is_refused),
		cmocka_unit_test(case_37_extra_data_for_anything_else_is_refused),
		cmocka_unit_test(case_38_the_name_of_another_object_is_refused),
		cmocka_unit_test(case_39_and_52_keys_that_are_odd_or_weak_are_refused),
		cmocka_unit_test(case_40_attributes_that_let_a_key_leave_are_refused),
		cmocka_unit_test(case_41_an_ak_of_an_untrusted_issuer_is_refused),
		cmocka_unit_test(case_42_ak_certificates_off_the_profile_are_refused),
		cmocka_unit_test(case_43_signatures_of_the_wrong_kind_are_refused),
		cmocka_unit_test(case_43_sha1_is_taken_from_an_rsa_ak_where_that_is_configured),
		cmocka_unit_test(case_45_the_name_of_another_device_is_refused),
		cmocka_unit_test(case_50_an_ak_of_a_faulty_generator_is_refused),
		cmocka_unit_test(case_46_unknown_and_virtual_makers_are_refused),
		cmocka_unit_test(a_certinfo_or_public_area_with_an_octet_more_is_refused),
		cmocka_unit_test(orders_and_tokens_of_elsewhere_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
