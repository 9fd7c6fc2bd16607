/* SPDX-License-Identifier: Apache-2.0
 * Enrolment records: only an administrator's own word, for this identifier and this EK, and only while it lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "attest/verifier/record.h"
#include "ca/jose/jws.h"
#include "firmware/boundary/clock.h"
#include "tests/device/request.h"

#define EK "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_EK "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefe"
#define ORIGIN "https://ca.example:8443"
#define ADA ORIGIN "/admin/administrator/ada"
#define OLE ORIGIN "/admin/administrator/ole"
#define RECORDS ORIGIN "/admin/enrolment-record"

/* ada is an administrator, ole an auditor, eve nobody. */
static struct device_account ada, ole, eve;
static struct verifier verifier;
static uint32_t longest_days = 90;
static const char *identifier_type = "permanent-identifier"; /* of the order */
static struct record_device attested;			     /* a TPM, until a test says otherwise */
static uint8_t encoded[2][1200];

static void add_administrator(size_t index, const char *name, const char *role, const struct device_account *account)
{
	struct buffer out = BUFFER(encoded[index]);
	const struct message_administrator fields = {.name = bytes_from_text(name),
						     .role = bytes_from_text(role),
						     .jwk = bytes_from(account->jwk, account->jwk_size)};
	assert_false(is_refused(wire_encode(message_administrator, &fields, &out)));
	verifier.settings.administrators.at[index] = buffer_view(&out);
	verifier.settings.administrators.count = index + 1;
}

static int set_up(void **state)
{
	(void)state;
	device_account_new(&ada);
	device_account_new(&ole);
	device_account_new(&eve);
	verifier.settings.origin = bytes_from_text(ORIGIN);
	attested = (struct record_device){.format = bytes_from_text("tpm"), .ek = bytes_from_text(EK)};
	add_administrator(0, "ole", "auditor", &ole);
	add_administrator(1, "ada", "administrator", &ada);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_account_free(&ada);
	device_account_free(&ole);
	device_account_free(&eve);
	return 0;
}

static struct record got;

static enum refusal judge_octets(struct bytes record)
{
	static const struct record untouched = {.sequence = 77};
	got = untouched;
	const struct record_question question = {.record = record,
						 .identifier_type = bytes_from_text(identifier_type),
						 .identifier = bytes_from_text("press-7"),
						 .device = attested,
						 .longest_days = longest_days};
	const status s = record_judge(&verifier, &question, &got);
	if (is_refused(s))
		assert_memory_equal(&got, &untouched, sizeof got);
	return s.refusal;
}

static enum refusal judge(const struct device_account *account, const char *kid, const char *url, const char *payload)
{
	static struct device_octets record;
	record.size = 0;
	device_jws_build(&(struct device_jws){.account = account, .kid = kid, .url = url, .payload = payload}, &record);
	return judge_octets(device_view(&record));
}

static const char *payload_for(const char *type, const char *identifier, const char *ek, int64_t issued_in_s, int64_t expires_in_s)
{
	static char text[1024];
	const long long now = (long long)clock_wall_s();
	snprintf(text, sizeof text,
		 "{\"identifierType\":\"%s\",\"identifier\":\"%s\",\"ek\":\"%s\",\"sequence\":3,\"issued\":%lld,\"expires\":%lld}",
		 type, identifier, ek, now + issued_in_s, now + expires_in_s);
	return text;
}

static const char *payload_of(const char *type, const char *identifier, const char *ek, int64_t expires_in_s)
{
	return payload_for(type, identifier, ek, -7 * 86400, expires_in_s);
}

static const char *payload_during(int64_t issued_in_s, int64_t expires_in_s)
{
	return payload_for("permanent-identifier", "press-7", EK, issued_in_s, expires_in_s);
}

static const char *good_payload(void)
{
	return payload_of("permanent-identifier", "press-7", EK, 3600);
}

static void an_administrators_record_gives_its_identifier_to_its_ek(void **state)
{
	(void)state;
	assert_int_equal(judge(&ada, ADA, RECORDS, good_payload()), refusal_none);
}

