/* SPDX-License-Identifier: Apache-2.0
 * What tests of statements stand on: one appliance's verifier, one software device with its keys, one open order. For tests only. */
#ifndef KEYWARD_STATEMENT_STAGE_H
#define KEYWARD_STATEMENT_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "attest/verifier/format.h"
#include "attest/verifier/verifier.h"
#include "firmware/boundary/clock.h"
#include "tests/device/identifier.h"
#include "tests/device/request.h"
#include "tests/device/statement.h"

/* One appliance, one device with its keys, one open order. */
static struct {
	struct device_authority own, foreign, maker_of_others;
	struct device_key ek, ak, rsa_ak, key, rsa_key;
	struct device_octets ak_certificate, rsa_ak_certificate;
	struct verifier verifier;
	char identifier[65];
	uint8_t thumbprint[32];
	uint8_t opened_room[512];
	struct message_order_opened order;
	uint8_t answer_room[16384];
} stage;

static inline void make_certificate(const struct device_key *ak, const struct device_certificate *knobs, struct device_octets *out)
{
	struct device_certificate options = knobs == NULL ? (struct device_certificate){0} : *knobs;
	out->size = 0;
	if (options.authority == NULL)
		options.authority = &stage.own;
	options.key = ak;
	if (options.ek == NULL && options.ek_uri == NULL && options.permanent_identifier == NULL)
		options.ek = &stage.ek;
	device_certificate_build(&options, out);
}

static inline int set_up(void **state)
{
	(void)state;
	struct detail detail = {.text = ""};
	struct message_verifier_settings settings = {
		.origin = bytes_from_text("https://localhost:8443"),
	};
	struct message_verifier_directory rules = {
		.name = bytes_from_text("devices"), .may_be_virtual = 1, .formats = {{bytes_from_text("tpm")}, 1}};
	device_authority_new(&(struct device_authority_options){.name = "AK issuer"}, &stage.own);
	device_authority_new(&(struct device_authority_options){.name = "Other maker"}, &stage.foreign);
	device_authority_new(&(struct device_authority_options){.name = "Unknown"}, &stage.maker_of_others);
	settings.ak_issuers.at[settings.ak_issuers.count++] = bytes_from(stage.own.der, stage.own.size);
	static uint8_t record_room[4420];
	struct buffer record = BUFFER(record_room);
	const struct message_trust_root root = {.format = bytes_from_text("ak"), .directories = 1,
						.certificate = bytes_from(stage.foreign.der, stage.foreign.size)};
	assert_false(is_refused(wire_encode(message_trust_root, &root, &record)));
	settings.roots.at[settings.roots.count++] = buffer_view(&record);
	settings.directories.at[settings.directories.count++] = device_directory(&rules);
	memset(settings.token_key, 1, sizeof settings.token_key);
	memset(settings.device_key, 2, sizeof settings.device_key);
	assert_true(verifier_open(&settings, &stage.verifier, &detail));
	device_key_new(device_role_ek, device_p256, &stage.ek);
	device_key_new(device_role_ak, device_p256, &stage.ak);
	device_key_new(device_role_ak, device_rsa2048, &stage.rsa_ak);
	device_key_new(device_role_key, device_p256, &stage.key);
	device_key_new(device_role_key, device_rsa2048, &stage.rsa_key);
	for (size_t i = 0; i < 32; i++)
		snprintf(stage.identifier + 2 * i, 3, "%02x", stage.ek.spki_hash[i]);
	memset(stage.thumbprint, 7, sizeof stage.thumbprint);
	make_certificate(&stage.ak, NULL, &stage.ak_certificate);
	make_certificate(&stage.rsa_ak, NULL, &stage.rsa_ak_certificate);
	struct buffer room = BUFFER(stage.opened_room);
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("permanent-identifier", stage.identifier)}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &room, &stage.order)));
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	verifier_close(&stage.verifier);
	device_key_free(&stage.ek);
	device_key_free(&stage.ak);
	device_key_free(&stage.rsa_ak);
	device_key_free(&stage.key);
	device_key_free(&stage.rsa_key);
	device_authority_free(&stage.own);
	device_authority_free(&stage.foreign);
	device_authority_free(&stage.maker_of_others);
	return 0;
}

