/* SPDX-License-Identifier: Apache-2.0
 * Real statements and certificates, through the same readers as what a device sends. They lie outside the repository, in the folder
 * that KEYWARD_VECTORS names or ../shared/vectors; without it these tests are skipped. */
#include <openssl/pem.h>
#include <unistd.h>

#include "attest/verifier/anchor.h"
#include "attest/verifier/bundle.h"
#include "attest/verifier/format_tpm_signature.h"
#include "attest/verifier/trust.h"
#include "tests/unit/apple_stage.h"

static const char *folder(void)
{
	const char *named = getenv("KEYWARD_VECTORS");
	return named != NULL ? named : "../shared/vectors";
}

static struct bytes read_file(const char *name, struct device_octets *out)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder(), name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	out->size = fread(out->data, 1, sizeof out->data, file);
	fclose(file);
	return device_view(out);
}

static X509 *read_pem(const char *name)
{
	struct device_octets octets = {0};
	const struct bytes text = read_file(name, &octets);
	BIO *source = BIO_new_mem_buf(text.data, (int)text.size);
	X509 *certificate = PEM_read_bio_X509(source, NULL, NULL, NULL);
	BIO_free(source);
	assert_non_null(certificate);
	return certificate;
}

/* As PEM gives it, but through our own reader. */
static X509 *reread(X509 *certificate)
{
	uint8_t *der = NULL;
	const int size = i2d_X509(certificate, &der);
	assert_true(size > 0);
	X509 *again = certificate_parse(bytes_from(der, (size_t)size));
	OPENSSL_free(der);
	return again;
}

struct sample {
	const char *name;
	const char *manufacturer;
	bool is_ecc;        /* the certified key */
	bool is_sha1;       /* refused for that, unless it is configured */
};
static const struct sample samples[] = {
	{"02350a8a01c1c8a2", "id:494E5443", false, true},  /* a Windows machine with Intel's TPM */
	{"3270ca14206673a6", "id:4E544300", true, true},   /* a Windows machine with Nuvoton's */
	{"00e9664908e4d93a", "id:FFFFF1D0", false, false}, /* the FIDO conformance tool */
	{"282480fba639055b", "id:FFFFF1D0", true, false},  /* IBM's test device */
};

struct open_sample {
	struct device_octets object, hashed;
	struct cbor cbor;
	size_t statement;
	X509 *ak_certificate;
	EVP_PKEY *ak;
	struct tpm_attest certinfo;
	struct bytes certinfo_octets, area;
	struct tpm_public public;
	struct tpm_signature signature;
	const struct cbor_item *algorithm;
};

static const struct cbor_item *item(const struct open_sample *open, const char *name)
{
	const size_t at = cbor_member(&open->cbor, open->statement, name);
	assert_int_not_equal(at, 0);
	return &open->cbor.items[at];
}

static void open_sample(const struct sample *sample, struct open_sample *out)
{
	char name[128];
	*out = (struct open_sample){.statement = 0};
	snprintf(name, sizeof name, "webauthn/tpm/%s/attObj.cbor", sample->name);
	assert_int_equal(cbor_parse(read_file(name, &out->object), &out->cbor).refusal, refusal_none);
	snprintf(name, sizeof name, "webauthn/tpm/%s/attToBeSigned.bin", sample->name);
	read_file(name, &out->hashed);
	out->statement = cbor_member(&out->cbor, 0, "attStmt");
	assert_true(bytes_equal_text(out->cbor.items[cbor_member(&out->cbor, 0, "fmt")].octets, "tpm"));
	out->ak_certificate = certificate_parse(item(out, "x5c")[1].octets);
	assert_non_null(out->ak_certificate);
	out->ak = X509_get_pubkey(out->ak_certificate);
	out->certinfo_octets = item(out, "certInfo")->octets;
	out->area = item(out, "pubArea")->octets;
	out->algorithm = item(out, "alg");
	assert_int_equal(tpm_attest_parse(out->certinfo_octets, &out->certinfo).refusal, refusal_none);
	assert_int_equal(tpm_public_parse(out->area, &out->public).refusal, refusal_none);
	assert_true(format_tpm_signature_read(item(out, "sig")->octets, out->ak, out->algorithm, &out->signature));
}