static void its_sequence_and_the_hash_of_what_was_signed_are_told_however_it_is_spaced(void **state)
{
	(void)state;
	static struct device_octets record, spaced, signed_text;
	uint8_t hash[32];
	record.size = spaced.size = signed_text.size = 0;
	device_jws_build(&(struct device_jws){.account = &ada, .kid = ADA, .url = RECORDS, .payload = good_payload()}, &record);
	assert_int_equal(judge_octets(device_view(&record)), refusal_none);
	assert_int_equal(got.sequence, 3);
	const struct record first = got;
	device_append(&spaced, " { ", 3);
	device_append(&spaced, record.data + 1, record.size - 1);
	assert_int_equal(judge_octets(device_view(&spaced)), refusal_none);
	assert_memory_equal(&got, &first, sizeof got);
	struct jws jws;
	static uint8_t octets[16384];
	struct buffer room = BUFFER(octets);
	assert_false(is_refused(jws_parse(device_view(&record), &room, &jws)));
	device_append(&signed_text, jws.protected_text.data, jws.protected_text.size);
	device_append(&signed_text, ".", 1);
	device_append(&signed_text, jws.payload_text.data, jws.payload_text.size);
	assert_int_equal(EVP_Digest(signed_text.data, signed_text.size, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(got.hash, hash, sizeof hash);
	assert_int_equal(judge(&ada, ADA, RECORDS, good_payload()), refusal_none);
}

/* Its whole life counts, not only what is left of it: else a superseded one would come to life in the end. */
static void a_record_that_holds_longer_than_is_allowed_is_record_too_long(void **state)
{
	(void)state;
	const int64_t longest_s = 90 * 86400;
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-10, longest_s - 10)), refusal_none);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-10, longest_s - 9)), refusal_record_too_long);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-longest_s, 1)), refusal_record_too_long);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-300 * 86400, 86400)), refusal_record_too_long);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(86400, longest_s + 86400)), refusal_record_too_long);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(7200, 3600)), refusal_record_too_long);
	longest_days = 1;
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-10, 86400 - 10)), refusal_none);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_during(-10, 86400)), refusal_record_too_long);
	longest_days = 90;
}

static void a_record_signed_by_nobody_who_may_is_record_forged(void **state)
{
	(void)state;
	assert_int_equal(judge(&eve, ADA, RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ole, ADA, RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ada, OLE, RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&eve, ORIGIN "/admin/administrator/eve", RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ada, "https://ca.example/admin/administrator/ada", RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ada, ADA "/", RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ada, ORIGIN "/acme/devices/account/ada", RECORDS, good_payload()), refusal_record_forged);
	assert_int_equal(judge(&ada, NULL, RECORDS, good_payload()), refusal_record_forged);
}

static void a_record_by_an_auditor_is_record_forged(void **state)
{
	(void)state;
	assert_int_equal(judge(&ole, OLE, RECORDS, good_payload()), refusal_record_forged);
}

static void a_record_signed_by_another_algorithm_than_it_says_is_record_forged(void **state)
{
	(void)state;
	static struct device_octets record;
	static const char *const algorithms[] = {"none", "HS256", "RS256", "ES384"};
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		record.size = 0;
		device_jws_build(&(struct device_jws){.account = &ada,
						      .kid = ADA,
						      .url = RECORDS,
						      .payload = good_payload(),
						      .algorithm = algorithms[i]},
				 &record);
		assert_int_equal(judge_octets(device_view(&record)), refusal_record_forged);
	}
}

static void another_request_of_an_administrator_is_record_malformed(void **state)
{
	(void)state;
	assert_int_equal(judge(&ada, ADA, ORIGIN "/admin/other", good_payload()), refusal_record_malformed);
	assert_int_equal(judge(&ada, ADA, RECORDS "/", good_payload()), refusal_record_malformed);
	assert_int_equal(judge(&ada, ADA, "https://other.example:8443/admin/enrolment-record", good_payload()),
			 refusal_record_malformed);
}

