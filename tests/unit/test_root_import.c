/* SPDX-License-Identifier: Apache-2.0
 * Roots that administrators sign: only an administrator's word, for this appliance, brings one in, for whom it says and no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "attest/verifier/trust.h"
#include "tests/device/certificate.h"
#include "tests/device/request.h"

#define ORIGIN "https://ca.example:8443"
#define ADA ORIGIN "/admin/administrator/ada"
#define OLE ORIGIN "/admin/administrator/ole"
#define ROOTS ORIGIN "/admin/root"
#define UNKNOWN ",\"unknown\":true"
#define UNUSABLE "of 1 signed roots 1 cannot be used, the first of them one.jws: "

/* ada is an administrator, ole an auditor, eve nobody. */
static struct device_account ada, ole, eve;
static struct device_authority root, between, other;
static struct message_verifier_settings settings;
static struct verifier verifier;
static struct detail detail;

static void add_administrator(const char *name, const char *role, const struct device_account *account)
{
	static uint8_t octets[2][1200];
	const size_t index = settings.administrators.count++;
	struct buffer out = BUFFER(octets[index]);
	const struct message_administrator fields = {.name = bytes_from_text(name),
						     .role = bytes_from_text(role),
						     .jwk = bytes_from(account->jwk, account->jwk_size)};
	assert_false(is_refused(wire_encode(message_administrator, &fields, &out)));
	settings.administrators.at[index] = buffer_view(&out);
}

static void add_directory(const char *name, uint8_t takes_signed_roots)
{
	static uint8_t octets[3][512];
	const size_t index = settings.directories.count++;
	struct buffer out = BUFFER(octets[index]);
	const struct message_verifier_directory rules = {
		.name = bytes_from_text(name), .takes_signed_roots = takes_signed_roots, .formats = {{bytes_from_text("tpm")}, 1}};
	assert_false(is_refused(wire_encode(message_verifier_directory, &rules, &out)));
	settings.directories.at[index] = buffer_view(&out);
}

static int set_up(void **state)
{
	(void)state;
	settings = (struct message_verifier_settings){.origin = bytes_from_text(ORIGIN)};
	device_account_new(&ada);
	device_account_new(&ole);
	device_account_new(&eve);
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &root);
	device_authority_new(&(struct device_authority_options){.name = "Maker's plant", .issuer = &root}, &between);
	device_authority_new(&(struct device_authority_options){.name = "Other"}, &other);
	add_administrator("ole", "auditor", &ole);
	add_administrator("ada", "administrator", &ada);
	add_directory("devices", 1);
	add_directory("strict", 0);
	add_directory("guests", 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_account_free(&ada);
	device_account_free(&ole);
	device_account_free(&eve);
	device_authority_free(&root);
	device_authority_free(&between);
	device_authority_free(&other);
	return 0;
}

/* Whether the verifier starts with this one file; it is to be closed then. */
static bool starts_with(struct bytes request)
{
	static uint8_t octets[16384];
	struct buffer record = BUFFER(octets);
	const struct message_root_import import = {.file = bytes_from_text("one.jws"), .request = request};
	if (is_refused(wire_encode(message_root_import, &import, &record)))
		return false;
	settings.root_imports.at[0] = buffer_view(&record);
	settings.root_imports.count = 1;
	detail.text[0] = 0;
	return verifier_open(&settings, &verifier, &detail);
}

static void put_payload(struct bytes certificate, const char *format, const char *rest, char *out, size_t room)
{
	static struct device_octets text;
	text.size = 0;
	device_base64url(certificate, &text);
	const int size = snprintf(out, room, "{\"certificate\":\"%.*s\",\"format\":\"%s\"%s}", (int)text.size, (const char *)text.data, format, rest);
	assert_true(size > 0 && (size_t)size < room);
}

static struct bytes sign_payload(const struct device_account *account, const char *kid, const char *url, const char *payload)
{
	static struct device_octets request;
	request.size = 0;
	device_jws_build(&(struct device_jws){.account = account, .kid = kid, .url = url, .payload = payload}, &request);
	return device_view(&request);
}

static struct bytes sign(const struct device_authority *authority, const char *format, const char *rest)
{
	static char payload[8192];
	put_payload(bytes_from(authority->der, authority->size), format, rest, payload, sizeof payload);
	return sign_payload(&ada, ADA, ROOTS, payload);
}

static void assert_starts(struct bytes request)
{
	const bool is_started = starts_with(request);
	assert_string_equal(detail.text, "");
	assert_true(is_started);
}

