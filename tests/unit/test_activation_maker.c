/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment: whose EK certificates are taken, and in whose name. */
#include <openssl/pem.h>

#include "attest/verifier/bundle.h"
#include "tests/device/identifier.h"
#include "tests/device/revocation.h"
#include "tests/unit/activation_stage.h"

static void an_ek_certificate_chains_through_the_makers_intermediate(void **state)
{
	(void)state;
	struct device_authority between;
	device_authority_new(&(struct device_authority_options){.name = "Between", .issuer = &bench.root}, &between);
	const struct device_certificate options = {.authority = &between};
	assert_int_equal(begin_with(options), refusal_ek_certificate_untrusted);
	bench.ask.ek_intermediates.at[0] = bytes_from(between.der, between.size);
	bench.ask.ek_intermediates.count = 1;
	assert_int_equal(begin_with(options), refusal_none);
	bench.ask.ek_intermediates.at[0].size--;
	assert_int_equal(begin_with(options), refusal_ek_certificate_malformed);
	device_authority_free(&between);
}

/* In PEM, behind what is there already. */
static void append_pem(X509 *certificate, struct device_octets *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *start = NULL;
	assert_int_equal(PEM_write_bio_X509(text, certificate), 1);
	const long size = BIO_get_mem_data(text, &start);
	device_append(out, start, (size_t)size);
	BIO_free(text);
}

