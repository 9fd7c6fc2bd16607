/* SPDX-License-Identifier: Apache-2.0
 * Lists of revoked attestation certificates: what is read, what matches, and that every format asks them. */
#include "tests/device/revocation.h"
#include "tests/unit/apple_stage.h"
#include "tests/unit/attested_stage.h"

#define LIST(entries) "{\"entries\":{" entries "}}"
#define REVOKED(serial) "\"" serial "\":{\"status\":\"REVOKED\"}"

/* ---- status lists ---- */

static bool has(const char *text, struct bytes serial)
{
	struct status_list list;
	if (!status_list_parse(bytes_from_text(text), &list))
		fail_msg("not read: %s", text);
	const bool is_there = status_list_has(&list, serial);
	status_list_free(&list);
	return is_there;
}

static void case_33_a_serial_is_matched_in_every_spelling(void **state)
{
	(void)state;
	static const char *const spellings[] = {
		LIST(REVOKED("cafe01")), LIST(REVOKED("CAFE01")), LIST(REVOKED("Cafe01")), LIST(REVOKED("0cafe01")),
		LIST(REVOKED("000000000000000000000000000000000000000000000000cafe01")), LIST(REVOKED("13303297")) /* decimal */,
		LIST(REVOKED("0013303297")), LIST(REVOKED("1") "," REVOKED("cafe01") "," REVOKED("ffff")),
		LIST("\"cafe01\":{\"reason\":\"KEY_COMPROMISE\",\"status\":\"SUSPENDED\",\"comment\":\"\\u00e4 \\\" ]}\"}"),
		LIST("\"cafe01\":{\"status\":\"WHATEVER\"}"), " { \"entries\" : { " REVOKED("cafe01") " } , \"more\" : [1] } "};
	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		assert_true(has(spellings[i], OCTETS(0xca, 0xfe, 0x01)));
		assert_true(has(spellings[i], OCTETS(0, 0xca, 0xfe, 0x01))); /* as DER has it */
		assert_false(has(spellings[i], OCTETS(0xca, 0xfe, 0x02)));
		assert_false(has(spellings[i], OCTETS(0xca, 0xfe)));
		assert_false(has(spellings[i], OCTETS(0xca, 0xfe, 0x01, 0)));
	}
	assert_true(has(LIST(REVOKED("10")), OCTETS(0x10)) && has(LIST(REVOKED("10")), OCTETS(10)));
	assert_false(has(LIST(""), OCTETS(0)));
	assert_false(has("{\"entries\":{}}", OCTETS(1)));
}

static void a_serial_of_twenty_octets_is_matched_and_a_longer_one_is_nobodys(void **state)
{
	(void)state;
	uint8_t serial[21];
	memset(serial, 0xab, sizeof serial);
	static const char twenty[] = LIST(REVOKED("abababababababababababababababababababab"));
	assert_true(has(twenty, bytes_from(serial, 20)));
	assert_false(has(twenty, bytes_from(serial, 21)));
	assert_false(has(LIST(REVOKED("ababababababababababababababababababababab")), bytes_from(serial, 20)));
}

static void what_is_no_status_list_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "{}", "[]", "{\"entries\":[]}", "{\"entries\":\"\"}", "{\"entries\":{\"cafe01\":\"REVOKED\"}}",
		LIST("\"cafe01\":{}"), LIST("\"cafe01\":{\"status\":1}"), LIST("\"\":{\"status\":\"REVOKED\"}"), LIST(REVOKED("0xcafe01")),
		LIST(REVOKED("ca:fe:01")), LIST(REVOKED("-1")), LIST(REVOKED(" 1")), LIST(REVOKED("caf\\u0065")),
		LIST("\"cafe01\":{\"status\":\"REVOKED\",\"status\":\"\"}"), LIST(REVOKED("1")) "x", LIST(REVOKED("1") ","),
		LIST(REVOKED("00000000000000000000000000000000000000000000000000000000000000001"))};
	struct status_list list;
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (status_list_parse(bytes_from_text(bad[i]), &list))
			fail_msg("read: %s", bad[i]);
	static const char good[] = LIST(REVOKED("cafe01") "," REVOKED("1"));
	for (size_t size = 0; size < sizeof good - 1; size++)
		assert_false(status_list_parse(bytes_from(good, size), &list));
}