static void assert_unusable(struct bytes request, const char *why)
{
	assert_false(starts_with(request));
	assert_memory_equal(detail.text, UNUSABLE, sizeof UNUSABLE - 1);
	assert_string_equal(detail.text + sizeof UNUSABLE - 1, why);
}

static void a_signed_root_serves_the_directories_that_take_such(void **state)
{
	(void)state;
	assert_starts(sign(&root, "ek", UNKNOWN));
	assert_int_equal(verifier.directories[0].ek_roots.count, 1);
	assert_int_equal(X509_cmp(verifier.directories[0].ek_roots.at[0], root.certificate), 0);
	assert_true(vendor_set_has(verifier.directories[0].ek_vendors[0], vendor_find("id:494E5443")));
	assert_int_equal(verifier.directories[0].ak_roots.count, 0);
	assert_null(verifier.directories[0].ek_intermediates);
	assert_int_equal(verifier.directories[1].ek_roots.count, 0);
	assert_int_equal(verifier.directories[2].ek_roots.count, 1);
	verifier_close(&verifier);
	assert_starts(sign(&root, "apple", UNKNOWN));
	assert_int_equal(verifier.directories[0].ek_roots.count, 0);
	assert_int_equal(verifier.directories[0].apple_roots.count, 1);
	verifier_close(&verifier);
}

static void it_serves_those_that_were_signed_for_and_no_others(void **state)
{
	(void)state;
	assert_starts(sign(&root, "ek", ",\"directories\":\"guests\"" UNKNOWN));
	assert_int_equal(verifier.directories[0].ek_roots.count, 0);
	assert_int_equal(verifier.directories[2].ek_roots.count, 1);
	verifier_close(&verifier);
	assert_starts(sign(&root, "ek", ",\"directories\":\"guests devices\"" UNKNOWN));
	assert_int_equal(verifier.directories[0].ek_roots.count, 1);
	assert_int_equal(verifier.directories[2].ek_roots.count, 1);
	verifier_close(&verifier);
	static const char *const wrong[] = {"strict", "guests strict", "guest", "guests  devices", " "};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char rest[128];
		snprintf(rest, sizeof rest, ",\"directories\":\"%s\"" UNKNOWN, wrong[i]);
		assert_unusable(sign(&root, "ek", rest), "it is for a directory that there is not, or that takes no signed roots");
	}
	settings.directories.count = 0;
	add_directory("strict", 0);
	assert_unusable(sign(&root, "ek", UNKNOWN), "it is for a directory that there is not, or that takes no signed roots");
}

static void it_speaks_for_the_vendors_that_were_signed_for(void **state)
{
	(void)state;
	assert_starts(sign(&root, "ek", ",\"vendors\":\"id:49465800 id:53544D20\"" UNKNOWN));
	assert_true(vendor_set_has(verifier.directories[0].ek_vendors[0], vendor_find("id:49465800")));
	assert_true(vendor_set_has(verifier.directories[0].ek_vendors[0], vendor_find("id:53544D20")));
	assert_false(vendor_set_has(verifier.directories[0].ek_vendors[0], vendor_find("id:494E5443")));
	verifier_close(&verifier);
	assert_unusable(sign(&root, "ek", ",\"vendors\":\"id:49465801\"" UNKNOWN), "a vendor is not in the list");
}

static void what_is_between_a_root_and_ek_certificates_is_trusted_for_nothing(void **state)
{
	(void)state;
	assert_starts(sign(&between, "ek", ""));
	assert_int_equal(verifier.directories[0].ek_roots.count, 0);
	assert_int_equal(sk_X509_num(verifier.directories[0].ek_intermediates), 1);
	assert_int_equal(X509_cmp(sk_X509_value(verifier.directories[0].ek_intermediates, 0), between.certificate), 0);
	assert_null(verifier.directories[1].ek_intermediates);
	verifier_close(&verifier);
	assert_unusable(sign(&between, "apple", ""), "it is no root, and devices of this format send what is below theirs");
}