static void an_ek_certificate_chains_through_an_intermediate_of_the_configuration(void **state)
{
	(void)state;
	static struct device_authority between, stranger, under;
	static struct device_octets file, secret;
	struct message_ak_voucher voucher;
	uint8_t root_hash[32];
	struct verifier_directory *directory = &bench.verifier.directories[0];
	device_authority_new(&(struct device_authority_options){.name = "Between", .issuer = &bench.root}, &between);
	device_authority_new(&(struct device_authority_options){.name = "Stranger"}, &stranger);
	device_authority_new(&(struct device_authority_options){.name = "Under", .issuer = &stranger}, &under);
	file.size = 0;
	device_append(&file, "a bundle\n", 9);
	append_pem(stranger.certificate, &file);
	append_pem(under.certificate, &file);
	device_append(&file, "# the one that counts\n", 22);
	append_pem(between.certificate, &file);
	directory->ek_intermediates = bundle_read(device_view(&file));
	assert_int_equal(sk_X509_num(directory->ek_intermediates), 3);
	assert_int_equal(begin_with((struct device_certificate){.authority = &between}), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	assert_int_equal(EVP_Digest(bench.root.der, bench.root.size, root_hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(voucher.ek_root_hash, root_hash, 32);
	/* it is no root, whatever it calls itself */
	assert_int_equal(begin_with((struct device_certificate){.authority = &under}), refusal_ek_certificate_untrusted);
	assert_int_equal(begin_with((struct device_certificate){.authority = &stranger}), refusal_ek_certificate_untrusted);
	bundle_free(directory->ek_intermediates);
	device_authority_free(&between);
	device_authority_free(&stranger);
	device_authority_free(&under);
}

/* What the verifier says of the file; empty: it starts. */
static const char *open_with_intermediates(struct bytes content)
{
	static struct message_verifier_settings settings;
	static uint8_t octets[70000];
	static struct detail detail;
	static struct verifier opened;
	struct buffer record = BUFFER(octets);
	const struct message_trust_file file = {.file = bytes_from_text("/etc/makers.pem"), .directories = 2, .content = content};
	const struct message_verifier_directory rules[2] = {{.name = bytes_from_text("first")}, {.name = bytes_from_text("second")}};
	for (size_t i = 0; i < 2; i++)
		settings.directories.at[i] = device_directory(&rules[i]);
	settings.directories.count = 2;
	assert_false(is_refused(wire_encode(message_trust_file, &file, &record)));
	settings.ek_intermediates.at[0] = buffer_view(&record);
	settings.ek_intermediates.count = 1;
	detail.text[0] = 0;
	if (verifier_open(&settings, &opened, &detail)) {
		assert_null(opened.directories[0].ek_intermediates);
		assert_true(sk_X509_num(opened.directories[1].ek_intermediates) > 0);
		verifier_close(&opened);
	}
	return detail.text;
}

static void a_file_of_intermediates_is_of_its_directories_and_holds_issuers_alone(void **state)
{
	(void)state;
	static struct device_octets file;
	assert_string_equal(open_with_intermediates(bytes_from(bench.root.der, bench.root.size)), "");
	file.size = 0;
	append_pem(bench.root.certificate, &file);
	append_pem(bench.root.certificate, &file);
	assert_string_equal(open_with_intermediates(device_view(&file)), "");
	file.size -= 100;
	assert_string_equal(open_with_intermediates(device_view(&file)),
			    "the file of intermediate certificates /etc/makers.pem cannot be used: it holds no certificate, or one that is none");
	assert_non_null(strstr(open_with_intermediates(bytes_from_text("nothing")), "it holds no certificate"));
	assert_non_null(strstr(open_with_intermediates(device_view(&bench.certificate)), "it holds a certificate that issues no others"));
}

static void another_directory_is_directory_wrong(void **state)
{
	(void)state;
	bench.ask.directory = bytes_from_text("device");
	assert_int_equal(begin(), refusal_directory_wrong);
}

static void what_is_not_one_certificate_is_ek_certificate_malformed(void **state)
{
	(void)state;
	const size_t size = bench.certificate.size;
	for (bench.certificate.size = 0; bench.certificate.size < size; bench.certificate.size += 1)
		assert_int_equal(begin(), refusal_ek_certificate_malformed);
	device_append(&bench.certificate, "\x01", 1);
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
	bench.certificate.size = size;
	device_append(&bench.certificate, "\xff\x00", 2);
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
}

static void case_47_a_header_of_the_nv_index_is_ek_certificate_malformed(void **state)
{
	(void)state;
	static struct device_octets with_header;
	const uint8_t header[] = {0x10, 0x01, 0x00, (uint8_t)(bench.certificate.size >> 8), (uint8_t)bench.certificate.size};
	with_header.size = 0;
	device_append(&with_header, header, sizeof header);
	device_append(&with_header, bench.certificate.data, bench.certificate.size);
	bench.certificate = with_header;
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
}

static void a_certificate_for_something_else_is_ek_certificate_usage(void **state)
{
	(void)state;
	static const char *const usages[] = {"", "2.23.133.8.3", "empty", "clientAuth"};
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
		assert_int_equal(begin_with((struct device_certificate){.usages = usages[i]}), refusal_ek_certificate_usage);
}

static void a_certificate_of_another_maker_is_ek_certificate_untrusted(void **state)
{
	(void)state;
	struct device_authority other;
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &other);
	assert_int_equal(begin_with((struct device_certificate){.authority = &other}), refusal_ek_certificate_untrusted);
	assert_true(bench.detail.text[0] != '\0');
	assert_int_equal(begin_with((struct device_certificate){.has_wrong_signature = true}), refusal_ek_certificate_untrusted);
	/* A root that the request brings along is none. */
	bench.ask.ek_intermediates.at[0] = bytes_from(other.der, other.size);
	bench.ask.ek_intermediates.count = 1;
	assert_int_equal(begin_with((struct device_certificate){.authority = &other}), refusal_ek_certificate_untrusted);
	device_authority_free(&other);
}

static void case_47_an_expired_ek_certificate_is_ek_certificate_untrusted(void **state)
{
	(void)state;
	const struct device_certificate expired = {.starts_s = -2 * 86400, .ends_s = -86400};
	assert_int_equal(begin_with(expired), refusal_ek_certificate_untrusted);
	assert_true(bench.detail.text[0] != '\0');
}

/* The end of the EK's own certificate, and nothing else. */
static void case_47_an_expired_ek_certificate_is_taken_where_that_is_configured(void **state)
{
	(void)state;
	struct device_certificate expired = {.starts_s = -2 * 86400, .ends_s = -86400};
	bench.verifier.directories[0].ek_roots.may_leaf_be_expired = true;
	assert_int_equal(begin_with(expired), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){0}), refusal_none);
	const struct device_certificate early = {.starts_s = 86400, .ends_s = 2 * 86400};
	assert_int_equal(begin_with(early), refusal_ek_certificate_untrusted);
	expired.has_wrong_signature = true;
	assert_int_equal(begin_with(expired), refusal_ek_certificate_untrusted);
	expired.has_wrong_signature = false;
	struct device_authority between, other;
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &other);
	expired.authority = &other;
	assert_int_equal(begin_with(expired), refusal_ek_certificate_untrusted);
	device_authority_free(&other);
	device_authority_new(&(struct device_authority_options){.name = "Between", .issuer = &bench.root, .starts_s = -3 * 86400, .ends_s = -60},
			     &between);
	bench.ask.ek_intermediates.at[0] = bytes_from(between.der, between.size);
	bench.ask.ek_intermediates.count = 1;
	expired.authority = &between;
	assert_int_equal(begin_with(expired), refusal_ek_certificate_untrusted);
	device_authority_free(&between);
}