static void close_sample(struct open_sample *sample)
{
	X509_free(sample->ak_certificate);
	EVP_PKEY_free(sample->ak);
}

static void webauthn_statements_parse_to_what_their_oracle_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct open_sample open;
		struct tpm_octets name;
		uint8_t hash[EVP_MAX_MD_SIZE];
		unsigned size = 0;
		open_sample(&samples[i], &open);
		const EVP_MD *digest = samples[i].is_sha1 ? EVP_sha1() : EVP_sha256();
		assert_int_equal(EVP_Digest(open.hashed.data, open.hashed.size, hash, &size, digest, NULL), 1);
		assert_int_equal(open.certinfo.magic, TPM_GENERATED);
		assert_int_equal(open.certinfo.type, tpm_st_attest_certify);
		assert_true(bytes_equal(bytes_from(open.certinfo.extra_data.data, open.certinfo.extra_data.size),
					bytes_from(hash, size)));
		assert_int_equal(open.public.type, samples[i].is_ecc ? tpm_ecc : tpm_rsa);
		assert_true(tpm_key_name(&open.public, open.area, &name));
		assert_true(bytes_equal(bytes_from(name.data, name.size),
					bytes_from(open.certinfo.name.data, open.certinfo.name.size)));
		close_sample(&open);
	}
}

static void webauthn_signatures_verify_and_those_with_sha1_are_taken_where_that_is_configured(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct open_sample open;
		open_sample(&samples[i], &open);
		struct format_tpm_signature_rule rule = {.certified_type = open.public.type};
		assert_int_equal(format_tpm_signature_is_taken(&open.signature, open.ak, open.algorithm, rule),
				 !samples[i].is_sha1);
		rule.may_be_sha1 = true;
		assert_true(format_tpm_signature_is_taken(&open.signature, open.ak, open.algorithm, rule));
		assert_true(format_tpm_signature_verify(&open.signature, open.ak, open.certinfo_octets));
		close_sample(&open);
	}
}

static void webauthn_ak_certificates_are_read_in_every_order_of_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct open_sample open;
		struct certificate_names names;
		open_sample(&samples[i], &open);
		assert_true(certificate_has_usage(open.ak_certificate, "2.23.133.8.3"));
		assert_true(certificate_names_read(open.ak_certificate, &names));
		assert_string_equal(names.manufacturer, samples[i].manufacturer);
		assert_true(names.model[0] != 0 && names.version[0] != 0);
		const bool is_known = samples[i].is_sha1; /* the two real ones */
		assert_int_equal(vendor_find(names.manufacturer) != NULL, is_known);
		close_sample(&open);
	}
}

/* None of them is for this challenge, and none chains to a root of ours. */
static void webauthn_statements_are_refused_here(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct device_octets octets = {0};
		char name[128];
		snprintf(name, sizeof name, "webauthn/tpm/%s/attObj-acme.cbor", samples[i].name);
		const enum refusal refusal = judge(read_file(name, &octets));
		if (samples[i].is_sha1)
			assert_string_equal(status_entry(refusal)->name, "tpm_chain_untrusted");
		else
			assert_string_equal(status_entry(refusal)->name, "tpm_vendor_unknown");
	}
}

/* The one that W3C publishes says 0x33 where a TPM says yes or no. */
static void the_vector_that_no_tpm_made_is_tpm_certinfo_malformed(void **state)
{
	(void)state;
	struct device_octets octets = {0};
	struct tpm_attest attest;
	const struct bytes certinfo = read_file("webauthn/tpm/84b354fd9daa1df4/certInfo.bin", &octets);
	assert_int_equal(tpm_attest_parse(certinfo, &attest).refusal, refusal_tpm_certinfo_malformed);
}

