/* SPDX-License-Identifier: Apache-2.0
 * Apple's Managed Device Attestation from a Mac that is software, good ones and one for each lie, judged by the verifier's own code. */
#include "attest/verifier/identity.h"
#include "tests/unit/apple_stage.h"

static void a_good_attestation_is_accepted_by_serial_and_by_udid(void **state)
{
	(void)state;
	struct device_apple apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
	apple.has_auth_data = true;
	assert_int_equal(judge_mac(&apple), refusal_none);
	apple.key = mac.p384;
	assert_int_equal(judge_mac(&apple), refusal_none);
	apple.serial = NULL;
	EXPECT_MAC(&apple, identity_mismatch);
	open_order_of(MAC_UDID);
	apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
	apple.serial = NULL;
	assert_int_equal(judge_mac(&apple), refusal_none);
	open_order_of(MAC_SERIAL);
}

static void the_voucher_says_what_apple_proved(void **state)
{
	(void)state;
	uint8_t hash[32], *spki = NULL;
	const struct device_apple apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
	const int size = i2d_PUBKEY(mac.key, &spki);
	assert_int_equal(EVP_Digest(spki, (size_t)size, hash, NULL, EVP_sha256(), NULL), 1);
	OPENSSL_free(spki);
	assert_memory_equal(device.voucher.spki_hash, hash, 32); /* what the request's key is held against */
	assert_int_equal(EVP_Digest(mac.root.der, mac.root.size, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(device.voucher.root_hash, hash, 32);
	assert_true(bytes_equal_text(device.voucher.format, "apple"));
	assert_true(bytes_equal_text(device.voucher.identifier, MAC_SERIAL));
	assert_int_equal(device.voucher.assurance, 3);
	assert_int_equal(device.voucher.record_sequence, 0);
	assert_true(bytes_equal_text(
		device.answer.claims,
		"{\"maker\":\"Apple\",\"serial\":\"" MAC_SERIAL "\",\"udid\":\"" MAC_UDID "\",\"model\":\"J514sAP\","
		"\"os_version\":\"15.6\",\"sep_version\":\"15.5\",\"boot_version\":\"15.5.1\","
		"\"system_integrity_protection\":\"on\",\"secure_boot\":\"full\",\"third_party_kernel_extensions\":\"off\","
		"\"key_protection\":\"hardware\",\"key\":{\"type\":\"EC\",\"bits\":256}}"));
}

static void no_attestation_with_a_flipped_bit_is_accepted(void **state)
{
	(void)state;
	static struct device_octets octets;
	const struct device_apple apple = good_mac();
	device_apple_build(&apple, &octets);
	assert_int_equal(judge_octets(device_view(&octets)), refusal_none);
	for (size_t bit = 0; bit < octets.size * 8; bit++) {
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (judge_octets(device_view(&octets)) == refusal_none)
			fail_msg("bit %zu of octet %zu of %zu flipped, and accepted", bit % 8, bit / 8, octets.size);
		octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void an_attestation_cut_anywhere_or_longer_is_refused(void **state)
{
	(void)state;
	static struct device_octets octets;
	const struct device_apple apple = good_mac();
	device_apple_build(&apple, &octets);
	for (size_t size = 0; size < octets.size; size++)
		assert_int_not_equal(judge_octets(bytes_from(octets.data, size)), refusal_none);
	for (unsigned added = 0; added < 256; added++) {
		octets.data[octets.size] = (uint8_t)added;
		assert_int_equal(judge_octets(bytes_from(octets.data, octets.size + 1)), refusal_cbor_malformed);
	}
}

static void every_check_of_the_table_refuses_by_its_own_name(void **state)
{
	(void)state;
	expect_table(&format_apple, refusal_apple_chain_absent, refusal_apple_chain_untrusted, refusal_apple_key_refused);
}

static void case_27_a_statement_under_another_formats_name_is_refused(void **state)
{
	(void)state;
	struct device_apple apple = good_mac();
	static const char *const names[] = {"Apple", "apple ", "none", "packed", "step"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		apple.format = names[i];
		EXPECT_MAC(&apple, format_unsupported);
	}
	apple.format = "tpm";
	EXPECT_MAC(&apple, tpm_version_wrong);
	struct device_statement tpm = good();
	tpm.format = "apple";
	EXPECT(&tpm, apple_chain_untrusted);
}

static void case_28_chains_that_are_no_chains_are_refused(void **state)
{
	(void)state;
	static struct device_octets leaf, garbage;
	struct bytes chain[8];
	struct device_apple apple = good_mac();
	device_apple_leaf(&apple, &leaf);
	const struct bytes sub = bytes_from(mac.sub.der, mac.sub.size), root = bytes_from(mac.root.der, mac.root.size);
	apple.has_no_chain = true;
	EXPECT_MAC(&apple, apple_chain_absent);
	apple = good_mac();
	apple.chain = chain;
	EXPECT_MAC(&apple, apple_chain_absent);
	for (size_t i = 0; i < 8; i++)
		chain[i] = device_view(&leaf);
	apple.chain_count = 7;
	EXPECT_MAC(&apple, apple_chain_absent);
	apple.chain_count = 2; /* twice the same */
	EXPECT_MAC(&apple, apple_chain_malformed);
	chain[0] = sub; /* wrong order */
	EXPECT_MAC(&apple, apple_chain_malformed);
	device_append(&garbage, leaf.data, leaf.size);
	device_append(&garbage, "", 1);
	chain[0] = device_view(&garbage);
	chain[1] = sub;
	EXPECT_MAC(&apple, apple_chain_malformed);
	chain[0] = root; /* the trusted root itself */
	apple.chain_count = 1;
	EXPECT_MAC(&apple, apple_leaf_is_ca);
	chain[0] = device_view(&leaf); /* the path without its middle, and with its end */
	EXPECT_MAC(&apple, apple_chain_untrusted);
	chain[1] = sub;
	chain[2] = root;
	apple.chain_count = 3;
	assert_int_equal(judge_mac(&apple), refusal_none);
	chain[3] = root;
	apple.chain_count = 4;
	EXPECT_MAC(&apple, apple_chain_untrusted);
	apple = good_mac();
	apple.leaf.constraints = "critical,CA:TRUE";
	EXPECT_MAC(&apple, apple_leaf_is_ca);
}

static void case_29_apple_is_refused_where_the_directory_does_not_take_it(void **state)
{
	(void)state;
	const struct device_apple apple = good_mac();
	stage.verifier.directories[0].rules.formats.count--;
	const enum refusal refusal = judge_mac(&apple);
	stage.verifier.directories[0].rules.formats.count++;
	assert_int_equal(refusal, refusal_format_unsupported);
	assert_string_equal(device.detail.text, "the format apple is not taken by this directory");
}

/* Every root that the appliance has for TPMs, and Apple's for a TPM. */
static void case_30_another_formats_root_is_refused(void **state)
{
	(void)state;
	struct device_apple apple = good_mac();
	struct device_authority *const others[] = {&stage.own, &stage.foreign, &stage.maker_of_others};
	stage.verifier.directories[0].ek_roots.at[stage.verifier.directories[0].ek_roots.count++] = stage.maker_of_others.certificate;
	for (size_t i = 0; i < 3; i++) {
		apple.authority = others[i];
		apple.above = NULL;
		EXPECT_MAC(&apple, apple_chain_untrusted);
	}
	stage.verifier.directories[0].ek_roots.count--;
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .authority = &mac.root);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .authority = &mac.root, .permanent_identifier = stage.identifier);
}

static void case_31_a_root_more_takes_nothing_away_and_widens_nothing_else(void **state)
{
	(void)state;
	struct device_apple apple = good_mac(), of_other = good_mac();
	of_other.authority = &mac.other_root;
	of_other.above = NULL;
	EXPECT_MAC(&of_other, apple_chain_untrusted);
	trust(&stage.verifier.directories[0].apple_roots, &mac.other_root);
	assert_int_equal(judge_mac(&of_other), refusal_none);
	assert_int_equal(judge_mac(&apple), refusal_none);
	EXPECT_CERTIFICATE(tpm_chain_untrusted, .authority = &mac.other_root);
	X509_free(stage.verifier.directories[0].apple_roots.at[--stage.verifier.directories[0].apple_roots.count]);
	EXPECT_MAC(&of_other, apple_chain_untrusted);
}

static void case_32_chains_that_break_rfc_5280_are_refused(void **state)
{
	(void)state;
	static const struct device_authority_options bad[] = {
		{.constraints = "critical,CA:FALSE"}, {.constraints = ""}, {.key_usage = "critical,digitalSignature"},
		{.critical_extension = "1.2.3.4.5"},  {.digest = "SHA1"},  {.starts_s = -7200, .ends_s = -3600},
		{.starts_s = 3600, .ends_s = 7200},   {.issued_as = "nobody"},
	};
	static const struct device_leaf bad_leaf[] = {{.digest = "SHA1"},
						      {.starts_s = -7200, .ends_s = -3600},
						      {.starts_s = 3600, .ends_s = 7200},
						      {.has_wrong_signature = true}};
	struct device_apple apple = good_mac();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct device_authority between;
		struct device_authority_options options = bad[i];
		options.name = "Between";
		options.issuer = &mac.root;
		device_authority_new(&options, &between);
		apple.authority = apple.above = &between;
		EXPECT_MAC(&apple, apple_chain_untrusted);
		device_authority_free(&between);
	}
	apple = good_mac();
	for (size_t i = 0; i < sizeof bad_leaf / sizeof bad_leaf[0]; i++) {
		apple.leaf = bad_leaf[i];
		EXPECT_MAC(&apple, apple_chain_untrusted);
	}
	apple = good_mac();
	apple.also = (struct device_extension){"1.2.3.4.5", bytes_from_text("x"), true};
	EXPECT_MAC(&apple, apple_chain_untrusted);
	apple.also.is_critical = false;
	assert_int_equal(judge_mac(&apple), refusal_none);
}

static void case_54_freshness_for_anything_but_this_token_is_refused(void **state)
{
	(void)state;
	uint8_t hash[34] = {4, 32};
	struct device_octets authorization = {0};
	struct device_apple apple = good_mac();
	apple.without = DEVICE_APPLE "11.1";
	EXPECT_MAC(&apple, apple_freshness_absent);
	apple.also = (struct device_extension){.oid = DEVICE_APPLE "11.1", .value = bytes_from_text("")};
	EXPECT_MAC(&apple, apple_freshness_absent);
	apple = good_mac();
	EVP_Digest(apple.token.data, apple.token.size, hash + 2, NULL, EVP_sha256(), NULL);
	const struct bytes bad[] = {bytes_from(hash, 34), bytes_from(hash + 2, 31), bytes_from(hash + 1, 32), apple.token};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		apple.freshness = &bad[i];
		EXPECT_MAC(&apple, apple_freshness_wrong);
	}
	device_append(&authorization, apple.token.data, apple.token.size);
	device_append(&authorization, ".", 1);
	device_base64url(bytes_from(stage.thumbprint, 32), &authorization);
	EVP_Digest(authorization.data, authorization.size, hash + 2, NULL, EVP_sha256(), NULL);
	const struct bytes of_authorization = bytes_from(hash + 2, 32);
	apple.freshness = &of_authorization;
	EXPECT_MAC(&apple, apple_freshness_wrong);
	static struct device_octets octets;
	apple = good_mac();
	device_apple_build(&apple, &octets);
	assert_int_equal(judge_octets(device_view(&octets)), refusal_none);
	open_order_of(MAC_SERIAL); /* the same attestation for the next order's token */
	assert_int_equal(judge_octets(device_view(&octets)), refusal_apple_freshness_wrong);
	apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
	apple.also = (struct device_extension){.oid = DEVICE_APPLE "11.1", .value = of_authorization};
	EXPECT_MAC(&apple, apple_properties_malformed);
}