static vendor_set set_of(const char *identifiers)
{
	vendor_set set = 0;
	assert_true(vendor_set_read(bytes_from_text(identifiers), &set));
	return set;
}

static void case_47_a_root_that_is_bound_to_vendors_certifies_no_other(void **state)
{
	(void)state;
	static const char infineon[] = "id:49465800", intel[] = "id:494E5443";
	bench.verifier.directories[0].ek_vendors[0] = set_of("id:53544D20 id:49465800");
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = infineon}), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:53544D20"}), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = intel}), refusal_ek_vendor_wrong);
	assert_non_null(strstr(bench.detail.text, intel));
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5444"}), refusal_tpm_vendor_unknown);
	bench.verifier.directories[0].ek_vendors[0] = set_of("id:53544D20");
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = infineon}), refusal_ek_vendor_wrong);
	/* Another maker's root, and another maker's freedom, are not this one's. */
	struct device_authority other;
	device_authority_new(&(struct device_authority_options){.name = "Other maker"}, &other);
	bench.verifier.directories[0].ek_roots.at[bench.verifier.directories[0].ek_roots.count++] = other.certificate;
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = intel}), refusal_ek_vendor_wrong);
	assert_int_equal(begin_with((struct device_certificate){.authority = &other, .manufacturer = intel}), refusal_none);
	bench.verifier.directories[0].ek_vendors[1] = set_of(infineon);
	assert_int_equal(begin_with((struct device_certificate){.authority = &other, .manufacturer = intel}), refusal_ek_vendor_wrong);
	assert_int_equal(begin_with((struct device_certificate){.authority = &other, .manufacturer = infineon}), refusal_none);
	bench.verifier.directories[0].ek_roots.count--;
	device_authority_free(&other);
}

/* The same root in ek_roots and in a section of its maker: whoever lists it permits. */
static void a_root_that_is_listed_twice_certifies_for_both_listings(void **state)
{
	(void)state;
	bench.verifier.directories[0].ek_roots.at[bench.verifier.directories[0].ek_roots.count++] = bench.root.certificate;
	bench.verifier.directories[0].ek_vendors[0] = set_of("id:49465800");
	bench.verifier.directories[0].ek_vendors[1] = set_of("id:53544D20");
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:53544D20"}), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5443"}), refusal_ek_vendor_wrong);
	bench.verifier.directories[0].ek_roots.count--;
}

static bool opens_with(const char *certificate_end, const char *vendors)
{
	static struct message_verifier_settings settings;
	static uint8_t octets[4420];
	struct buffer record = BUFFER(octets);
	struct detail detail = {.text = ""};
	struct verifier opened;
	const struct message_trust_root root = {.format = bytes_from_text("ek"), .directories = 1,
		.certificate = bytes_from(bench.root.der, bench.root.size - strlen(certificate_end)), .vendors = bytes_from_text(vendors)};
	assert_false(is_refused(wire_encode(message_trust_root, &root, &record)));
	settings.roots.at[0] = buffer_view(&record);
	settings.roots.count = 1;
	const struct message_verifier_directory rules = {.name = bytes_from_text("devices"), .may_ek_be_expired = 1};
	settings.directories.at[0] = device_directory(&rules);
	settings.directories.count = 1;
	if (!verifier_open(&settings, &opened, &detail)) {
		assert_true(detail.text[0] != '\0');
		return false;
	}
	assert_true(opened.directories[0].ek_roots.may_leaf_be_expired && !opened.directories[0].ak_roots.may_leaf_be_expired && !opened.ak_issuers.may_leaf_be_expired);
	assert_int_equal(opened.directories[0].ek_vendors[0], set_of(vendors));
	verifier_close(&opened);
	return true;
}