static void other_members_are_record_malformed(void **state)
{
	(void)state;
	static const char *const payloads[] = {
		"",
		"{}",
		"[]",
		"{\"identifier\":\"press-7\",\"ek\":\"" EK "\",\"sequence\":3,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"ek\":\"" EK "\",\"sequence\":3,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"sequence\":3,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":3,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":0,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK "\",\"sequence\":3,\"issued\":1}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":3,\"issued\":1,\"expires\":9000000000,\"more\":1}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":3,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":\"3\",\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":-3,\"issued\":1,\"expires\":9000000000}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":\"press-7\",\"ek\":\"" EK
		"\",\"sequence\":3,\"issued\":1,\"expires\":9e9}",
		"{\"identifierType\":\"permanent-identifier\",\"identifier\":7,\"ek\":\"" EK
		"\",\"sequence\":3,\"issued\":1,\"expires\":9000000000}",
	};
	for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++)
		assert_int_equal(judge(&ada, ADA, RECORDS, payloads[i]), refusal_record_malformed);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_of("permanent-identifier", "press-7", "00", 3600)),
			 refusal_record_malformed);
	assert_int_equal(judge(&ada, ADA, RECORDS,
			       payload_of("permanent-identifier", "press-7",
					  "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF", 3600)),
			 refusal_record_malformed);
}

static void a_record_past_its_time_is_record_expired(void **state)
{
	(void)state;
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_of("permanent-identifier", "press-7", EK, 0)), refusal_record_expired);
	assert_int_equal(judge(&ada, ADA, RECORDS, payload_of("permanent-identifier", "press-7", EK, -86400)),
			 refusal_record_expired);
}

static void a_record_for_another_device_or_name_is_record_mismatch(void **state)
{
	(void)state;
	static const struct {
		const char *type, *identifier, *ek;
	} others[] = {
		{"permanent-identifier", "press-7", OTHER_EK}, {"permanent-identifier", "press-8", EK},
		{"permanent-identifier", "Press-7", EK},       {"permanent-identifier", "press-7 ", EK},
		{"permanent-identifier", "press-", EK},        {"permanent-identifier", "", EK},
		{"hardware-module", "press-7", EK},            {"", "press-7", EK},
	};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_equal(judge(&ada, ADA, RECORDS, payload_of(others[i].type, others[i].identifier, others[i].ek, 3600)),
				 refusal_record_mismatch);
}

static void a_record_that_is_cut_or_too_long_is_record_malformed(void **state)
{
	(void)state;
	static struct device_octets record;
	record.size = 0;
	device_jws_build(&(struct device_jws){.account = &ada, .kid = ADA, .url = RECORDS, .payload = good_payload()}, &record);
	assert_int_equal(judge_octets(device_view(&record)), refusal_none);
	for (size_t cut = 0; cut < record.size; cut++)
		assert_int_equal(judge_octets(bytes_from(record.data, cut)), refusal_record_malformed);
	const size_t size = record.size;
	device_append(&record, "x", 1);
	assert_int_equal(judge_octets(device_view(&record)), refusal_record_malformed);
	record.size = size;
	while (record.size <= 8192)
		device_append(&record, " ", 1);
	assert_int_equal(judge_octets(device_view(&record)), refusal_record_malformed);
}

static void a_record_with_any_bit_flipped_is_refused(void **state)
{
	(void)state;
	static struct device_octets record;
	record.size = 0;
	device_jws_build(&(struct device_jws){.account = &ada, .kid = ADA, .url = RECORDS, .payload = good_payload()}, &record);
	for (size_t bit = 0; bit < 8 * record.size; bit++) {
		record.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		const enum refusal refusal = judge_octets(device_view(&record));
		assert_true(refusal == refusal_record_malformed || refusal == refusal_record_forged);
		record.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* A record for press-7 with this in the place of the EK. */
static const char *payload_with(const char *members)
{
	static char text[1024];
	const long long now = (long long)clock_wall_s();
	snprintf(text, sizeof text,
		 "{\"identifierType\":\"%s\",\"identifier\":\"press-7\",%s,\"sequence\":3,\"issued\":%lld,\"expires\":%lld}",
		 identifier_type, members, now, now + 3600);
	return text;
}

#define EXPECT_MEMBERS(members, refusal)                                                                                 \
	assert_string_equal(status_entry(judge(&ada, ADA, RECORDS, payload_with(members)))->name, #refusal)
#define ACCEPT_MEMBERS(members) assert_int_equal(judge(&ada, ADA, RECORDS, payload_with(members)), refusal_none)
#define OF_APPLE(name) "\"format\":\"apple\"," name

static void a_record_names_a_serial_number_or_a_udid_of_a_format(void **state)
{
	(void)state;
	const struct record_device mac = {.format = bytes_from_text("apple"),
					  .serial = bytes_from_text("TMWF"),
					  .udid = bytes_from_text("00006030-0006")};
	attested = mac;
	ACCEPT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\""));
	assert_false(got.is_one_time);
	ACCEPT_MEMBERS(OF_APPLE("\"udid\":\"00006030-0006\""));
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"tmwf\""), record_mismatch);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"TMWF \""), record_mismatch);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"00006030-0006\""), record_mismatch);
	EXPECT_MEMBERS(OF_APPLE("\"udid\":\"TMWF\""), record_mismatch);
	EXPECT_MEMBERS("\"format\":\"step\",\"serial\":\"TMWF\"", record_mismatch);
	EXPECT_MEMBERS("\"ek\":\"" EK "\"", record_mismatch);
	attested.serial.size = 0; /* what is not attested is nobody's */
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\""), record_mismatch);
	attested = (struct record_device){.format = bytes_from_text("tpm"), .ek = bytes_from_text(EK)};
	EXPECT_MEMBERS("\"format\":\"tpm\",\"serial\":\"TMWF\"", record_mismatch);
}

