/* SPDX-License-Identifier: Apache-2.0
 * Grammars of identifiers, suffixes and ranges, and which challenge proves what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/boundary/challenge.h"
#include "firmware/boundary/identifier.h"

static enum refusal judge(const char *type, const char *value)
{
	return identifier_judge(bytes_from_text(type), bytes_from_text(value)).refusal;
}

static void names_of_each_kind_are_taken(void **state)
{
	static const char *const rows[][2] = {
		{"dns", "localhost"},		{"dns", "a.example.test"}, {"dns", "*.example.test"}, {"dns", "xn--bcher-kva.example"},
		{"dns", "1.2.3.4a"},		{"dns", "0.example"},	   {"ip", "192.0.2.7"},	      {"ip", "0.0.0.0"},
		{"ip", "2001:db8::1"},		{"ip", "::1"},		   {"ip", "2001:db8:0:1:1:1:1:1"},
		{"hardware-module", "7/1.2.3"}, {"permanent-identifier", "7"}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge(rows[i][0], rows[i][1]), refusal_none);
}

static void a_value_outside_its_grammar_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{"dns", ""},		 {"dns", "."},		   {"dns", "a."},	      {"dns", ".a"},
		{"dns", "a..b"},	 {"dns", "A.example"},	   {"dns", "a-.example"},     {"dns", "-a.example"},
		{"dns", "a_b.example"},	 {"dns", "*"},		   {"dns", "*."},	      {"dns", "*.*.example"},
		{"dns", "a*.example"},	 {"dns", "1.2.3.4"},	   {"dns", "example.1"},      {"dns", "a b"},
		{"dns", "b\xc3\xbc"},	 {"ip", ""},		   {"ip", "1.2.3"},	      {"ip", "01.2.3.4"},
		{"ip", "1.2.3.4 "},	 {"ip", "::0"},		   {"ip", "0:0:0:0:0:0:0:1"}, {"ip", "2001:DB8::1"},
		{"ip", "::ffff:1.2.3.4"}, {"ip", "::ffff:102:304"}, {"ip", "fe80::1%eth0"},   {"ip", "[::1]"},
		{"ip", "2001:db8::1:1:1:1:1"}, {"hardware-module", "7"}, {"hardware-module", "/1.2.3"},
		{"hardware-module", "\xff/1.2.3"}, {"hardware-module", "7/8/1.2.3"}, {"hardware-module", "7/1.2.3/8"},
		{"hardware-module", "7/1.2.03"}, {"hardware-module", ""}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge(rows[i][0], rows[i][1]), refusal_identifier_malformed);
	assert_int_equal(judge("DNS", "a.example"), refusal_identifier_type_unsupported);
	assert_int_equal(judge("", "a.example"), refusal_identifier_type_unsupported);
}

static void a_dns_name_has_labels_of_63_and_253_octets_in_all(void **state)
{
	char name[300];
	(void)state;
	memset(name, 'a', sizeof name);
	name[63] = 0;
	assert_int_equal(judge("dns", name), refusal_none);
	name[63] = 'a';
	name[64] = 0;
	assert_int_equal(judge("dns", name), refusal_identifier_malformed);
	memset(name, 'a', sizeof name);
	for (size_t i = 63; i < sizeof name; i += 64)
		name[i] = '.';
	name[253] = 0;
	assert_int_equal(judge("dns", name), refusal_none);
	name[253] = 'a';
	name[254] = 0;
	assert_int_equal(judge("dns", name), refusal_identifier_malformed);
}

static bool is_within(const char *type, const char *value, const char *list)
{
	const struct bytes all = bytes_from_text(list);
	return identifier_is_within(bytes_from_text(type), bytes_from_text(value), all, all);
}

static void a_name_is_within_a_suffix_at_a_label(void **state)
{
	(void)state;
	assert_true(is_within("dns", "example.test", "other.test example.test"));
	assert_true(is_within("dns", "a.b.example.test", "example.test"));
	assert_true(is_within("dns", "*.example.test", "example.test"));
	assert_false(is_within("dns", "badexample.test", "example.test"));
	assert_false(is_within("dns", "test", "example.test"));
	assert_false(is_within("dns", "*.test", "example.test"));
	assert_false(is_within("dns", "example.test.org", "example.test"));
	assert_false(is_within("dns", "example.test", ""));
	assert_false(is_within("dns", "example.test", "  "));
	assert_false(is_within("permanent-identifier", "example.test", "example.test"));
}

static void an_address_is_within_a_range_to_the_bit(void **state)
{
	(void)state;
	assert_true(is_within("ip", "192.0.2.127", "10.0.0.0/8 192.0.2.0/25"));
	assert_false(is_within("ip", "192.0.2.128", "192.0.2.0/25"));
	assert_true(is_within("ip", "192.0.2.7", "192.0.2.7/32"));
	assert_false(is_within("ip", "192.0.2.6", "192.0.2.7/32"));
	assert_true(is_within("ip", "8.8.8.8", "0.0.0.0/0"));
	assert_false(is_within("ip", "::1", "0.0.0.0/0"));
	assert_true(is_within("ip", "2001:db8:7fff::1", "2001:db8::/33"));
	assert_false(is_within("ip", "2001:db8:8000::1", "2001:db8::/33"));
	assert_false(is_within("ip", "192.0.2.7", "192.0.2.7"));
	assert_false(is_within("ip", "192.0.2.7", "192.0.2.7/33"));
	assert_false(is_within("ip", "192.0.2.7", "192.0.2.7/x"));
	assert_false(is_within("ip", "192.0.2.7", ""));
}

static void each_challenge_proves_what_it_can(void **state)
{
	static const struct {
		const char *type, *value;
		bool fits[challenge_count];
	} rows[] = {{"permanent-identifier", "A", {true, false, false, false}},
		    {"hardware-module", "A/1.2.3", {true, false, false, false}},
		    {"dns", "a.example", {false, true, true, true}},
		    {"dns", "*.example", {false, false, true, false}},
		    {"ip", "192.0.2.7", {false, true, false, true}},
		    {"email", "a", {false, false, false, false}}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (enum challenge c = 0; c < challenge_count; c++)
			assert_int_equal(challenge_fits(c, bytes_from_text(rows[i].type), bytes_from_text(rows[i].value)), rows[i].fits[c]);
	for (enum challenge c = 0; c < challenge_count; c++) {
		enum challenge found = challenge_count;
		assert_true(challenge_find(bytes_from_text(challenge_name(c)), &found));
		assert_int_equal(found, c);
	}
	enum challenge none = challenge_count;
	assert_false(challenge_find(bytes_from_text("http-02"), &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_each_kind_are_taken),
		cmocka_unit_test(a_value_outside_its_grammar_is_refused),
		cmocka_unit_test(a_dns_name_has_labels_of_63_and_253_octets_in_all),
		cmocka_unit_test(a_name_is_within_a_suffix_at_a_label),
		cmocka_unit_test(an_address_is_within_a_range_to_the_bit),
		cmocka_unit_test(each_challenge_proves_what_it_can),
	};
	return cmocka_run_group_tests_name("identifier", tests, NULL, NULL);
}