static void a_vendor_that_is_not_in_the_list_ends_the_start(void **state)
{
	(void)state;
	assert_true(opens_with("", ""));
	assert_true(opens_with("", "id:49465800"));
	assert_true(opens_with("", "id:49465800 id:53544D20"));
	assert_false(opens_with("x", ""));
	static const char *const wrong[] = {"id:49465801", "id:49465800 id:49465801", "id:49465800id:53544D20", " ", "id:49465800  id:53544D20"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(opens_with("", wrong[i]));
}

static void case_33_a_revoked_ek_certificate_is_refused(void **state)
{
	(void)state;
	static struct device_octets file;
	struct revocation_list list;
	struct revocation_lists *lists = &bench.verifier.directories[0].revoked;
	OWNED_CERTIFICATE certificate = certificate_parse(device_view(&bench.certificate));
	assert_int_equal(begin(), refusal_none);
	device_status_list_build(device_serial(certificate), "REVOKED", &file);
	assert_null(revocation_read(device_view(&file), &list));
	lists->at[lists->count++] = &list;
	assert_int_equal(begin(), refusal_attestation_certificate_revoked);
	assert_string_equal(bench.detail.text, "certificate 0 of the chain: it is revoked by a status list");
	revocation_free(&list);
	device_crl_build(&(struct device_crl){.authority = &bench.root, .revoked = certificate}, &file);
	assert_null(revocation_read(device_view(&file), &list));
	assert_int_equal(begin(), refusal_attestation_certificate_revoked);
	lists->count = 0;
	revocation_free(&list);
}

static void case_47_another_vendors_name_is_judged_by_the_list(void **state)
{
	(void)state;
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5443"}), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5444"}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = ""}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.has_no_names = true}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.model = ""}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.version = "id:\n"}), refusal_tpm_vendor_unknown);
	/* a real maker has a NUL in its model */
	assert_int_equal(begin_with((struct device_certificate){.model = "a\nb"}), refusal_none);
}

static void a_software_tpm_is_tpm_vendor_virtual_where_hardware_is_asked(void **state)
{
	(void)state;
	bench.verifier.directories[0].rules.may_be_virtual = 0;
	assert_int_equal(begin(), refusal_tpm_vendor_virtual);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5443"}), refusal_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(an_ek_certificate_chains_through_the_makers_intermediate),
		ON_BENCH(an_ek_certificate_chains_through_an_intermediate_of_the_configuration),
		ON_BENCH(a_file_of_intermediates_is_of_its_directories_and_holds_issuers_alone),
		ON_BENCH(another_directory_is_directory_wrong),
		ON_BENCH(case_33_a_revoked_ek_certificate_is_refused),
		ON_BENCH(what_is_not_one_certificate_is_ek_certificate_malformed),
		ON_BENCH(case_47_a_header_of_the_nv_index_is_ek_certificate_malformed),
		ON_BENCH(a_certificate_for_something_else_is_ek_certificate_usage),
		ON_BENCH(a_certificate_of_another_maker_is_ek_certificate_untrusted),
		ON_BENCH(case_47_an_expired_ek_certificate_is_ek_certificate_untrusted),
		ON_BENCH(case_47_an_expired_ek_certificate_is_taken_where_that_is_configured),
		ON_BENCH(case_47_a_root_that_is_bound_to_vendors_certifies_no_other),
		ON_BENCH(a_root_that_is_listed_twice_certifies_for_both_listings),
		ON_BENCH(a_vendor_that_is_not_in_the_list_ends_the_start),
		ON_BENCH(case_47_another_vendors_name_is_judged_by_the_list),
		ON_BENCH(a_software_tpm_is_tpm_vendor_virtual_where_hardware_is_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
