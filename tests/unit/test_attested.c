/* SPDX-License-Identifier: Apache-2.0
 * The formats android-key, packed and step: what they have in common, and each one's own lies. */
#include "attest/verifier/claims.h"
#include "attest/verifier/der.h"
#include "tests/unit/attested_stage.h"

#define EACH(kind) for (enum attested_kind kind = 0; kind < kind_count; kind++)

static void a_good_statement_is_accepted_with_every_kind_of_key(void **state)
{
	(void)state;
	EVP_PKEY *const keys[] = {factory.p256, factory.p384, factory.rsa, factory.ed25519};
	EACH(kind) {
		struct device_attested one = good_one(kind);
		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
			uint8_t hash[32];
			X509 *leaf = X509_new();
			one.key = keys[i];
			assert_int_equal(judge_device(&one), refusal_none);
			assert_true(X509_set_pubkey(leaf, keys[i]) == 1 && certificate_spki_hash(leaf, hash));
			assert_memory_equal(device.voucher.spki_hash, hash, sizeof hash);
			X509_free(leaf);
		}
		one.has_auth_data = true;
		assert_int_equal(judge_device(&one), refusal_none);
		assert_true(bytes_equal_text(device.voucher.format, attested_formats[kind]));
		assert_int_equal(device.voucher.assurance, kind == kind_android ? assurance_verified_boot : assurance_hardware);
		assert_true(bytes_equal_text(device.voucher.identifier, DEVICE_SERIAL));
		uint8_t root_hash[32];
		assert_int_equal(X509_digest(factory.root[kind].certificate, EVP_sha256(), root_hash, NULL), 1);
		assert_memory_equal(device.voucher.root_hash, root_hash, sizeof root_hash);
	}
}

/* Android's keystore takes challenges of at most 128 octets. */
static void a_key_authorization_is_short_enough_for_android(void **state)
{
	(void)state;
	assert_true(factory.bound.size <= 128);
}

static void the_claims_are_of_one_vocabulary(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_android);
	assert_int_equal(judge_device(&one), refusal_none);
	assert_true(claims_hold("{\"maker\":\"Google\",\"model\":\"Pixel 8\",\"serial\":\"" DEVICE_SERIAL "\",\"os_version\":\"14.0.0\","
				"\"os_patch_level\":\"202611\",\"secure_boot\":\"full\",\"key_protection\":\"hardware\","
				"\"key_store\":\"trusted_environment\",\"key\":{\"type\":\"EC\",\"bits\":256}}"));
	one = good_one(kind_step);
	assert_int_equal(judge_device(&one), refusal_none);
	assert_true(claims_hold("{\"maker\":\"Yubico\",\"model\":\"YubiKey\",\"serial\":\"" DEVICE_SERIAL "\",\"firmware\":\"5.4.3\","
				"\"pin_policy\":\"once\",\"touch_policy\":\"never\",\"key_protection\":\"hardware\",\"key\":{"));
	one = good_one(kind_packed);
	assert_int_equal(judge_device(&one), refusal_none);
	assert_true(claims_hold("{\"maker\":\"Maker\",\"serial\":\"" DEVICE_SERIAL "\",\"key_protection\":\"hardware\",\"key\":{"));
}

static bool is_claim(struct bytes name)
{
	for (enum claim claim = 0; claim < claim_count; claim++)
		if (bytes_equal_text(name, claim_name(claim)))
			return true;
	return false;
}

/* Every member of the object is in the table. */
static void expect_known_claims(struct bytes claims)
{
	unsigned depth = 0;
	for (size_t i = 0; i + 1 < claims.size; i++) {
		depth += claims.data[i] == '{';
		depth -= claims.data[i] == '}';
		if (depth != 1 || (claims.data[i] != '{' && claims.data[i] != ',') || claims.data[i + 1] != '"')
			continue;
		const uint8_t *name = claims.data + i + 2, *end = memchr(name, '"', claims.size - i - 2);
		assert_non_null(end);
		assert_true(is_claim(bytes_from(name, (size_t)(end - name))));
	}
}