static void case_27_statements_of_other_formats_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"webauthn/apple/852900882ddd0291/attObj.cbor",
					    "webauthn/apple/cd0bf0c818d9a907/attObj-acme.cbor",
					    "apple-mda/attObj-leaf-only.cbor"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct device_octets octets = {0};
		assert_string_equal(status_entry(judge(read_file(names[i], &octets)))->name, "format_unsupported");
	}
}

static void a_real_nuvoton_ek_certificate_chains_to_its_makers_root(void **state)
{
	(void)state;
	struct detail detail = {.text = ""};
	struct certificate_names names;
	uint8_t root_hash[32];
	X509 *from_pem = read_pem("tpm-enrolment/nuvoton_ek_p256.pem"), *certificate = reread(from_pem);
	X509 *root = read_pem("tpm-enrolment/nuvoton_tpm_root_ca_2111.pem");
	const struct chain_roots roots = {.at = {root}, .count = 1};
	assert_non_null(certificate); /* though the attributes of its issuer's name are not sorted */
	assert_true(certificate_has_usage(certificate, "2.23.133.8.1"));
	assert_true(certificate_names_read(certificate, &names));
	assert_string_equal(names.manufacturer, "id:4E544300");
	const struct revocation_lists none = {.count = 0};
	const struct chain_question question = {certificate, NULL, chain_any_order, &roots, &none};
	if (chain_verify(&question, root_hash, &detail) != chain_good)
		fail_msg("%s", detail.text);
	X509_free(from_pem);
	X509_free(certificate);
	X509_free(root);
}

static void a_real_ak_certificate_names_its_device(void **state)
{
	(void)state;
	struct certificate_names names;
	X509 *from_pem = read_pem("acme-da-trace/ak.pem"), *certificate = reread(from_pem);
	assert_non_null(certificate);
	assert_true(certificate_names_read(certificate, &names));
	assert_string_equal(names.manufacturer, "id:00001014");
	assert_string_equal(names.model, "swtpm");
	assert_int_equal(names.permanent_identifiers, 1);
	assert_string_equal(names.permanent_identifier, "78306e4e22081c08");
	X509_free(from_pem);
	X509_free(certificate);
}

enum { in_august_2025 = 1754006400 };

/* With Apple's own root, at a time when the leaf was valid. */
static enum refusal judge_at_its_time(struct bytes octets, X509 *root, const uint8_t freshness[32], struct statement *s)
{
	static struct verifier verifier;
	verifier.directories[0] = (struct verifier_directory){.apple_roots = {.at = {root}, .count = 1, .at_s = in_august_2025},
							      .rules.formats = {{bytes_from_text("apple")}, 1}};
	*s = (struct statement){.verifier = &verifier,
				.directory = &verifier.directories[0],
				.identifier_type = bytes_from_text("permanent-identifier"),
				.identifier = bytes_from_text("TMWFWWWP67")};
	memcpy(s->expected, freshness, sizeof s->expected);
	assert_int_equal(format_open(octets, s).refusal, refusal_none);
	const status judged = format_judge(s);
	const enum refusal refusal = is_refused(judged) ? judged.refusal : s->format->identify(s).refusal;
	const struct apple_properties apple = s->apple;
	format_close(s);
	s->apple = apple;
	return refusal;
}