static void case_55_a_device_that_is_not_named_or_named_twice_is_refused(void **state)
{
	(void)state;
	struct device_apple apple = good_mac();
	static const char *const oids[] = {"9.1", "9.2", "9.4", "10.1", "10.2", "10.3", "11.1", "13.1", "13.2", "13.3"};
	apple.serial = apple.udid = NULL;
	EXPECT_MAC(&apple, identity_absent);
	apple.serial = apple.udid = "";
	EXPECT_MAC(&apple, identity_absent);
	apple.udid = MAC_UDID; /* the order has the serial, which is blank */
	EXPECT_MAC(&apple, identity_mismatch);
	apple = good_mac();
	apple.serial = "TMWFWWWP68";
	EXPECT_MAC(&apple, identity_mismatch);
	assert_non_null(strstr(device.detail.text, "\"" MAC_SERIAL "\" doesn't match any of the attested hardware identifiers "
						"[\"TMWFWWWP68\" \"" MAC_UDID "\"]"));
	apple.serial = "tmwfwwwp67";
	EXPECT_MAC(&apple, identity_mismatch);
	apple.serial = MAC_SERIAL " ";
	EXPECT_MAC(&apple, identity_mismatch);
	apple.serial = "\x0c\x0a" MAC_SERIAL; /* UTF8String, PrintableString */
	EXPECT_MAC(&apple, apple_properties_malformed);
	apple.serial = "\x13\x0a" MAC_SERIAL;
	EXPECT_MAC(&apple, apple_properties_malformed);
	apple.serial = "TMWFWWWP67TMWFWWWP67TMWFWWWP67TMWFWWWP67TMWFWWWP67TMWFWWWP67TMWFWWWP67";
	EXPECT_MAC(&apple, apple_properties_malformed);
	for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
		char oid[64];
		snprintf(oid, sizeof oid, DEVICE_APPLE "%s", oids[i]);
		apple = good_mac();
		apple.also = (struct device_extension){.oid = oid, .value = OCTETS(2, 1, 0)};
		EXPECT_MAC(&apple, apple_properties_malformed);
	}
	static struct device_octets octets;
	apple = good_mac();
	device_apple_build(&apple, &octets);
	struct message_statement_judge ask = ask_of_device(device_view(&octets));
	ask.identifier_type = bytes_from_text("hardware-module");
	assert_int_equal(judge_ask_of_device(&ask), refusal_token_forged);
}