static void table_code_and_manual_have_the_same_claims(void **state)
{
	(void)state;
	static char manual[32768];
	char item[80];
	FILE *file = fopen("attest/judge/keyward-judge.1", "re");
	assert_non_null(file);
	assert_true(fread(manual, 1, sizeof manual - 1, file) > 0);
	(void)fclose(file);
	for (enum claim claim = 0; claim < claim_count; claim++) {
		snprintf(item, sizeof item, ".It Li %s\n", claim_name(claim));
		if (strstr(manual, item) == NULL)
			fail_msg("the manual lacks the claim %s", claim_name(claim));
	}
	EACH(kind) {
		const struct device_attested one = good_one(kind);
		assert_int_equal(judge_device(&one), refusal_none);
		expect_known_claims(device.answer.claims);
	}
	static struct device_octets octets;
	const struct device_statement tpm = good();
	device_statement_build(&tpm, &octets);
	const struct message_statement_judge ask = ask_with(device_view(&octets));
	assert_int_equal(judge_ask_of_device(&ask), refusal_none);
	expect_known_claims(device.answer.claims);
}

static void no_statement_with_a_flipped_bit_is_accepted(void **state)
{
	(void)state;
	static struct device_octets octets;
	EACH(kind) {
		const struct device_attested one = good_one(kind);
		device_attested_build(&one, &octets);
		for (size_t bit = 0; bit < 8 * octets.size; bit++) {
			octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
			if (judge_octets(device_view(&octets)) == refusal_none)
				fail_msg("%s: bit %zu of octet %zu of %zu flipped, and accepted", one.format, bit % 8, bit / 8, octets.size);
			octets.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
}

static void a_statement_cut_anywhere_or_longer_is_refused(void **state)
{
	(void)state;
	static struct device_octets octets;
	EACH(kind) {
		const struct device_attested one = good_one(kind);
		device_attested_build(&one, &octets);
		for (size_t size = 0; size < octets.size; size++)
			assert_int_not_equal(judge_octets(bytes_from(octets.data, size)), refusal_none);
		for (unsigned added = 0; added < 256; added++) {
			octets.data[octets.size] = (uint8_t)added;
			assert_int_equal(judge_octets(bytes_from(octets.data, octets.size + 1)), refusal_cbor_malformed);
		}
	}
}

static void every_check_of_each_table_refuses_by_its_own_name(void **state)
{
	(void)state;
	expect_table(&format_android, refusal_android_chain_absent, refusal_android_chain_untrusted, refusal_android_signature_wrong);
	expect_table(&format_packed, refusal_packed_chain_absent, refusal_packed_chain_untrusted, refusal_packed_signature_wrong);
	expect_table(&format_step, refusal_step_chain_absent, refusal_step_chain_untrusted, refusal_step_signature_wrong);
}

static void case_27_a_statement_under_another_formats_name_is_refused(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_step);
	one.named = "android-key";
	EXPECT_DEVICE(&one, android_chain_untrusted);
	one.named = "packed";
	EXPECT_DEVICE(&one, packed_leaf_subject);
	one.named = "apple";
	EXPECT_DEVICE(&one, apple_chain_untrusted);
	one = good_one(kind_packed);
	one.named = "step";
	EXPECT_DEVICE(&one, step_chain_untrusted);
	static const char *const names[] = {"none", "fido-u2f", "compound", "android-safetynet", "Packed", "step "};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		one.named = names[i];
		EXPECT_DEVICE(&one, format_unsupported);
	}
}

static void case_27_self_attestation_is_refused(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_packed);
	one.has_no_chain = true;
	EXPECT_DEVICE(&one, packed_chain_absent);
}