/* Nobody published the authority between, so its chain ends short of the root; with the leaf itself for a root all else passes. */
static void a_real_mac_passes_every_check_but_the_chain_that_is_not_public(void **state)
{
	(void)state;
	static const uint8_t freshness[32] = {0x9f, 0xf2, 0x19, 0xc2, 0x83, 0x13, 0x13, 0xc8, 0x19, 0x0b, 0x63,
					      0xe9, 0xdd, 0x8f, 0x80, 0xaa, 0x0a, 0x4a, 0x97, 0x37, 0xa5, 0x8d,
					      0xaa, 0x93, 0x1d, 0xa8, 0xab, 0xde, 0x2f, 0x2d, 0x5d, 0x62};
	static const uint8_t other[32];
	static struct device_octets object;
	static struct statement s;
	const struct bytes octets = read_file("apple-mda/attObj-leaf-only.cbor", &object);
	X509 *root = read_pem("roots/ccf59ef8fcb3017d-C-US-O-Apple-Inc-CN-Apple-Enterprise-Attestation-Root-CA.pem");
	X509 *leaf = read_pem("apple-mda/leaf.pem");
	assert_int_equal(judge_at_its_time(octets, root, freshness, &s), refusal_apple_chain_untrusted);
	assert_int_equal(judge_at_its_time(octets, leaf, other, &s), refusal_apple_freshness_wrong);
	assert_int_equal(judge_at_its_time(octets, leaf, freshness, &s), refusal_none);
	assert_string_equal(s.apple.serial, "TMWFWWWP67");
	assert_string_equal(s.apple.udid, "00006030-000651690A84001C");
	assert_string_equal(s.apple.model, "J514sAP");
	assert_string_equal(s.apple.os_version, "15.5");
	assert_string_equal(s.apple.sep_version, "15.5");
	assert_string_equal(s.apple.boot_version, "15.5");
	assert_int_equal(s.apple.integrity_protection, apple_switch_on);
	assert_int_equal(s.apple.kernel_extensions, apple_switch_off);
	assert_int_equal(s.apple.secure_boot, apple_boot_full);
	X509_free(root);
	X509_free(leaf);
}

/* Anonymous statements of Apple's for web sites have the same fmt. */
static void case_56_real_attestations_for_web_sites_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"webauthn/apple/852900882ddd0291/attObj.cbor",
					    "webauthn/apple/cd0bf0c818d9a907/attObj-acme.cbor"};
	static struct device_octets object;
	static struct statement s;
	static const uint8_t expected[32];
	X509 *root = read_pem("roots/0915dd5c07a28db5-ST-California-O-Apple-Inc-CN-Apple-WebAuthn-Root-CA.pem");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_string_equal(status_entry(judge_at_its_time(read_file(names[i], &object), root, expected, &s))->name,
				    "apple_leaf_purpose");
	X509_free(root);
}