static void case_30_only_an_administrators_word_brings_a_root_in(void **state)
{
	(void)state;
	static char payload[8192];
	const char *const nobody = "no administrator of the configuration signed it: let one sign it anew";
	const char *const elsewhere = "it was signed for another appliance, or for another name or port of this one";
	const char *const otherwise = "its administrator signed it for something else than a root of this appliance";
	put_payload(bytes_from(root.der, root.size), "ek", UNKNOWN, payload, sizeof payload);
	assert_unusable(sign_payload(&eve, ADA, ROOTS, payload), nobody);
	assert_unusable(sign_payload(&ole, OLE, ROOTS, payload), nobody);
	assert_unusable(sign_payload(&ole, ADA, ROOTS, payload), nobody);
	assert_unusable(sign_payload(&ada, OLE, ROOTS, payload), nobody);
	assert_unusable(sign_payload(&ada, NULL, ROOTS, payload), elsewhere);
	assert_unusable(sign_payload(&ada, "https://cb.example:8443/admin/administrator/ada", ROOTS, payload), elsewhere);
	assert_unusable(sign_payload(&ada, ORIGIN "/admin/administrator/", ROOTS, payload), elsewhere);
	assert_unusable(sign_payload(&ada, ORIGIN "/admin/administrators/ada", ROOTS, payload), elsewhere);
	assert_unusable(sign_payload(&ada, ADA "x", ROOTS, payload), nobody);
	assert_unusable(sign_payload(&ada, ADA, "https://cb.example:8443/admin/root", payload), otherwise);
	assert_unusable(sign_payload(&ada, ADA, ORIGIN "/admin/enrolment-record", payload), otherwise);
	assert_starts(sign_payload(&ada, ADA, ROOTS, payload));
	verifier_close(&verifier);
}

static void each_bit_counts_and_each_octet(void **state)
{
	(void)state;
	static uint8_t copy[16384];
	const struct bytes good = sign(&root, "ek", UNKNOWN);
	memcpy(copy, good.data, good.size);
	for (size_t i = 0; i < good.size * 8; i++) {
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(starts_with(bytes_from(copy, good.size)));
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t size = 0; size < good.size; size++)
		assert_false(starts_with(bytes_from(copy, size)));
	copy[good.size] = '}';
	assert_false(starts_with(bytes_from(copy, good.size + 1)));
	assert_starts(bytes_from(copy, good.size));
	verifier_close(&verifier);
}

static void a_root_that_nobody_knows_has_to_be_signed_as_such(void **state)
{
	(void)state;
	const char *const why = "it is a root that nobody knows, and was not signed as such";
	assert_unusable(sign(&root, "ek", ""), why);
	const char *const what = "what was signed is not a root, its format and whom it is for";
	assert_unusable(sign(&root, "ek", ",\"unknown\":false"), what);
	assert_unusable(sign(&root, "ek", ",\"unknown\":\"true\""), what);
	assert_unusable(sign(&root, "ek", UNKNOWN ",\"nonce\":\"a\""), what);
	assert_unusable(sign(&root, "ek", ",\"vendors\":\"\"" UNKNOWN), what);
	assert_unusable(sign(&root, "ek", ",\"directories\":[\"guests\"]" UNKNOWN), what);
	assert_unusable(sign_payload(&ada, ADA, ROOTS, "{\"format\":\"ek\"}"), what);
	assert_unusable(sign_payload(&ada, ADA, ROOTS, ""), what);
}

static void what_is_signed_is_one_certificate_that_issues_others(void **state)
{
	(void)state;
	static char payload[8192];
	static struct device_octets leaf, longer;
	struct device_key ek;
	struct device_authority old;
	device_key_new(device_role_ek, device_p256, &ek);
	device_certificate_build(&(struct device_certificate){.authority = &root, .key = &ek}, &leaf);
	put_payload(device_view(&leaf), "ek", "", payload, sizeof payload);
	assert_unusable(sign_payload(&ada, ADA, ROOTS, payload), "it is not said to be a CA's (RFC 5280 4.2.1.9)");
	device_append(&longer, root.der, root.size);
	device_append(&longer, "", 1);
	put_payload(device_view(&longer), "ek", UNKNOWN, payload, sizeof payload);
	assert_unusable(sign_payload(&ada, ADA, ROOTS, payload), "what was signed is no certificate");
	assert_unusable(sign_payload(&ada, ADA, ROOTS, "{\"certificate\":\"\",\"format\":\"ek\"}"), "what was signed is no certificate");
	assert_unusable(sign_payload(&ada, ADA, ROOTS, "{\"certificate\":\"A\",\"format\":\"ek\"}"), "what was signed is no certificate");
	assert_unusable(sign(&root, "tpm", UNKNOWN), "there are no roots for this format; those of TPMs are for ek, or ak");
	device_authority_new(&(struct device_authority_options){.name = "Old", .constraints = ""}, &old);
	assert_unusable(sign(&old, "ek", UNKNOWN), "it is not said to be a CA's (RFC 5280 4.2.1.9)");
	device_authority_free(&old);
	device_key_free(&ek);
}