static void case_28_chains_that_are_no_chains_are_refused(void **state)
{
	(void)state;
	static struct device_octets leaf, longer;
	struct bytes chain[8];
	EACH(kind) {
		struct device_attested one = good_one(kind);
		device_attested_leaf(&one, &leaf);
		longer = leaf;
		device_append(&longer, "", 1);
		one.has_no_chain = true;
		EXPECT_KIND(kind, &one, "android_chain_absent", "packed_chain_absent", "step_chain_absent");
		one.has_no_chain = false;
		one.chain = chain;
		EXPECT_KIND(kind, &one, "android_chain_absent", "packed_chain_absent", "step_chain_absent");
		for (size_t i = 0; i < 8; i++)
			chain[i] = device_view(&leaf);
		one.chain_count = 7;
		EXPECT_KIND(kind, &one, "android_chain_absent", "packed_chain_absent", "step_chain_absent");
		one.chain_count = 2;
		EXPECT_KIND(kind, &one, "android_chain_malformed", "packed_chain_malformed", "step_chain_malformed");
		chain[0] = device_view(&longer);
		one.chain_count = 1;
		EXPECT_KIND(kind, &one, "android_chain_malformed", "packed_chain_malformed", "step_chain_malformed");
		one = good_one(kind);
		one.leaf.constraints = "critical,CA:TRUE";
		EXPECT_KIND(kind, &one, "android_leaf_is_ca", "packed_leaf_is_ca", "step_leaf_is_ca");
	}
}

static void case_30_another_formats_root_is_refused(void **state)
{
	(void)state;
	EACH(kind) {
		EACH(other) {
			struct device_attested one = good_one(kind);
			one.authority = one.above = &factory.sub[other];
			if (other == kind)
				assert_int_equal(judge_device(&one), refusal_none);
			else
				EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		}
		struct device_attested one = good_one(kind);
		one.authority = &stage.own; /* the appliance's own AK issuer, and an AK root */
		one.above = NULL;
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		one.authority = &stage.foreign;
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
	}
}

static void case_32_chains_that_break_rfc_5280_are_refused(void **state)
{
	(void)state;
	struct device_authority no_ca;
	EACH(kind) {
		struct device_attested one = good_one(kind);
		one.leaf.ends_s = -60;
		one.leaf.starts_s = -120;
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		one = good_one(kind);
		one.leaf.has_wrong_signature = true;
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		one = good_one(kind);
		one.leaf.digest = "SHA1";
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		device_authority_new(&(struct device_authority_options){.name = "No CA", .issuer = &factory.root[kind], .constraints = "critical,CA:FALSE"}, &no_ca);
		one = good_one(kind);
		one.authority = one.above = &no_ca;
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
		device_authority_free(&no_ca);
	}
}

static void keys_and_algorithms_that_are_not_taken_are_refused(void **state)
{
	(void)state;
	EVP_PKEY *const keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"),
				  EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1")};
	static const int64_t algorithms[] = {-35, -257, -8, -37, -65535, 7, 6};
	EACH(kind) {
		struct device_attested one = good_one(kind);
		for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
			one.algorithm = algorithms[i];
			EXPECT_KIND(kind, &one, "android_algorithm_refused", "packed_algorithm_refused", "step_algorithm_refused");
		}
		one.has_no_algorithm = true;
		EXPECT_KIND(kind, &one, "android_algorithm_refused", "packed_algorithm_refused", "step_algorithm_refused");
		one = good_one(kind);
		for (size_t i = 1; i < sizeof keys / sizeof keys[0]; i++) {
			one.key = keys[i];
			EXPECT_KIND(kind, &one, "android_key_refused", "packed_key_refused", "step_key_refused");
		}
		one.key = keys[0]; /* the chain's level refuses it first */
		EXPECT_KIND(kind, &one, "android_chain_untrusted", "packed_chain_untrusted", "step_chain_untrusted");
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		EVP_PKEY_free(keys[i]);
}

static void case_61_a_signature_that_is_absent_or_over_something_else_is_refused(void **state)
{
	(void)state;
	uint8_t other_thumbprint[32] = {9}, room[256];
	struct buffer text = BUFFER(room);
	assert_true(buffer_add(&text, device.order.tokens.at[0].data, device.order.tokens.at[0].size) && buffer_add(&text, ".", 1) &&
		    base64url_encode(BYTES_OF(other_thumbprint), &text));
	const struct bytes another_accounts = buffer_view(&text), token = device.order.tokens.at[0], empty = bytes_from("", 0);
	EACH(kind) {
		struct device_attested one = good_one(kind);
		one.has_no_signature = true;
		EXPECT_KIND(kind, &one, "android_signature_wrong", "packed_signature_wrong", "step_signature_malformed");
		one = good_one(kind);
		one.signed_text = &another_accounts;
		EXPECT_KIND(kind, &one, "android_signature_wrong", "packed_signature_wrong", "step_signature_wrong");
		one.signed_text = &token;
		EXPECT_KIND(kind, &one, "android_signature_wrong", "packed_signature_wrong", "step_signature_wrong");
		one.signed_text = &empty;
		EXPECT_KIND(kind, &one, "android_signature_wrong", "packed_signature_wrong", "step_signature_wrong");
		one = good_one(kind);
		EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		one.signer = other;
		EXPECT_KIND(kind, &one, "android_signature_wrong", "packed_signature_wrong", "step_signature_wrong");
		EVP_PKEY_free(other);
	}
}