static void a_record_of_no_device_or_of_two_is_record_malformed(void **state)
{
	static const char *const bad[] = {
		"\"serial\":\"TMWF\"", "\"format\":\"apple\"", OF_APPLE("\"serial\":\"\""), OF_APPLE("\"udid\":\"\""),
		"\"format\":\"\",\"serial\":\"TMWF\"", OF_APPLE("\"serial\":7"), OF_APPLE("\"serial\":\"TMWF\",\"udid\":\"1\""),
		"\"ek\":\"" EK "\",\"serial\":\"TMWF\"", "\"ek\":\"" EK "\",\"format\":\"tpm\"",
		"\"ek\":\"" EK "\"," OF_APPLE("\"serial\":\"TMWF\""), "\"more\":1", OF_APPLE("\"serial\":\"TMWF\",\"more\":1")};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(judge(&ada, ADA, RECORDS, payload_with(bad[i])), refusal_record_malformed);
}

static void a_record_may_be_for_one_time(void **state)
{
	(void)state;
	attested = (struct record_device){.format = bytes_from_text("apple"), .serial = bytes_from_text("TMWF")};
	ACCEPT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\",\"oneTime\":true"));
	assert_true(got.is_one_time);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"OTHER\",\"oneTime\":true"), record_mismatch);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\",\"oneTime\":false"), record_malformed);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\",\"oneTime\":1"), record_malformed);
	EXPECT_MEMBERS(OF_APPLE("\"serial\":\"TMWF\",\"oneTime\":\"true\""), record_malformed);
	attested = (struct record_device){.format = bytes_from_text("tpm"), .ek = bytes_from_text(EK)};
	ACCEPT_MEMBERS("\"ek\":\"" EK "\",\"oneTime\":true");
	assert_true(got.is_one_time);
	identifier_type = "hardware-module"; /* whose name is no code */
	ACCEPT_MEMBERS("\"ek\":\"" EK "\"");
	EXPECT_MEMBERS("\"ek\":\"" EK "\",\"oneTime\":true", record_malformed);
	identifier_type = "permanent-identifier";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_administrators_record_gives_its_identifier_to_its_ek),
		cmocka_unit_test(its_sequence_and_the_hash_of_what_was_signed_are_told_however_it_is_spaced),
		cmocka_unit_test(a_record_that_holds_longer_than_is_allowed_is_record_too_long),
		cmocka_unit_test(a_record_signed_by_nobody_who_may_is_record_forged),
		cmocka_unit_test(a_record_by_an_auditor_is_record_forged),
		cmocka_unit_test(a_record_signed_by_another_algorithm_than_it_says_is_record_forged),
		cmocka_unit_test(another_request_of_an_administrator_is_record_malformed),
		cmocka_unit_test(other_members_are_record_malformed),
		cmocka_unit_test(a_record_past_its_time_is_record_expired),
		cmocka_unit_test(a_record_for_another_device_or_name_is_record_mismatch),
		cmocka_unit_test(a_record_that_is_cut_or_too_long_is_record_malformed),
		cmocka_unit_test(a_record_with_any_bit_flipped_is_refused),
		cmocka_unit_test(a_record_names_a_serial_number_or_a_udid_of_a_format),
		cmocka_unit_test(a_record_of_no_device_or_of_two_is_record_malformed),
		cmocka_unit_test(a_record_may_be_for_one_time),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