/* It has an issuer's own name, but another's signature: an issuer links its new key to its old one so. */
static void who_did_not_sign_itself_is_no_root_whatever_its_name(void **state)
{
	(void)state;
	struct device_authority link;
	device_authority_new(&(struct device_authority_options){.name = "Maker", .issuer = &other, .issued_as = "Maker"}, &link);
	assert_starts(sign(&link, "ek", UNKNOWN));
	assert_int_equal(verifier.directories[0].ek_roots.count, 0);
	assert_int_equal(sk_X509_num(verifier.directories[0].ek_intermediates), 1);
	verifier_close(&verifier);
	assert_unusable(sign(&link, "apple", UNKNOWN), "it is no root, and devices of this format send what is below theirs");
	device_authority_free(&link);
}

static void how_many_are_bad_is_said(void **state)
{
	(void)state;
	static uint8_t octets[3][4096];
	const struct bytes requests[3] = {bytes_from_text("{}"), sign(&root, "ek", UNKNOWN), bytes_from_text("")};
	static const char *const names[3] = {"a.jws", "b.jws", "c.jws"};
	for (size_t i = 0; i < 3; i++) {
		struct buffer record = BUFFER(octets[i]);
		const struct message_root_import import = {.file = bytes_from_text(names[i]), .request = requests[i]};
		assert_false(is_refused(wire_encode(message_root_import, &import, &record)));
		settings.root_imports.at[settings.root_imports.count++] = buffer_view(&record);
	}
	assert_false(verifier_open(&settings, &verifier, &detail));
	assert_string_equal(detail.text, "of 3 signed roots 2 cannot be used, the first of them a.jws: it is no signed request");
}

static void there_is_room_for_the_roots_of_every_maker(void **state)
{
	(void)state;
	static uint8_t octets[4096];
	struct buffer record = BUFFER(octets);
	const struct message_root_import import = {.file = bytes_from_text("one.jws"), .request = sign(&root, "ek", UNKNOWN)};
	assert_false(is_refused(wire_encode(message_root_import, &import, &record)));
	for (size_t i = 0; i <= chain_most_roots; i++)
		settings.root_imports.at[i] = buffer_view(&record);
	settings.root_imports.count = chain_most_roots;
	assert_true(verifier_open(&settings, &verifier, &detail));
	assert_int_equal(verifier.directories[0].ek_roots.count, 192);
	verifier_close(&verifier);
	settings.root_imports.count++;
	assert_false(verifier_open(&settings, &verifier, &detail));
	assert_string_equal(detail.text, "of 193 signed roots 1 cannot be used, the first of them one.jws: a directory has too many roots");
}

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

static void the_log_says_who_signed_it(void **state)
{
	(void)state;
	assert_starts(sign(&root, "ek", UNKNOWN));
	trust_tell(&verifier, note);
	assert_int_equal(said_level, 5);
	assert_non_null(strstr(said, "root for format ek, signed by ada, for vendors any, directories any: unknown, SHA-256 "));
	assert_non_null(strstr(said, ", calls itself /CN=Maker"));
	verifier_close(&verifier);
	assert_starts(sign(&root, "ek", ",\"vendors\":\"id:49465800\",\"directories\":\"guests\"" UNKNOWN));
	trust_tell(&verifier, note);
	assert_non_null(strstr(said, "root for format ek, signed by ada, for vendors id:49465800, directories guests: unknown, SHA-256 "));
	verifier_close(&verifier);
	assert_starts(sign(&between, "ek", ""));
	trust_tell(&verifier, note);
	assert_int_equal(said_level, 6);
	assert_string_equal(said, "1 intermediates of TPM makers are signed in");
	verifier_close(&verifier);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_signed_root_serves_the_directories_that_take_such),
		EACH(it_serves_those_that_were_signed_for_and_no_others),
		EACH(it_speaks_for_the_vendors_that_were_signed_for),
		EACH(what_is_between_a_root_and_ek_certificates_is_trusted_for_nothing),
		EACH(case_30_only_an_administrators_word_brings_a_root_in),
		EACH(each_bit_counts_and_each_octet),
		EACH(a_root_that_nobody_knows_has_to_be_signed_as_such),
		EACH(what_is_signed_is_one_certificate_that_issues_others),
		EACH(who_did_not_sign_itself_is_no_root_whatever_its_name),
		EACH(how_many_are_bad_is_said),
		EACH(there_is_room_for_the_roots_of_every_maker),
		EACH(the_log_says_who_signed_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