static void case_61_a_yubikey_signs_in_a_string_within_the_string(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_step);
	one.is_signature_bare = true;
	EXPECT_DEVICE(&one, step_signature_malformed);
	one = good_one(kind_step);
	one.is_signature_longer = true;
	EXPECT_DEVICE(&one, step_signature_malformed);
}

static void case_61_a_yubikey_of_the_faulty_generator_is_refused(void **state)
{
	(void)state;
	static const uint8_t old[][3] = {{4, 3, 4}, {4, 2, 6}, {0, 255, 255}}, fine[][3] = {{4, 3, 5}, {5, 0, 0}, {5, 7, 4}};
	struct device_attested one = good_one(kind_step);
	for (size_t i = 0; i < 3; i++) {
		one.firmware = old[i];
		EXPECT_DEVICE(&one, step_firmware_refused);
		one.firmware = fine[i];
		assert_int_equal(judge_device(&one), refusal_none);
	}
}

static void case_61_where_pin_or_touch_are_wanted_the_key_has_to_ask(void **state)
{
	(void)state;
	struct message_verifier_directory *rules = &stage.verifier.directories[0].rules;
	struct device_attested one = good_one(kind_step);
	for (unsigned policy = 0; policy < 256; policy++) {
		const uint8_t pin[2] = {(uint8_t)policy, yubikey_touch_never}, touch[2] = {yubikey_pin_never, (uint8_t)policy};
		rules->needs_step_pin = rules->needs_step_touch = 0;
		one.policies = pin;
		assert_int_equal(judge_device(&one), refusal_none);
		rules->needs_step_pin = 1;
		assert_int_equal(judge_device(&one), policy >= 2 && policy <= 5 ? refusal_none : refusal_step_pin_unasked);
		rules->needs_step_pin = 0;
		rules->needs_step_touch = 1;
		one.policies = touch;
		assert_int_equal(judge_device(&one), policy == 2 || policy == 3 ? refusal_none : refusal_step_touch_unasked);
	}
	rules->needs_step_pin = rules->needs_step_touch = 1;
	one.policies = (const uint8_t[2]){yubikey_pin_always, yubikey_touch_cached};
	assert_int_equal(judge_device(&one), refusal_none);
	one.without = DEVICE_YUBICO "8";
	EXPECT_DEVICE(&one, step_pin_unasked);
	rules->needs_step_pin = 0;
	EXPECT_DEVICE(&one, step_touch_unasked);
	rules->needs_step_touch = 0;
	assert_int_equal(judge_device(&one), refusal_none);
}

static void case_61_a_yubikey_without_its_extensions_is_refused(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_step);
	one.without = DEVICE_YUBICO "3";
	EXPECT_DEVICE(&one, step_properties_malformed);
	one.without = DEVICE_YUBICO "7";
	EXPECT_DEVICE(&one, identity_absent);
	one = good_one(kind_step);
	one.also = (struct device_extension){.oid = DEVICE_YUBICO "7", .value = OCTETS(2, 1, 5)};
	EXPECT_DEVICE(&one, step_properties_malformed); /* twice */
	const struct bytes wrong[] = {OCTETS(2, 2, 0, 5), OCTETS(2, 1, 0x85), OCTETS(4, 1, 5), OCTETS(2, 1, 5, 0), OCTETS(2, 1, 0)};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		one.without = DEVICE_YUBICO "7";
		one.also.value = wrong[i];
		EXPECT_DEVICE(&one, step_properties_malformed);
	}
}