static void a_long_list_is_looked_up_whole(void **state)
{
	(void)state;
	enum { most = 7000 };
	char *text = malloc(most * 40);
	size_t size = (size_t)sprintf(text, "{\"entries\":{");
	for (unsigned i = 0; i < most; i++)
		size += (size_t)sprintf(text + size, "%s\"f%07x\":{\"status\":\"REVOKED\"}", i == 0 ? "" : ",", i * 7919 % most);
	size += (size_t)sprintf(text + size, "}}");
	struct status_list list;
	assert_true(status_list_parse(bytes_from(text, size), &list));
	assert_int_equal(list.count, most);
	for (unsigned i = 0; i < most; i++)
		assert_true(status_list_has(&list, OCTETS(0xf0, 0, (uint8_t)(i >> 8), (uint8_t)i)));
	assert_false(status_list_has(&list, OCTETS(0xf0, 0, most >> 8, most & 0xff)));
	status_list_free(&list);
	free(text);
}

/* ---- every format asks ---- */

static struct revocation_list list;

/* The directory has this one list from now on. */
static void take(const struct device_octets *file)
{
	struct revocation_lists *of = &stage.verifier.directories[0].revoked;
	revocation_free(&list);
	assert_null(revocation_read(device_view(file), &list));
	of->at[0] = &list;
	of->count = 1;
}

static void take_status(const X509 *certificate)
{
	static struct device_octets file;
	device_status_list_build(device_serial(certificate), "REVOKED", &file);
	take(&file);
}

static void take_crl(struct device_crl crl)
{
	static struct device_octets file;
	device_crl_build(&crl, &file);
	take(&file);
}

static int forget_list(void **state)
{
	(void)state;
	revocation_free(&list);
	stage.verifier.directories[0].revoked.count = 0;
	return 0;
}

static int tear_down_listed(void **state)
{
	return forget_list(state) | tear_down_attested(state);
}

static void case_33_a_revoked_intermediate_is_refused_in_each_format(void **state)
{
	(void)state;
	for (enum attested_kind kind = 0; kind < kind_count; kind++) {
		const struct device_attested one = good_one(kind);
		take_status(factory.other.certificate);
		assert_int_equal(judge_device(&one), refusal_none);
		take_status(factory.sub[kind].certificate);
		EXPECT_DEVICE(&one, attestation_certificate_revoked);
		assert_string_equal(device.detail.text, "certificate 1 of the chain: it is revoked by a status list");
		take_crl((struct device_crl){.authority = &factory.root[kind], .revoked = factory.sub[kind].certificate});
		EXPECT_DEVICE(&one, attestation_certificate_revoked);
		assert_string_equal(device.detail.text, "certificate 1 of the chain: it is revoked by its issuer's CRL");
		take_crl((struct device_crl){.authority = &factory.root[kind], .revoked = factory.other.certificate});
		assert_int_equal(judge_device(&one), refusal_none);
	}
}

static void case_33_a_revoked_intermediate_of_apple_is_refused(void **state)
{
	(void)state;
	const struct device_apple apple = good_mac();
	take_status(mac.other_root.certificate);
	assert_int_equal(judge_mac(&apple), refusal_none);
	take_status(mac.sub.certificate);
	EXPECT_MAC(&apple, attestation_certificate_revoked);
	take_status(mac.root.certificate); /* which is trusted by its own word */
	assert_int_equal(judge_mac(&apple), refusal_none);
}

static int tear_down_mac_listed(void **state)
{
	return forget_list(state) | tear_down_mac(state);
}

/* ---- AK certificates ---- */

static X509 *leaf_of(const struct device_octets *certificate)
{
	return certificate_parse(device_view(certificate));
}

static enum refusal judge_of(struct device_authority *authority)
{
	return judge_certificate(&(struct device_certificate){.authority = authority, .permanent_identifier = stage.identifier});
}

static void case_33_a_revoked_ak_certificate_is_refused(void **state)
{
	(void)state;
	const struct device_statement statement = good();
	OWNED_CERTIFICATE own = leaf_of(&stage.ak_certificate);
	OWNED_CERTIFICATE other = leaf_of(&stage.rsa_ak_certificate);
	take_status(own);
	EXPECT(&statement, attestation_certificate_revoked);
	take_status(other);
	assert_int_equal(judge_built(&statement), refusal_none);
	take_crl((struct device_crl){.authority = &stage.own, .revoked = own, .is_pem = true});
	EXPECT(&statement, attestation_certificate_revoked);
	take_crl((struct device_crl){.authority = &stage.own, .revoked = own, .ends_s = -3600});
	EXPECT(&statement, attestation_certificate_revoked); /* revoked is final, however old the CRL is */
	take_crl((struct device_crl){.authority = &stage.own, .revoked = other});
	assert_int_equal(judge_built(&statement), refusal_none);
}

