/* SPDX-License-Identifier: Apache-2.0
 * The names of a certificate request against those of an order with several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "attest/verifier/csr.h"
#include "tests/device/request.h"

static EVP_PKEY *account, *key;

#define NAMED(type, value) {{(const uint8_t *)(type), sizeof(type) - 1}, {(const uint8_t *)(value), sizeof(value) - 1}}

static const struct csr_names server = {.at = {NAMED("dns", "a.example.test"), NAMED("dns", "*.example.test"),
					       NAMED("ip", "192.0.2.7"), NAMED("ip", "2001:db8::7")},
					.count = 4};
static const struct csr_names device = {.at = {NAMED("dns", "a.example.test"), NAMED("permanent-identifier", "device-7")},
					.count = 2};
static const struct csr_names module_server = {.at = {NAMED("hardware-module", "7/1.2.3"), NAMED("dns", "a.example.test")},
					      .count = 2};
static const struct csr_names module = {.at = {NAMED("hardware-module", "7/1.2.3")}, .count = 1};

static enum refusal judge(const struct csr_names *order, struct device_csr csr)
{
	struct csr_names names = *order;
	struct device_octets built;
	struct csr out;
	struct detail detail = {{0}};
	csr.key = key;
	device_csr_build(&csr, &built);
	return csr_judge(device_view(&built), &names, account, &out, &detail).refusal;
}

#define assert_refused(given, wanted) assert_string_equal(status_entry(given)->name, #wanted)
#define assert_taken(given) assert_string_equal(status_entry(given)->name, status_entry(refusal_none)->name)
#define ALL "DNS:a.example.test,DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7"

static void exactly_the_orders_names_are_taken_in_any_sequence(void **state)
{
	(void)state;
	assert_taken(judge(&server, (struct device_csr){.alternative_name = ALL}));
	assert_taken(judge(&server, (struct device_csr){.alternative_name = "IP:2001:db8::7,DNS:*.example.test,IP:192.0.2.7,"
									    "DNS:a.example.test"}));
	assert_taken(judge(&server, (struct device_csr){.alternative_name = ALL, .subject = "a.example.test"}));
	/* RFC 8555 7.4: a name may stand in the subject alone */
	assert_taken(judge(&server, (struct device_csr){.alternative_name = "DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7",
							.subject = "a.example.test"}));
}

static void a_name_too_few_too_many_or_twice_is_refused(void **state)
{
	static const char *const bad[] = {"DNS:a.example.test,DNS:*.example.test,IP:192.0.2.7",
					  "DNS:a.example.test,IP:192.0.2.7,IP:2001:db8::7",
					  ALL ",DNS:b.example.test",
					  ALL ",IP:192.0.2.8",
					  ALL ",DNS:a.example.test",
					  ALL ",email:root@example.test",
					  ALL ",URI:https://a.example.test",
					  "DNS:a.example.test,DNS:a.example.test,DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(judge(&server, (struct device_csr){.alternative_name = bad[i]}), csr_name_wrong);
	assert_refused(judge(&server, (struct device_csr){.alternative_name = ALL, .subject = "b.example.test"}), csr_name_wrong);
	assert_refused(judge(&server, (struct device_csr){.subject = "a.example.test"}), csr_name_wrong);
	assert_refused(judge(&server, (struct device_csr){.key = NULL}), csr_name_wrong);
}

static void a_name_of_another_kind_or_spelling_is_refused(void **state)
{
	static const char *const bad[] = {"DNS:A.example.test,DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7",
					  "DNS:a.example.test.,DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7",
					  "DNS:a.example.test,DNS:*.example.test,DNS:192.0.2.7,IP:2001:db8::7",
					  "email:a.example.test,DNS:*.example.test,IP:192.0.2.7,IP:2001:db8::7",
					  "DNS:a.example.test,DNS:*.example.test,IP:192.0.2.7,IP:::ffff:192.0.2.7"};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_refused(judge(&server, (struct device_csr){.alternative_name = bad[i]}), csr_name_wrong);
}

static void the_device_alone_may_be_left_out(void **state)
{
	(void)state;
	assert_taken(judge(&device, (struct device_csr){.alternative_name = "DNS:a.example.test"}));
	assert_taken(judge(&device, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "device-7"}));
	assert_taken(judge(&device, (struct device_csr){.permanent_identifier = "device-7", .subject = "a.example.test"}));
	assert_refused(judge(&device, (struct device_csr){.permanent_identifier = "device-7"}), csr_name_wrong);
	assert_refused(judge(&device, (struct device_csr){.permanent_identifier = "device-8", .subject = "a.example.test"}),
		       csr_name_wrong);
	assert_refused(judge(&device, (struct device_csr){.permanent_identifier = "a.example.test", .subject = "a.example.test"}),
		       csr_name_wrong);
}