static void case_61_another_makers_intermediate_is_refused(void **state)
{
	(void)state;
	struct device_authority own_f9;
	device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .issuer = &factory.other}, &own_f9);
	struct device_attested one = good_one(kind_step);
	one.authority = one.above = &own_f9; /* the attestation slot's key overwritten */
	EXPECT_DEVICE(&one, step_chain_untrusted);
	one.above = &factory.sub[kind_step]; /* a leaf of another key's intermediate */
	EXPECT_DEVICE(&one, step_chain_untrusted);
	device_authority_free(&own_f9);
}

static void case_62_androids_lies_are_refused(void **state)
{
	(void)state;
	const struct {
		struct device_attested knobs;
		const char *refusal;
	} lies[] = {
		{{.is_software = true}, "android_security_level"},
		{{.is_key_software = true}, "android_security_level"},
		{{.challenge = &device.order.tokens.at[0]}, "android_challenge_wrong"},
		{{.is_imported = true}, "android_key_origin"},
		{{.says_no_origin = true}, "android_key_origin"},
		{{.cannot_sign = true}, "android_key_origin"},
		{{.is_for_all = true}, "android_key_origin"},
		{{.is_unlocked = true}, "android_boot_unverified"},
		{{.boot_state = 1}, "android_boot_unverified"},
		{{.boot_state = 2}, "android_boot_unverified"},
		{{.boot_state = 3}, "android_boot_unverified"},
		{{.has_no_root_of_trust = true}, "android_boot_unverified"},
		{{.is_root_of_trust_the_systems = true}, "android_boot_unverified"},
		{{.is_serial_the_systems = true}, "identity_absent"},
		{{.without = DEVICE_ANDROID}, "android_description_malformed"},
	};
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		const struct device_attested good_android = good_one(kind_android);
		struct device_attested one = lies[i].knobs;
		one.format = good_android.format;
		one.authority = good_android.authority;
		one.above = good_android.above;
		one.key = good_android.key;
		one.bound = good_android.bound;
		one.serial = good_android.serial;
		assert_string_equal(status_entry(judge_device(&one))->name, lies[i].refusal);
	}
}

/* Who has an attested key makes a leaf of his own below it; only the description nearest the root is the hardware's. */
static void case_62_a_leaf_below_an_attested_key_is_refused(void **state)
{
	(void)state;
	static struct device_octets attested, forged;
	struct device_authority attacker;
	struct device_attested one = good_one(kind_android);
	one.leaf.constraints = "critical,CA:TRUE";
	device_attested_leaf(&one, &attested);
	const unsigned char *at = attested.data;
	attacker.key = factory.p256;
	attacker.certificate = d2i_X509(NULL, &at, (long)attested.size);
	one = good_one(kind_android);
	one.authority = &attacker;
	one.key = factory.p384;
	device_attested_leaf(&one, &forged);
	const struct bytes chain[] = {device_view(&forged), device_view(&attested), bytes_from(factory.sub[kind_android].der, factory.sub[kind_android].size)};
	one.chain = chain;
	one.chain_count = 3;
	EXPECT_DEVICE(&one, android_chain_extended);
	X509_free(attacker.certificate);
}

