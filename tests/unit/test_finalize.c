/* SPDX-License-Identifier: Apache-2.0
 * Requests to finalize an order: who signed, for which URL, and what the voucher then says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "attest/token/token.h"
#include "tests/device/identifier.h"
#include "attest/verifier/verifier.h"
#include "ca/jose/jwk.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/request.h"

#define ORIGIN "https://ca.example:14000"
#define KID ORIGIN "/acme/devices/account/1"
#define IDENTIFIER "device-7"

static struct verifier verifier;
static struct device_account account, other_account;
static EVP_PKEY *device;
static char order[65], url[512], payload[16384];
static uint8_t answer[wire_packet_room];

static struct message_finalize_judge asked(const struct device_octets *request)
{
	return (struct message_finalize_judge){.directory = bytes_from_text("devices"),
					       .order = bytes_from_text(order),
					       .identifiers = {{device_identifier("permanent-identifier", IDENTIFIER)}, 1},
					       .account_jwk = bytes_from(account.jwk, account.jwk_size),
					       .request = device_view(request)};
}

static enum refusal judge(const struct message_finalize_judge *ask, struct message_finalize_judged *out)
{
	struct message_finalize_judged unused;
	struct buffer room = BUFFER(answer);
	struct detail detail = {{0}};
	status s = verifier_finalize_judge(&verifier, ask, &room, out != NULL ? out : &unused, &detail);
	if (is_refused(s))
		assert_int_equal(room.size, 0);
	return s.refusal;
}

/* {"csr": ...} with this behind the characters. */
static void write_payload(struct device_csr csr, const char *behind)
{
	struct device_octets der, text = {.size = 0};
	if (csr.key == NULL)
		csr.key = device;
	device_csr_build(&csr, &der);
	device_base64url(device_view(&der), &text);
	const int size = snprintf(payload, sizeof payload, "{\"csr\":\"%.*s%s\"}", (int)text.size, (const char *)text.data, behind);
	assert_true(size > 0 && (size_t)size < sizeof payload);
}

static enum refusal judge_jws(struct device_jws jws)
{
	struct device_octets request;
	if (jws.account == NULL)
		jws.account = &account;
	if (jws.url == NULL)
		jws.url = url;
	if (jws.payload == NULL)
		jws.payload = payload;
	device_jws_build(&jws, &request);
	const struct message_finalize_judge ask = asked(&request);
	return judge(&ask, NULL);
}

static enum refusal judge_csr(struct device_csr csr)
{
	write_payload(csr, "");
	return judge_jws((struct device_jws){.kid = KID});
}

static enum refusal judge_payload(const char *text)
{
	return judge_jws((struct device_jws){.kid = KID, .payload = text});
}

static void good_request(struct device_octets *out)
{
	write_payload((struct device_csr){.subject = IDENTIFIER}, "");
	const struct device_jws jws = {.account = &account, .url = url, .kid = KID, .payload = payload};
	device_jws_build(&jws, out);
}

#define assert_refused(given, wanted) assert_string_equal(status_entry(given)->name, #wanted)