/* Every certificate of makers that is in circulation is read; roots and intermediates are authorities. */
static void expect_authorities(const char *name)
{
	char path[512];
	size_t count = 0, unread = 0;
	snprintf(path, sizeof path, "%s/%s", folder(), name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	for (X509 *one; (one = PEM_read_X509(file, NULL, NULL, NULL)) != NULL; count++) {
		X509 *again = reread(one);
		if (again == NULL || X509_check_ca(again) != 1) {
			print_message("# %s %zu: %s\n", name, count, again == NULL ? "not DER" : "no authority");
			unread++;
		}
		X509_free(again);
		X509_free(one);
	}
	fclose(file);
	assert_true(count > 20);
	assert_int_equal(unread, 0);
}

static void the_roots_of_real_makers_are_read(void **state)
{
	(void)state;
	expect_authorities("tpm-roots/tpm-ca-certificates.pem");
}

static void the_intermediates_of_real_makers_are_read(void **state)
{
	(void)state;
	expect_authorities("tpm-roots/tpm-intermediate-ca-certificates.pem");
}

/* What the verifier said of the one root. */
static int said_level;
static char said[600];

__attribute__((format(printf, 2, 3))) static void note(int level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	said_level = level;
	vsnprintf(said, sizeof said, format, arguments);
	va_end(arguments);
}

static void tell(const char *format, struct bytes certificate)
{
	static uint8_t octets[4420];
	static struct verifier verifier;
	struct buffer record = BUFFER(octets);
	const struct message_trust_root root = {.format = bytes_from_text(format), .directories = 1, .certificate = certificate};
	assert_false(is_refused(wire_encode(message_trust_root, &root, &record)));
	verifier.settings.roots.at[0] = buffer_view(&record);
	verifier.settings.roots.count = 1;
	said[0] = 0;
	trust_tell(&verifier, note);
}

static const char *import_fault(const char *format, const char *name, struct anchor *anchor)
{
	static struct device_octets octets;
	const struct bytes file = read_file(name, &octets);
	STACK_OF(X509) *bundle = bundle_read(file);
	assert_non_null(bundle);
	const char *fault = anchor_judge(sk_X509_value(bundle, 0), bytes_from_text(format), anchor);
	bundle_free(bundle);
	return fault;
}

static void a_known_root_is_known_for_its_own_format_alone(void **state)
{
	(void)state;
	struct anchor anchor;
	const char *const apple = "roots/ccf59ef8fcb3017d-C-US-O-Apple-Inc-CN-Apple-Enterprise-Attestation-Root-CA.pem";
	const char *const microsoft = "roots/870c7a35ceab3d59-CN-Microsoft-TPM-Root-Certificate-Authority-2014-O-Microsoft.pem";
	assert_null(import_fault("apple", apple, &anchor));
	assert_true(anchor.is_root && anchor.is_known);
	assert_null(import_fault("ek", apple, &anchor));
	assert_true(anchor.is_root && !anchor.is_known);
	assert_string_equal(anchor.known_format, "apple");
	assert_null(import_fault("ek", microsoft, &anchor));
	assert_true(anchor.is_root && anchor.is_known);
	assert_null(import_fault("ak", microsoft, &anchor));
	assert_true(!anchor.is_known);
	assert_string_equal(anchor.known_format, "ek");
}

static void the_verifier_says_whose_its_roots_are(void **state)
{
	(void)state;
	static struct device_octets octets;
	static struct device_authority own;
	const struct bytes apple = read_file("roots/ccf59ef8fcb3017d-C-US-O-Apple-Inc-CN-Apple-Enterprise-Attestation-Root-CA.pem", &octets);
	tell("apple", apple);
	assert_int_equal(said_level, 6);
	assert_non_null(strstr(said, "root for format apple: of Apple, \"Apple Enterprise Attestation Root CA\", published at https://"));
	assert_non_null(strstr(said, "; SHA-256 ccf59ef8fcb3017d97f8b5fa6fa90e7a3f9283f76b55ac6cf6eda8b8b949f05b"));
	tell("ek", apple);
	assert_int_equal(said_level, 4);
	assert_non_null(strstr(said, "root for format ek, though it is for apple: of Apple"));
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &own);
	tell("ek", bytes_from(own.der, own.size));
	assert_int_equal(said_level, 5);
	assert_non_null(strstr(said, "root for format ek: unknown, SHA-256 "));
	device_authority_free(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(webauthn_statements_parse_to_what_their_oracle_says),
		cmocka_unit_test(webauthn_signatures_verify_and_those_with_sha1_are_taken_where_that_is_configured),
		cmocka_unit_test(webauthn_ak_certificates_are_read_in_every_order_of_their_names),
		cmocka_unit_test(webauthn_statements_are_refused_here),
		cmocka_unit_test(the_vector_that_no_tpm_made_is_tpm_certinfo_malformed),
		cmocka_unit_test(case_27_statements_of_other_formats_are_refused),
		cmocka_unit_test(a_real_nuvoton_ek_certificate_chains_to_its_makers_root),
		cmocka_unit_test(a_real_ak_certificate_names_its_device),
		cmocka_unit_test(a_real_mac_passes_every_check_but_the_chain_that_is_not_public),
		cmocka_unit_test(case_56_real_attestations_for_web_sites_are_refused),
		cmocka_unit_test(the_roots_of_real_makers_are_read),
		cmocka_unit_test(a_known_root_is_known_for_its_own_format_alone),
		cmocka_unit_test(the_verifier_says_whose_its_roots_are),
		cmocka_unit_test(the_intermediates_of_real_makers_are_read),
	};
	if (access(folder(), R_OK) != 0) {
		printf("1..1\nok 1 - real samples # SKIP there is no folder %s\n", folder());
		return 0;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