static void a_hardware_module_is_no_name_of_an_apple_device(void **state)
{
	(void)state;
	struct statement s = {.format = &format_apple, .identifier_type = bytes_from_text("hardware-module"),
			      .identifier = bytes_from_text(MAC_SERIAL),
			      .apple = {.serial = MAC_SERIAL}};
	assert_int_equal(identity_judge_apple(&s).refusal, refusal_identifier_type_unsupported);
	s.identifier_type = bytes_from_text("permanent-identifier");
	assert_int_equal(identity_judge_apple(&s).refusal, refusal_none);
	s.identifier = bytes_from_text("");
	assert_int_equal(identity_judge_apple(&s).refusal, refusal_identity_mismatch); /* the UDID is blank too */
}

static void case_56_attestations_of_apps_and_sites_are_refused(void **state)
{
	(void)state;
	struct device_apple apple = good_mac();
	apple.authority = &mac.other_root;
	apple.above = NULL;
	EXPECT_MAC(&apple, apple_chain_untrusted);
	apple = good_mac();
	apple.also = (struct device_extension){.oid = DEVICE_APPLE "2", .value = OCTETS(0x30, 0)};
	EXPECT_MAC(&apple, apple_leaf_purpose);
	apple.also.oid = DEVICE_APPLE "5";
	EXPECT_MAC(&apple, apple_leaf_purpose);
}