static void a_good_request_gets_a_voucher_that_says_what_was_proven(void **state)
{
	(void)state;
	struct device_octets request;
	struct message_finalize_judged judged;
	struct message_request_voucher voucher;
	uint8_t *spki = NULL, hash[32];
	good_request(&request);
	const struct message_finalize_judge ask = asked(&request);
	assert_int_equal(judge(&ask, &judged), refusal_none);
	assert_false(is_refused(
		voucher_open(message_request_voucher, judged.voucher, verifier.settings.request_key, &voucher)));
	const int size = i2d_PUBKEY(device, &spki);
	assert_true(bytes_equal(voucher.spki, bytes_from(spki, (size_t)size)));
	assert_int_equal(EVP_Digest(spki, (size_t)size, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(hash, judged.spki_hash, 32);
	EVP_PKEY *parsed = NULL;
	uint8_t form[jwk_canonical_room], copy[jwk_canonical_room], thumbprint[jwk_thumbprint_size];
	struct buffer jwk = BUFFER(form), again = BUFFER(copy);
	assert_false(is_refused(jwk_build(device, &jwk)));
	assert_false(is_refused(jwk_parse(buffer_view(&jwk), &again, thumbprint, &parsed)));
	EVP_PKEY_free(parsed);
	assert_memory_equal(thumbprint, judged.key_thumbprint, sizeof thumbprint);
	assert_memory_equal(voucher.account_thumbprint, account.thumbprint, 32);
	assert_true(bytes_equal_text(voucher.order, order) && bytes_equal_text(voucher.directory, "devices"));
	assert_true(voucher.expires_boot_s > clock_boot_s() + verifier_voucher_life_s - 60 &&
		    voucher.expires_boot_s <= clock_boot_s() + verifier_voucher_life_s);
	assert_refused(voucher_open(message_request_voucher, judged.voucher, verifier.settings.device_key, &voucher).refusal,
		       voucher_forged);
	OPENSSL_free(spki);
}

static void case_63_the_account_key_as_key_of_the_request_is_refused(void **state)
{
	(void)state;
	assert_refused(judge_csr((struct device_csr){.key = account.key}), csr_key_is_account_key);
}

static void case_64_a_bad_request_is_refused_by_its_own_name(void **state)
{
	(void)state;
	assert_refused(judge_csr((struct device_csr){.is_changed = true}), csr_signature_wrong);
	assert_refused(judge_csr((struct device_csr){.subject = "device-8"}), csr_name_wrong);
	assert_refused(judge_csr((struct device_csr){.permanent_identifier = "device-8"}), csr_name_wrong);
	assert_refused(judge_csr((struct device_csr){.constraints = "CA:TRUE"}), csr_extension_refused);
	assert_refused(judge_csr((struct device_csr){.has_challenge_password = true}), csr_attribute_refused);
	assert_refused(judge_payload("{\"csr\":\"MAAA\"}"), csr_malformed);
	assert_refused(judge_payload("{\"csr\":\"\"}"), csr_malformed);
}

static void a_request_of_another_key_is_refused(void **state)
{
	(void)state;
	write_payload((struct device_csr){.subject = IDENTIFIER}, "");
	assert_refused(judge_jws((struct device_jws){.kid = KID, .account = &other_account}), signature_wrong);
	assert_refused(judge_jws((struct device_jws){.kid = KID, .algorithm = "none"}), algorithm_unsupported);
	assert_refused(judge_jws((struct device_jws){.kid = KID, .algorithm = "HS256"}), algorithm_unsupported);
	assert_refused(judge_jws((struct device_jws){.kid = NULL}), jws_jwk_not_allowed);
}

static void a_request_for_another_url_is_refused(void **state)
{
	(void)state;
	char text[600];
	static const char *const urls[] = {ORIGIN "/acme/devices/order/AAAA/finalize", ORIGIN "/acme/devices/new-order",
					   "https://ca.example/acme/devices/order/", "x"};
	write_payload((struct device_csr){.subject = IDENTIFIER}, "");
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		assert_refused(judge_jws((struct device_jws){.kid = KID, .url = urls[i]}), url_wrong);
	for (size_t cut = 1; cut < 24; cut++) {
		snprintf(text, sizeof text, "%.*s", (int)(strlen(url) - cut), url);
		assert_refused(judge_jws((struct device_jws){.kid = KID, .url = text}), url_wrong);
	}
	snprintf(text, sizeof text, "%s/", url);
	assert_refused(judge_jws((struct device_jws){.kid = KID, .url = text}), url_wrong);
	snprintf(text, sizeof text, "%s/acme/other/order/%s/finalize", ORIGIN, order);
	assert_refused(judge_jws((struct device_jws){.kid = KID, .url = text}), url_wrong);
}

static void a_directory_with_a_path_is_asked_by_it(void **state)
{
	(void)state;
	char text[600];
	struct message_verifier_directory *rules = &verifier.directories[0].rules;
	rules->path = bytes_from_text("a-path-of-22-letters-0");
	write_payload((struct device_csr){.subject = IDENTIFIER}, "");
	assert_refused(judge_jws((struct device_jws){.kid = KID, .url = url}), url_wrong);
	snprintf(text, sizeof text, "%s/acme/a-path-of-22-letters-0/order/%s/finalize", ORIGIN, order);
	assert_int_equal(judge_jws((struct device_jws){.kid = KID, .url = text}), refusal_none);
	rules->path = bytes_from(NULL, 0);
}

/* A request whose subject is the device's own name, with a voucher that has it certified in the place of a code. */
static enum refusal judge_with_voucher(const struct message_device_voucher *fields, const uint8_t *key)
{
	uint8_t sealed_room[2048];
	struct buffer sealed = BUFFER(sealed_room);
	struct device_octets request;
	write_payload((struct device_csr){.subject = "SERIAL7"}, "");
	device_jws_build(&(struct device_jws){.account = &account, .url = url, .kid = KID, .payload = payload}, &request);
	struct message_finalize_judge ask = asked(&request);
	assert_false(is_refused(voucher_seal(message_device_voucher, fields, key, &sealed)));
	ask.device_voucher = buffer_view(&sealed);
	return judge(&ask, NULL);
}

static void the_name_that_the_devices_voucher_has_certified_may_be_asked_for(void **state)
{
	(void)state;
	struct message_device_voucher fields = {.order = bytes_from_text(order), .certified = bytes_from_text("SERIAL7")};
	memcpy(fields.account_thumbprint, account.thumbprint, sizeof fields.account_thumbprint);
	assert_int_equal(judge_with_voucher(&fields, verifier.settings.device_key), refusal_none);
	assert_refused(judge_with_voucher(&fields, verifier.settings.request_key), voucher_forged);
	fields.certified = bytes_from_text("SERIAL8");
	assert_refused(judge_with_voucher(&fields, verifier.settings.device_key), csr_name_wrong);
	fields.certified = bytes_from_text("SERIAL7");
	fields.order = bytes_from_text("another");
	assert_refused(judge_with_voucher(&fields, verifier.settings.device_key), voucher_mismatch);
	fields.order = bytes_from_text(order);
	fields.account_thumbprint[0] ^= 1;
	assert_refused(judge_with_voucher(&fields, verifier.settings.device_key), voucher_mismatch);
}

static void a_payload_without_a_request_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "{}", "[]", "{\"csr\":1}", "{\"csr\":null}", "{\"csr\":{}}", "{\"csr\":\"A\"}",
					    "{\"csr\":\"A+A/\"}", "{\"csr\":\"AA\\u0000\"}", "{\"csr\":\"====\"}", "{\"CSR\":\"MAAA\"}",
					    "{\"csr\":\"MAAA\",\"csr\":\"MAAA\"}", "{\"csr\":\"MAAA\"}x"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_refused(judge_payload(texts[i]), payload_malformed);
}

static void unknown_members_are_ignored(void **state)
{
	(void)state;
	write_payload((struct device_csr){.subject = IDENTIFIER}, "\",\"more\":[1,{\"a\":2}],\"another\":\"");
	assert_int_equal(judge_jws((struct device_jws){.kid = KID}), refusal_none);
}

static void padding_is_tolerated_at_the_end_where_it_belongs(void **state)
{
	(void)state;
	static const char *const paddings[] = {"", "=", "=="};
	for (size_t seen = 0, tries = 0; seen != 7; tries++) {
		assert_true(tries < 400); /* lengths of ECDSA signatures differ */
		write_payload((struct device_csr){.subject = IDENTIFIER}, "");
		char text[sizeof payload];
		const size_t digits = strlen(payload) - strlen("{\"csr\":\"\"}"), missing = (4 - digits % 4) % 4;
		assert_in_range(missing, 0, 2);
		seen |= (size_t)1 << missing;
		for (size_t i = 0; i < 3; i++) {
			snprintf(text, sizeof text, "%.*s%s\"}", (int)(strlen(payload) - 2), payload, paddings[i]);
			const bool is_good = i == 0 || i == missing;
			assert_int_equal(judge_payload(text), is_good ? refusal_none : refusal_payload_malformed);
		}
	}
}

static void an_order_of_another_directory_or_identifier_is_refused(void **state)
{
	(void)state;
	struct device_octets request;
	good_request(&request);
	struct message_finalize_judge ask = asked(&request);
	ask.directory = bytes_from_text("others");
	assert_refused(judge(&ask, NULL), directory_wrong);
	ask = asked(&request);
	ask.identifiers.at[0] = device_identifier("permanent-identifier", "device-8");
	assert_refused(judge(&ask, NULL), order_forged);
	ask = asked(&request);
	ask.order = bytes_from_text("AAAA");
	assert_refused(judge(&ask, NULL), order_forged);
	ask = asked(&request);
	ask.order.size = 0;
	assert_refused(judge(&ask, NULL), order_forged);
}

static void an_account_key_that_is_not_in_its_canonical_form_is_refused(void **state)
{
	(void)state;
	struct device_octets request;
	char text[1100];
	good_request(&request);
	struct message_finalize_judge ask = asked(&request);
	ask.account_jwk = bytes_from_text("{}");
	assert_refused(judge(&ask, NULL), public_key_bad);
	snprintf(text, sizeof text, "%s ", (const char *)account.jwk);
	ask.account_jwk = bytes_from_text(text);
	assert_refused(judge(&ask, NULL), public_key_bad);
	snprintf(text, sizeof text, "{\"use\":\"sig\",%s", (const char *)account.jwk + 1);
	ask.account_jwk = bytes_from_text(text);
	assert_refused(judge(&ask, NULL), public_key_bad);
	ask.account_jwk = bytes_from(other_account.jwk, other_account.jwk_size);
	assert_refused(judge(&ask, NULL), signature_wrong);
}

static void a_request_cut_anywhere_is_refused(void **state)
{
	(void)state;
	struct device_octets request;
	good_request(&request);
	const size_t size = request.size;
	for (request.size = 0; request.size < size; request.size++) {
		const struct message_finalize_judge ask = asked(&request);
		assert_int_not_equal(judge(&ask, NULL), refusal_none);
	}
}

static void no_octet_of_a_signed_request_can_be_changed(void **state)
{
	(void)state;
	struct device_octets request;
	good_request(&request);
	for (size_t i = 0; i < request.size; i++) {
		request.data[i] ^= 1;
		const struct message_finalize_judge ask = asked(&request);
		assert_int_not_equal(judge(&ask, NULL), refusal_none);
		request.data[i] ^= 1;
	}
}

#define A_NAME "a.example.test"

static struct message_order_open order_of_three(void)
{
	return (struct message_order_open){.directory = bytes_from_text("devices"),
					   .identifiers = {{device_identifier("dns", A_NAME),
							    device_identifier("hardware-module", "7/1.2.3"),
							    device_identifier("ip", "192.0.2.7")},
							   3}};
}

static enum refusal open_token(const uint8_t *key, const struct message_order_opened *opened, size_t number,
			       const char *type, const char *value, const char *challenge)
{
	const struct token_purpose purpose = {bytes_from_text("devices"), opened->order, bytes_from_text(type),
					      bytes_from_text(value), bytes_from_text(challenge)};
	return token_open(key, &purpose, opened->tokens.at[number]).refusal;
}

static void each_challenge_of_an_order_has_a_token_of_its_own_key_and_purpose(void **state)
{
	(void)state;
	static uint8_t octets[4096];
	struct buffer room = BUFFER(octets);
	struct message_order_opened opened;
	const struct message_order_open open = order_of_three();
	const uint8_t *names = verifier.settings.name_token_key, *devices = verifier.settings.token_key;
	assert_int_equal(verifier_order_open(&verifier, &open, &room, &opened).refusal, refusal_none);
	assert_int_equal(opened.tokens.count, 6);
	assert_int_equal(open_token(names, &opened, 0, "dns", A_NAME, "http-01"), refusal_none);
	assert_int_equal(open_token(names, &opened, 1, "dns", A_NAME, "dns-01"), refusal_none);
	assert_int_equal(open_token(names, &opened, 2, "dns", A_NAME, "tls-alpn-01"), refusal_none);
	assert_int_equal(open_token(devices, &opened, 3, "hardware-module", "7/1.2.3", "device-attest-01"), refusal_none);
	assert_int_equal(open_token(names, &opened, 4, "ip", "192.0.2.7", "http-01"), refusal_none);
	assert_int_equal(open_token(names, &opened, 5, "ip", "192.0.2.7", "tls-alpn-01"), refusal_none);
	assert_refused(open_token(names, &opened, 0, "dns", A_NAME, "dns-01"), token_forged);
	assert_refused(open_token(names, &opened, 0, "dns", "b.example.test", "http-01"), token_forged);
	assert_refused(open_token(names, &opened, 4, "dns", "192.0.2.7", "http-01"), token_forged);
	assert_refused(open_token(devices, &opened, 0, "dns", A_NAME, "http-01"), token_forged);
	assert_refused(open_token(names, &opened, 3, "hardware-module", "7/1.2.3", "device-attest-01"), token_forged);
}

static void each_token_of_a_name_has_192_random_bits_in_base64url_without_padding(void **state)
{
	enum { count = 64, tokens = 6, random_characters = 32 };
	static char seen[count][tokens][random_characters];
	static uint8_t octets[4096];
	struct message_order_opened opened;
	const struct message_order_open open = order_of_three();
	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct buffer room = BUFFER(octets);
		assert_int_equal(verifier_order_open(&verifier, &open, &room, &opened).refusal, refusal_none);
		assert_int_equal(opened.tokens.count, tokens);
		for (size_t k = 0; k < tokens; k++) {
			const struct bytes token = opened.tokens.at[k];
			for (size_t at = 0; at < token.size; at++)
				assert_non_null(memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", token.data[at], 64));
			assert_true(token.size > random_characters);
			memcpy(seen[i][k], token.data, random_characters);
		}
	}
	for (size_t at = 0; at < tokens * random_characters; at++) { /* no character stays, from order to order and name to name */
		const size_t k = at / random_characters, c = at % random_characters;
		size_t others = 0, different = 0;
		for (size_t i = 0; i < count; i++) {
			others += seen[i][k][c] != seen[0][k][c];
			different += seen[i][k][c] != seen[i][(k + 1) % tokens][c];
		}
		assert_true(others > 0 && different > 0);
	}
}

static void an_order_of_two_devices_or_none_or_of_bad_names_is_not_opened(void **state)
{
	(void)state;
	static uint8_t octets[4096];
	struct buffer room = BUFFER(octets);
	struct message_order_opened opened;
	struct message_order_open open = order_of_three();
	open.identifiers.at[0] = device_identifier("permanent-identifier", "A");
	assert_refused(verifier_order_open(&verifier, &open, &room, &opened).refusal, identifier_count);
	open.identifiers.count = 0;
	assert_refused(verifier_order_open(&verifier, &open, &room, &opened).refusal, identifier_count);
	open = order_of_three();
	open.identifiers.at[0] = device_identifier("dns", "A.example.test");
	assert_refused(verifier_order_open(&verifier, &open, &room, &opened).refusal, identifier_malformed);
	open.identifiers.at[0] = device_identifier("email", "a");
	assert_refused(verifier_order_open(&verifier, &open, &room, &opened).refusal, identifier_type_unsupported);
	open.identifiers.at[0] = bytes_from_text("no record");
	assert_refused(verifier_order_open(&verifier, &open, &room, &opened).refusal, message_malformed);
}

static void the_voucher_lists_all_that_order_and_request_name(void **state)
{
	(void)state;
	char order_before[sizeof order], url_before[sizeof url];
	static uint8_t octets[4096];
	struct buffer room = BUFFER(octets);
	struct device_octets request;
	struct message_order_opened opened;
	struct message_finalize_judged judged;
	struct message_request_voucher voucher;
	const struct message_order_open open = order_of_three();
	memcpy(order_before, order, sizeof order);
	memcpy(url_before, url, sizeof url);
	assert_int_equal(verifier_order_open(&verifier, &open, &room, &opened).refusal, refusal_none);
	snprintf(order, sizeof order, "%.*s", (int)opened.order.size, (const char *)opened.order.data);
	snprintf(url, sizeof url, ORIGIN "/acme/devices/order/%s/finalize", order);
	write_payload((struct device_csr){.alternative_name = "DNS:" A_NAME ",IP:192.0.2.7"}, "");
	const struct device_jws jws = {.account = &account, .url = url, .kid = KID, .payload = payload};
	device_jws_build(&jws, &request);
	struct message_finalize_judge ask = asked(&request);
	memcpy(&ask.identifiers, &open.identifiers, sizeof ask.identifiers);
	assert_int_equal(judge(&ask, &judged), refusal_none);
	assert_false(is_refused(
		voucher_open(message_request_voucher, judged.voucher, verifier.settings.request_key, &voucher)));
	assert_int_equal(voucher.identifiers.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(bytes_equal(voucher.identifiers.at[i], open.identifiers.at[i]));
	/* the same in another sequence, one fewer, one more */
	ask.identifiers.at[0] = open.identifiers.at[2];
	ask.identifiers.at[2] = open.identifiers.at[0];
	assert_refused(judge(&ask, NULL), order_forged);
	memcpy(&ask.identifiers, &open.identifiers, sizeof ask.identifiers);
	ask.identifiers.count = 2;
	assert_refused(judge(&ask, NULL), order_forged);
	ask.identifiers.count = 4;
	ask.identifiers.at[3] = device_identifier("dns", "b.example.test");
	assert_refused(judge(&ask, NULL), order_forged);
	memcpy(order, order_before, sizeof order);
	memcpy(url, url_before, sizeof url);
}

static int set_up(void **state)
{
	(void)state;
	struct buffer text = {.data = (uint8_t *)order, .size = 0, .room = sizeof order - 1};
	verifier.settings.origin = bytes_from_text(ORIGIN);
	verifier.directory_count = 1;
	verifier.directories[0].rules.name = bytes_from_text("devices");
	memset(verifier.settings.token_key, 1, 32);
	memset(verifier.settings.name_token_key, 4, 32);
	memset(verifier.settings.device_key, 2, 32);
	memset(verifier.settings.request_key, 3, 32);
	device_account_new(&account);
	device_account_new(&other_account);
	device = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const struct bytes named = device_identifier("permanent-identifier", IDENTIFIER);
	if (device == NULL ||
	    is_refused(token_make_order(verifier.settings.token_key, verifier.directories[0].rules.name, &named, 1, &text)))
		return -1;
	snprintf(url, sizeof url, ORIGIN "/acme/devices/order/%s/finalize", order);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_account_free(&account);
	device_account_free(&other_account);
	EVP_PKEY_free(device);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_request_gets_a_voucher_that_says_what_was_proven),
		cmocka_unit_test(case_63_the_account_key_as_key_of_the_request_is_refused),
		cmocka_unit_test(case_64_a_bad_request_is_refused_by_its_own_name),
		cmocka_unit_test(a_request_of_another_key_is_refused),
		cmocka_unit_test(a_request_for_another_url_is_refused),
		cmocka_unit_test(a_directory_with_a_path_is_asked_by_it),
		cmocka_unit_test(the_name_that_the_devices_voucher_has_certified_may_be_asked_for),
		cmocka_unit_test(a_payload_without_a_request_is_refused),
		cmocka_unit_test(unknown_members_are_ignored),
		cmocka_unit_test(padding_is_tolerated_at_the_end_where_it_belongs),
		cmocka_unit_test(an_order_of_another_directory_or_identifier_is_refused),
		cmocka_unit_test(an_account_key_that_is_not_in_its_canonical_form_is_refused),
		cmocka_unit_test(a_request_cut_anywhere_is_refused),
		cmocka_unit_test(no_octet_of_a_signed_request_can_be_changed),
		cmocka_unit_test(each_challenge_of_an_order_has_a_token_of_its_own_key_and_purpose),
		cmocka_unit_test(each_token_of_a_name_has_192_random_bits_in_base64url_without_padding),
		cmocka_unit_test(an_order_of_two_devices_or_none_or_of_bad_names_is_not_opened),
		cmocka_unit_test(the_voucher_lists_all_that_order_and_request_name),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