static void a_hardware_module_is_named_by_its_serial_and_type(void **state)
{
	(void)state;
	assert_taken(judge(&module, (struct device_csr){.key = NULL}));
	/* SEQUENCE { [0] { OID 1.3.6.1.5.5.7.8.4, [0] SEQUENCE { OID 1.2.3, OCTET STRING "7" } } } */
	uint8_t octets[] = {0x30, 0x17, 0xa0, 0x15, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08,
			    0x04, 0xa0, 0x09, 0x30, 0x07, 0x06, 0x02, 0x2a, 0x03, 0x04, 0x01, '7'};
	const struct bytes name = BYTES_OF(octets);
	assert_taken(judge(&module, (struct device_csr){.raw_alternative_name = &name}));
	octets[sizeof octets - 1] = '8';
	assert_refused(judge(&module, (struct device_csr){.raw_alternative_name = &name}), csr_name_wrong);
	octets[sizeof octets - 1] = '7';
	octets[21] = 0x04; /* of type 1.2.4 */
	assert_refused(judge(&module, (struct device_csr){.raw_alternative_name = &name}), csr_name_wrong);
	octets[21] = 0x03;
	octets[13] = 0x03; /* a PermanentIdentifier with the content of a module */
	assert_refused(judge(&module, (struct device_csr){.raw_alternative_name = &name}), csr_name_wrong);
	assert_refused(judge(&module, (struct device_csr){.permanent_identifier = "7"}), csr_name_wrong);
	assert_taken(judge(&module_server, (struct device_csr){.alternative_name = "DNS:a.example.test"}));
	assert_refused(judge(&module_server, (struct device_csr){.key = NULL}), csr_name_wrong);
	octets[13] = 0x04;
	assert_refused(judge(&module_server, (struct device_csr){.raw_alternative_name = &name}), csr_name_wrong);
}

/* A code of one time is no name that a device's own program would put into its request. */
static void what_is_certified_in_a_codes_place_may_be_asked_for(void **state)
{
	(void)state;
	struct csr_names coded = device;
	assert_refused(judge(&coded, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "SERIAL7"}), csr_name_wrong);
	coded.certified = bytes_from_text("SERIAL7");
	assert_taken(judge(&coded, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "SERIAL7"}));
	assert_taken(judge(&coded, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "device-7"}));
	assert_taken(judge(&coded, (struct device_csr){.alternative_name = "DNS:a.example.test"}));
	assert_refused(judge(&coded, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "SERIAL8"}), csr_name_wrong);
	assert_refused(judge(&coded, (struct device_csr){.alternative_name = "DNS:SERIAL7"}), csr_name_wrong);
	struct csr_names alone = {.at = {NAMED("permanent-identifier", "code")}, .count = 1, .certified = bytes_from_text("SERIAL7")};
	assert_taken(judge(&alone, (struct device_csr){.permanent_identifier = "SERIAL7"}));
	assert_taken(judge(&alone, (struct device_csr){.permanent_identifier = "code"}));
	assert_refused(judge(&alone, (struct device_csr){.permanent_identifier = "SERIAL7", .second_permanent_identifier = "code"}),
		       csr_name_wrong);
	struct csr_names server_alone = {.at = {NAMED("dns", "a.example.test")}, .count = 1, .certified = bytes_from_text("b.example.test")};
	assert_refused(judge(&server_alone, (struct device_csr){.alternative_name = "DNS:b.example.test"}), csr_name_wrong);
	assert_refused(judge(&server_alone, (struct device_csr){.alternative_name = "DNS:a.example.test", .subject = "b.example.test"}),
		       csr_name_wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_orders_names_are_taken_in_any_sequence),
		cmocka_unit_test(a_name_too_few_too_many_or_twice_is_refused),
		cmocka_unit_test(a_name_of_another_kind_or_spelling_is_refused),
		cmocka_unit_test(the_device_alone_may_be_left_out),
		cmocka_unit_test(a_hardware_module_is_named_by_its_serial_and_type),
		cmocka_unit_test(what_is_certified_in_a_codes_place_may_be_asked_for),
	};
	account = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const int failed = cmocka_run_group_tests_name("csr_names", tests, NULL, NULL);
	EVP_PKEY_free(account);
	EVP_PKEY_free(key);
	return failed;
}