/* What the device says of 13.1, 13.2 or 13.3, its assurance then, and the claim. */
static void case_57_what_is_off_or_not_said_is_never_good(void **state)
{
	(void)state;
	static const struct {
		const char *oid, *text;
		uint8_t octets[3];
		uint8_t assurance;
		const char *claim;
	} rows[] = {
		{"13.1", NULL, {0}, 2, "\"system_integrity_protection\":\"unknown\""},
		{"13.1", "", {0}, 2, "\"system_integrity_protection\":\"unknown\""},
		{"13.1", NULL, {2, 1, 1}, 2, "\"system_integrity_protection\":\"off\""},
		{"13.1", NULL, {2, 1, 7}, 2, "\"system_integrity_protection\":\"unknown\""},
		{"13.2", NULL, {0}, 2, "\"secure_boot\":\"unknown\""},
		{"13.2", "", {0}, 2, "\"secure_boot\":\"unknown\""},
		{"13.2", "Reduced Security", {0}, 2, "\"secure_boot\":\"reduced\""},
		{"13.2", "Permissive Security", {0}, 2, "\"secure_boot\":\"permissive\""},
		{"13.2", "full security", {0}, 2, "\"secure_boot\":\"unknown\""},
		{"13.2", NULL, {2, 1, 0}, 3, "\"secure_boot\":\"full\""},
		{"13.2", NULL, {2, 1, 1}, 2, "\"secure_boot\":\"unknown\""},
		{"13.3", NULL, {2, 1, 1}, 3, "\"third_party_kernel_extensions\":\"on\""},
		{"13.3", "", {0}, 3, "\"third_party_kernel_extensions\":\"unknown\""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char oid[64];
		snprintf(oid, sizeof oid, DEVICE_APPLE "%s", rows[i].oid);
		struct device_apple apple = good_mac();
		apple.without = oid;
		if (rows[i].text != NULL || rows[i].octets[0] != 0)
			apple.also = (struct device_extension){.oid = oid,
							       .value = rows[i].text != NULL ? bytes_from_text(rows[i].text)
											     : bytes_from(rows[i].octets, 3)};
		assert_int_equal(judge_mac(&apple), refusal_none);
		assert_int_equal(device.voucher.assurance, rows[i].assurance);
		assert_true(claims_hold(rows[i].claim));
	}
	struct device_apple apple = good_mac();
	apple.without = DEVICE_APPLE "10.1";
	assert_int_equal(judge_mac(&apple), refusal_none);
	assert_false(claims_hold("os_version"));
}

static void case_57_what_cannot_be_read_is_refused(void **state)
{
	(void)state;
	static const uint8_t boolean[] = {1, 1, 0}, longer[] = {2, 1, 0, 0};
	static const struct device_extension bad[] = {
		{.oid = DEVICE_APPLE "13.1", .value = {boolean, 1}}, {.oid = DEVICE_APPLE "13.1", .value = BYTES_OF(boolean)},
		{.oid = DEVICE_APPLE "13.1", .value = BYTES_OF(longer)}, {.oid = DEVICE_APPLE "13.3", .value = BYTES_OF(longer)},
		{.oid = DEVICE_APPLE "13.2", .value = BYTES_OF(longer)}, {.oid = DEVICE_APPLE "10.1", .value = BYTES_OF(longer)},
		{.oid = DEVICE_APPLE "10.2", .value = BYTES_OF(boolean)}, {.oid = DEVICE_APPLE "10.3", .value = BYTES_OF(boolean)},
	};
	struct device_apple apple = good_mac();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		apple.without = bad[i].oid;
		apple.also = bad[i];
		EXPECT_MAC(&apple, apple_properties_malformed);
	}
}