static inline struct message_statement_judge ask_with(struct bytes statement)
{
	struct message_statement_judge ask = {
		.directory = bytes_from_text("devices"),
		.order = stage.order.order,
		.identifier_type = bytes_from_text("permanent-identifier"),
		.identifier = bytes_from_text(stage.identifier),
		.token = stage.order.tokens.at[0],
		.statement = statement,
	};
	memcpy(ask.account_thumbprint, stage.thumbprint, sizeof ask.account_thumbprint);
	return ask;
}

static inline enum refusal judge_ask(const struct message_statement_judge *ask)
{
	struct buffer room = BUFFER(stage.answer_room);
	struct message_statement_judged answer;
	struct detail detail = {.text = ""};
	return verifier_statement_judge(&stage.verifier, ask, &room, &answer, &detail).refusal;
}

static inline enum refusal judge(struct bytes statement)
{
	const struct message_statement_judge ask = ask_with(statement);
	return judge_ask(&ask);
}

/* The good statement's options; a test changes what it wants. */
static inline struct device_statement good(void)
{
	static struct bytes chain[1];
	chain[0] = device_view(&stage.ak_certificate);
	return (struct device_statement){.ak = &stage.ak,
					 .key = &stage.key,
					 .token = stage.order.tokens.at[0],
					 .thumbprint = stage.thumbprint,
					 .chain = chain,
					 .chain_count = 1};
}

static inline enum refusal judge_built(const struct device_statement *statement)
{
	struct device_octets octets = {0};
	device_statement_build(statement, &octets);
	return judge(device_view(&octets));
}

#define EXPECT(statement, refusal)                                                                                     \
	assert_string_equal(status_entry(judge_built(statement))->name, #refusal)

static inline enum refusal judge_certificate(const struct device_certificate *knobs)
{
	struct device_octets certificate = {0};
	make_certificate(&stage.ak, knobs, &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	struct device_statement statement = good();
	statement.chain = chain;
	return judge_built(&statement);
}

#define EXPECT_CERTIFICATE(refusal, ...)                                                                                  \
	assert_string_equal(status_entry(judge_certificate(&(struct device_certificate){__VA_ARGS__}))->name, #refusal)
#define ACCEPT_CERTIFICATE(...)                                                                                        \
	assert_int_equal(judge_certificate(&(struct device_certificate){__VA_ARGS__}), refusal_none)

/* ada's record that the identifier is of the device that `members` of its JSON name; she becomes an administrator of the stage by it. */
static inline void sign_record_for(const char *identifier, const char *members, struct device_octets *out)
{
	static uint8_t administrator_room[1200];
	struct buffer administrator = BUFFER(administrator_room);
	struct message_verifier_settings *settings = &stage.verifier.settings;
	struct device_account ada;
	char payload[400];
	device_account_new(&ada);
	const struct message_administrator fields = {.name = bytes_from_text("ada"),
						     .role = bytes_from_text("administrator"),
						     .jwk = bytes_from(ada.jwk, ada.jwk_size)};
	assert_false(is_refused(wire_encode(message_administrator, &fields, &administrator)));
	settings->administrators.at[0] = buffer_view(&administrator);
	settings->administrators.count = 1;
	stage.verifier.directories[0].rules.longest_record_days = 1;
	const long long now = (long long)clock_wall_s();
	snprintf(payload, sizeof payload,
		 "{\"identifierType\":\"permanent-identifier\",\"identifier\":\"%s\",%s,\"sequence\":4711,"
		 "\"issued\":%lld,\"expires\":%lld}",
		 identifier, members, now, now + 60);
	out->size = 0;
	device_jws_build(&(struct device_jws){.account = &ada,
					      .kid = "https://localhost:8443/admin/administrator/ada",
					      .url = "https://localhost:8443/admin/enrolment-record",
					      .payload = payload},
			 out);
	device_account_free(&ada);
}

/* That the device with the EK or attested key of this hash is press-7. */
static inline void sign_record(const char *spki_hash, struct device_octets *out)
{
	char members[80];
	snprintf(members, sizeof members, "\"ek\":\"%s\"", spki_hash);
	sign_record_for("press-7", members, out);
}

#endif