static void an_android_device_may_send_another_certificate_of_a_roots_key(void **state)
{
	(void)state;
	static struct device_octets leaf;
	struct device_authority old, other;
	struct device_attested one = good_one(kind_android);
	device_attested_leaf(&one, &leaf);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root", .key = factory.root[kind_android].key, .starts_s = -200, .ends_s = -100}, &old);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root", .starts_s = -200, .ends_s = -100}, &other);
	struct bytes chain[] = {device_view(&leaf), bytes_from(factory.sub[kind_android].der, factory.sub[kind_android].size), bytes_from(old.der, old.size)};
	one.chain = chain;
	one.chain_count = 3;
	assert_int_equal(judge_device(&one), refusal_none);
	for (size_t bit = 0; bit < 8 * old.size; bit++) { /* nor is any bit of that one idle */
		old.der[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(judge_device(&one), refusal_none);
		old.der[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	chain[2] = bytes_from(other.der, other.size);
	EXPECT_DEVICE(&one, android_chain_untrusted);
	device_authority_free(&old);
	device_authority_free(&other);
}

static void a_key_description_that_is_not_der_is_refused(void **state)
{
	(void)state;
	static struct device_octets description;
	struct device_attested one = good_one(kind_android);
	struct android_key read;
	device_attested_description(&one, &description);
	assert_true(android_key_read(device_view(&description), &read));
	assert_string_equal(read.serial, DEVICE_SERIAL);
	for (size_t size = 0; size < description.size; size++)
		assert_false(android_key_read(bytes_from(description.data, size), &read));
	device_append(&description, "", 1);
	assert_false(android_key_read(device_view(&description), &read));
	const struct bytes longer = device_view(&description);
	one.description = &longer;
	EXPECT_DEVICE(&one, android_description_malformed);
}

static void der_that_is_not_the_shortest_is_refused(void **state)
{
	(void)state;
	const struct bytes wrong[] = {OCTETS(2, 0x81, 1, 5),	  OCTETS(2, 0x82, 0, 1, 5),   OCTETS(2, 0x80, 5, 0, 0), OCTETS(2, 2, 5),
				      OCTETS(0x1f, 2, 1, 5), OCTETS(0x1f, 0x80, 2, 1, 5), OCTETS(2, 2, 0, 5),	OCTETS(2, 1, 0x85),
				      OCTETS(2, 0),	     OCTETS(2),			  OCTETS(2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0)};
	uint64_t number = 0;
	struct bytes good_number = OCTETS(2, 2, 0, 0x85);
	assert_true(der_number(&good_number, der_integer, &number) && number == 0x85 && good_number.size == 0);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct bytes in = wrong[i];
		assert_false(der_number(&in, der_integer, &number));
	}
}

static void packed_leaves_that_are_no_authenticators_are_refused(void **state)
{
	(void)state;
	struct device_attested one = good_one(kind_packed);
	one.leaf.unit = "Authenticator attestation";
	EXPECT_DEVICE(&one, packed_leaf_subject);
	one = good_one(kind_packed);
	static char longest[400];
	memset(longest, 'x', sizeof longest - 1);
	one.serial = longest;
	EXPECT_DEVICE(&one, packed_leaf_names);
	one = good_one(kind_packed);
	one.leaf.is_version_1 = true;
	EXPECT_DEVICE(&one, packed_leaf_version);
}

static void the_device_is_the_one_that_the_order_names(void **state)
{
	(void)state;
	EACH(kind) {
		struct device_attested one = good_one(kind);
		one.serial = "15732501";
		EXPECT_DEVICE(&one, identity_mismatch);
		assert_non_null(strstr(device.detail.text, "\"15732500\" doesn't match any of the attested hardware identifiers [\"15732501\"]"));
		one.serial = NULL;
		EXPECT_DEVICE(&one, identity_absent);
		static struct device_octets octets;
		one = good_one(kind);
		device_attested_build(&one, &octets);
		struct message_statement_judge ask = ask_of_device(device_view(&octets));
		assert_int_equal(judge_ask_of_device(&ask), refusal_none);
		one.serial = "15732501";
		device_attested_build(&one, &octets);
		ask.statement = device_view(&octets);
		ask.enrolment_record = bytes_from_text("{}");
		assert_int_equal(judge_ask_of_device(&ask), refusal_record_malformed);
	}
}

static void sign_record_of_key(EVP_PKEY *key, struct device_octets *out)
{
	char hex[65];
	uint8_t hash[32];
	X509 *holder = X509_new();
	assert_true(X509_set_pubkey(holder, key) == 1 && certificate_spki_hash(holder, hash));
	X509_free(holder);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	sign_record(hex, out);
}

static void an_enrolment_record_for_the_attested_key_gives_another_name(void **state)
{
	(void)state;
	static struct device_octets record, octets;
	sign_record_of_key(factory.p256, &record);
	open_attested_order_of("press-7");
	EACH(kind) {
		struct device_attested one = good_one(kind);
		one.serial = kind == kind_step ? one.serial : NULL;
		device_attested_build(&one, &octets);
		struct message_statement_judge ask = ask_of_device(device_view(&octets));
		assert_int_not_equal(judge_ask_of_device(&ask), refusal_none);
		ask.enrolment_record = device_view(&record);
		assert_int_equal(judge_ask_of_device(&ask), refusal_none);
		assert_int_equal(device.voucher.record_sequence, 4711);
		assert_true(claims_hold("\"enrolment_record\":{\"sequence\":4711,"));
		one.key = factory.p384; /* another key than the record names */
		device_attested_build(&one, &octets);
		ask.statement = device_view(&octets);
		assert_int_equal(judge_ask_of_device(&ask), refusal_record_mismatch);
	}
	stage.verifier.settings.administrators.count = 0;
	open_attested_order_of(DEVICE_SERIAL);
}

static void equal_serial_numbers_of_two_formats_are_two_devices(void **state)
{
	(void)state;
	static struct device_octets record, octets;
	uint8_t hashes[kind_count][32];
	EACH(kind) {
		char members[100];
		struct device_attested one = good_one(kind);
		assert_int_equal(judge_device(&one), refusal_none);
		memcpy(hashes[kind], device.answer.device_hash, 32);
		for (enum attested_kind other = 0; other < kind; other++)
			assert_memory_not_equal(hashes[kind], hashes[other], 32);
		open_attested_order_of("press-7");
		one = good_one(kind);
		device_attested_build(&one, &octets);
		for (enum attested_kind named = 0; named < kind_count; named++) {
			snprintf(members, sizeof members, "\"format\":\"%s\",\"serial\":\"" DEVICE_SERIAL "\"", attested_formats[named]);
			sign_record_for("press-7", members, &record);
			struct message_statement_judge ask = ask_of_device(device_view(&octets));
			ask.enrolment_record = device_view(&record);
			assert_int_equal(judge_ask_of_device(&ask), named == kind ? refusal_none : refusal_record_mismatch);
		}
		open_attested_order_of(DEVICE_SERIAL);
	}
	stage.verifier.settings.administrators.count = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_statement_is_accepted_with_every_kind_of_key),
		cmocka_unit_test(a_key_authorization_is_short_enough_for_android),
		cmocka_unit_test(the_claims_are_of_one_vocabulary),
		cmocka_unit_test(table_code_and_manual_have_the_same_claims),
		cmocka_unit_test(no_statement_with_a_flipped_bit_is_accepted),
		cmocka_unit_test(a_statement_cut_anywhere_or_longer_is_refused),
		cmocka_unit_test(every_check_of_each_table_refuses_by_its_own_name),
		cmocka_unit_test(case_27_a_statement_under_another_formats_name_is_refused),
		cmocka_unit_test(case_27_self_attestation_is_refused),
		cmocka_unit_test(case_28_chains_that_are_no_chains_are_refused),
		cmocka_unit_test(case_30_another_formats_root_is_refused),
		cmocka_unit_test(case_32_chains_that_break_rfc_5280_are_refused),
		cmocka_unit_test(keys_and_algorithms_that_are_not_taken_are_refused),
		cmocka_unit_test(case_61_a_signature_that_is_absent_or_over_something_else_is_refused),
		cmocka_unit_test(case_61_a_yubikey_signs_in_a_string_within_the_string),
		cmocka_unit_test(case_61_a_yubikey_of_the_faulty_generator_is_refused),
		cmocka_unit_test(case_61_where_pin_or_touch_are_wanted_the_key_has_to_ask),
		cmocka_unit_test(case_61_a_yubikey_without_its_extensions_is_refused),
		cmocka_unit_test(case_61_another_makers_intermediate_is_refused),
		cmocka_unit_test(case_62_androids_lies_are_refused),
		cmocka_unit_test(case_62_a_leaf_below_an_attested_key_is_refused),
		cmocka_unit_test(an_android_device_may_send_another_certificate_of_a_roots_key),
		cmocka_unit_test(a_key_description_that_is_not_der_is_refused),
		cmocka_unit_test(der_that_is_not_the_shortest_is_refused),
		cmocka_unit_test(packed_leaves_that_are_no_authenticators_are_refused),
		cmocka_unit_test(the_device_is_the_one_that_the_order_names),
		cmocka_unit_test(an_enrolment_record_for_the_attested_key_gives_another_name),
		cmocka_unit_test(equal_serial_numbers_of_two_formats_are_two_devices),
	};
	return cmocka_run_group_tests(tests, set_up_attested, tear_down_attested);
}