static void case_58_a_client_identifier_that_is_not_attested_is_refused(void **state)
{
	(void)state;
	static struct device_octets octets;
	open_order_of("one-time-code");
	const struct device_apple apple = good_mac();
	EXPECT_MAC(&apple, identity_mismatch);
	device_apple_build(&apple, &octets);
	struct message_statement_judge ask = ask_of_device(device_view(&octets));
	ask.enrolment_record = bytes_from_text("{\"a record\":\"of nobody\"}");
	assert_int_equal(judge_ask_of_device(&ask), refusal_record_malformed);
	open_order_of(MAC_SERIAL);
}

/* The refusal of the Mac's statement with that record for the order's identifier. */
static enum refusal judge_with_record(const char *members)
{
	static struct device_octets octets, record;
	const struct device_apple apple = good_mac();
	sign_record_for(device.identifier, members, &record);
	device_apple_build(&apple, &octets);
	struct message_statement_judge ask = ask_of_device(device_view(&octets));
	ask.enrolment_record = device_view(&record);
	return judge_ask_of_device(&ask);
}

static void a_record_gives_a_mac_another_name_by_its_serial_number_or_udid(void **state)
{
	(void)state;
	open_order_of("laptop-7");
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"serial\":\"" MAC_SERIAL "\""), refusal_none);
	assert_int_equal(device.voucher.record_sequence, 4711);
	assert_true(bytes_equal_text(device.voucher.identifier, "laptop-7"));
	assert_int_equal(device.voucher.certified.size, 0);
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"udid\":\"" MAC_UDID "\""), refusal_none);
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"serial\":\"" MAC_UDID "\""), refusal_record_mismatch);
	assert_int_equal(judge_with_record("\"format\":\"step\",\"serial\":\"" MAC_SERIAL "\""), refusal_record_mismatch);
	open_order_of(MAC_SERIAL);
}

static void case_58_a_code_for_one_time_is_the_expected_devices_whose_serial_number_is_certified(void **state)
{
	(void)state;
	open_order_of("one-time-code");
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"udid\":\"" MAC_UDID "\",\"oneTime\":true"), refusal_none);
	assert_true(bytes_equal_text(device.voucher.identifier, "one-time-code"));
	assert_true(bytes_equal_text(device.voucher.certified, MAC_SERIAL));
	assert_true(bytes_equal_text(device.answer.certified, MAC_SERIAL));
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"serial\":\"OTHER\",\"oneTime\":true"), refusal_record_mismatch);
	open_order_of(MAC_SERIAL);
}