static void a_crl_counts_for_its_issuer_alone(void **state)
{
	(void)state;
	OWNED_CERTIFICATE own = leaf_of(&stage.ak_certificate);
	const struct device_statement statement = good();
	take_crl((struct device_crl){.authority = &stage.foreign, .revoked = own});
	assert_int_equal(judge_built(&statement), refusal_none);
	assert_int_equal(judge_of(&stage.foreign), refusal_none);
}

static void a_crl_in_an_issuers_name_that_it_did_not_sign_lets_nobody_of_it_pass(void **state)
{
	(void)state;
	const struct device_statement statement = good();
	take_crl((struct device_crl){.authority = &stage.foreign, .named = stage.own.certificate});
	EXPECT(&statement, attestation_certificate_revoked);
	assert_int_equal(judge_of(&stage.foreign), refusal_none);
}

static const char *read_crl(const struct device_crl *crl, size_t cut, const char *more)
{
	static struct device_octets file;
	struct revocation_list read;
	device_crl_build(crl, &file);
	device_append(&file, more, strlen(more));
	const char *what = revocation_read(bytes_from(file.data, file.size - cut), &read);
	if (what == NULL)
		revocation_free(&read);
	return what;
}

static void lists_that_say_less_than_they_seem_to_are_refused(void **state)
{
	(void)state;
	struct device_crl crl = {.authority = &stage.own};
	assert_null(read_crl(&crl, 0, ""));
	assert_string_equal(read_crl(&crl, 1, ""), "it is neither a CRL nor a status list");
	assert_string_equal(read_crl(&crl, 0, "x"), "it is neither a CRL nor a status list");
	crl.extension = "2.5.29.20"; /* cRLNumber */
	crl.value = "DER:020107";
	assert_null(read_crl(&crl, 0, ""));
	crl.value = "critical,DER:020107";
	assert_string_equal(read_crl(&crl, 0, ""), "it has a critical extension that is not understood");
	crl.extension = "2.5.29.27"; /* deltaCRLIndicator */
	assert_string_equal(read_crl(&crl, 0, ""), "it is a delta CRL");
	crl.extension = "2.5.29.28"; /* issuingDistributionPoint, with indirectCRL, with onlyContainsUserCerts, and broken */
	crl.value = "critical,DER:30038401FF";
	assert_string_equal(read_crl(&crl, 0, ""), "it is an indirect CRL");
	crl.value = "critical,DER:30038101FF";
	assert_null(read_crl(&crl, 0, ""));
	crl.value = "critical,DER:30038401";
	assert_non_null(read_crl(&crl, 0, ""));
}

static void a_verifier_does_not_start_with_a_list_that_it_cannot_read(void **state)
{
	(void)state;
	static uint8_t octets[1024];
	struct message_verifier_settings settings = stage.verifier.settings;
	struct detail detail = {.text = ""};
	static struct verifier opened;
	static const char *const contents[] = {LIST(REVOKED("1")), "{}", LIST(REVOKED("1"))};
	static const uint32_t directories[] = {1, 1, 2};
	for (size_t i = 0; i < 3; i++) {
		struct buffer record = BUFFER(octets);
		const struct message_trust_file made = {.file = bytes_from_text("/a/list"),
							     .directories = directories[i],
							     .content = bytes_from_text(contents[i])};
		assert_false(is_refused(wire_encode(message_trust_file, &made, &record)));
		settings.revocation_lists.at[0] = buffer_view(&record);
		settings.revocation_lists.count = 1;
		assert_int_equal(verifier_open(&settings, &opened, &detail), i == 0);
		if (i != 0)
			continue;
		assert_int_equal(opened.directories[0].revoked.count, 1);
		verifier_close(&opened);
	}
	assert_string_equal(detail.text, "a list of revoked certificates is no record of one");
}

#define LISTED(test) cmocka_unit_test_setup_teardown(test, set_up_attested, tear_down_listed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_33_a_serial_is_matched_in_every_spelling),
		cmocka_unit_test(a_serial_of_twenty_octets_is_matched_and_a_longer_one_is_nobodys),
		cmocka_unit_test(what_is_no_status_list_is_refused),
		cmocka_unit_test(a_long_list_is_looked_up_whole),
		LISTED(case_33_a_revoked_intermediate_is_refused_in_each_format),
		cmocka_unit_test_setup_teardown(case_33_a_revoked_intermediate_of_apple_is_refused, set_up_mac, tear_down_mac_listed),
		LISTED(case_33_a_revoked_ak_certificate_is_refused),
		LISTED(a_crl_counts_for_its_issuer_alone),
		LISTED(a_crl_in_an_issuers_name_that_it_did_not_sign_lets_nobody_of_it_pass),
		LISTED(lists_that_say_less_than_they_seem_to_are_refused),
		LISTED(a_verifier_does_not_start_with_a_list_that_it_cannot_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