/* The same device is the same whatever it is called, and another UDID is another device. */
static void which_device_it_is_is_told(void **state)
{
	(void)state;
	uint8_t first[32], nothing[32] = {0};
	struct device_apple apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
	memcpy(first, device.answer.device_hash, sizeof first);
	assert_memory_not_equal(first, nothing, sizeof first);
	open_order_of("laptop-7");
	assert_int_equal(judge_with_record("\"format\":\"apple\",\"serial\":\"" MAC_SERIAL "\""), refusal_none);
	assert_memory_equal(device.answer.device_hash, first, sizeof first);
	open_order_of(MAC_SERIAL);
	apple = good_mac();
	apple.udid = "00006030-000651690A84001D";
	assert_int_equal(judge_mac(&apple), refusal_none);
	assert_memory_not_equal(device.answer.device_hash, first, sizeof first);
	apple.udid = NULL;
	assert_int_equal(judge_mac(&apple), refusal_none);
	assert_memory_equal(device.answer.device_hash, nothing, sizeof nothing);
	assert_memory_equal(device.answer.root_hash, device.voucher.root_hash, 32);
}

static void case_59_no_attestation_is_refused_and_the_next_one_is_judged(void **state)
{
	(void)state;
	assert_int_equal(judge_octets(bytes_from(NULL, 0)), refusal_cbor_malformed);
	assert_int_equal(judge_octets(OCTETS(0xa0)), refusal_statement_malformed);
	const struct device_apple apple = good_mac();
	assert_int_equal(judge_mac(&apple), refusal_none);
}

static void case_60_keys_that_no_enclave_makes_are_refused(void **state)
{
	(void)state;
	EVP_PKEY *const keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"),
				  EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")};
	struct device_apple apple = good_mac();
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		apple.key = keys[i];
		EXPECT_MAC(&apple, apple_key_refused);
		EVP_PKEY_free(keys[i]);
	}
	struct device_authority self;
	device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .key = mac.key}, &self);
	apple = good_mac();
	apple.authority = &self;
	EXPECT_MAC(&apple, apple_chain_untrusted); /* a leaf that Apple's authority did not sign */
	apple.above = &self;
	EXPECT_MAC(&apple, apple_chain_untrusted);
	device_authority_free(&self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_attestation_is_accepted_by_serial_and_by_udid),
		cmocka_unit_test(the_voucher_says_what_apple_proved),
		cmocka_unit_test(no_attestation_with_a_flipped_bit_is_accepted),
		cmocka_unit_test(an_attestation_cut_anywhere_or_longer_is_refused),
		cmocka_unit_test(every_check_of_the_table_refuses_by_its_own_name),
		cmocka_unit_test(case_27_a_statement_under_another_formats_name_is_refused),
		cmocka_unit_test(case_28_chains_that_are_no_chains_are_refused),
		cmocka_unit_test(case_29_apple_is_refused_where_the_directory_does_not_take_it),
		cmocka_unit_test(case_30_another_formats_root_is_refused),
		cmocka_unit_test(case_31_a_root_more_takes_nothing_away_and_widens_nothing_else),
		cmocka_unit_test(case_32_chains_that_break_rfc_5280_are_refused),
		cmocka_unit_test(case_54_freshness_for_anything_but_this_token_is_refused),
		cmocka_unit_test(case_55_a_device_that_is_not_named_or_named_twice_is_refused),
		cmocka_unit_test(a_hardware_module_is_no_name_of_an_apple_device),
		cmocka_unit_test(case_56_attestations_of_apps_and_sites_are_refused),
		cmocka_unit_test(case_57_what_is_off_or_not_said_is_never_good),
		cmocka_unit_test(case_57_what_cannot_be_read_is_refused),
		cmocka_unit_test(case_58_a_client_identifier_that_is_not_attested_is_refused),
		cmocka_unit_test(a_record_gives_a_mac_another_name_by_its_serial_number_or_udid),
		cmocka_unit_test(case_58_a_code_for_one_time_is_the_expected_devices_whose_serial_number_is_certified),
		cmocka_unit_test(which_device_it_is_is_told),
		cmocka_unit_test(case_59_no_attestation_is_refused_and_the_next_one_is_judged),
		cmocka_unit_test(case_60_keys_that_no_enclave_makes_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up_mac, tear_down_mac);
}
