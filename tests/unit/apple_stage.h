/* SPDX-License-Identifier: Apache-2.0
 * What tests of Apple's attestations stand on beside the stage of statements: a root, an authority below it, a Mac and orders for it.
 * For tests only. */
#ifndef KEYWARD_APPLE_STAGE_H
#define KEYWARD_APPLE_STAGE_H

#include "tests/device/identifier.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/apple.h"
#include "tests/unit/statement_stage.h"

#define MAC_SERIAL "TMWFWWWP67"
#define MAC_UDID "00006030-000651690A84001C"

static struct {
	struct device_authority root, sub, other_root;
	EVP_PKEY *key, *p384;
	uint8_t opened_room[512];
	struct message_order_opened order;
	const char *identifier;
	struct message_device_voucher voucher; /* of the last that was accepted */
	struct message_statement_judged answer;
	struct detail detail;
} mac;

static inline void open_order_of(const char *identifier)
{
	struct buffer room = BUFFER(mac.opened_room);
	mac.identifier = identifier;
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("permanent-identifier", identifier)}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &room, &mac.order)));
}

static inline void take_apple(struct device_authority *root)
{
	struct chain_roots *roots = &stage.verifier.apple_roots;
	X509_up_ref(root->certificate);
	roots->at[roots->count++] = root->certificate;
}

static inline int set_up_mac(void **state)
{
	struct message_verifier_settings *settings = &stage.verifier.settings;
	set_up(state);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &mac.root);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .issuer = &mac.root}, &mac.sub);
	device_authority_new(&(struct device_authority_options){.name = "Other Root"}, &mac.other_root);
	mac.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	mac.p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	settings->formats.at[settings->formats.count++] = bytes_from_text("apple");
	take_apple(&mac.root);
	open_order_of(MAC_SERIAL);
	return 0;
}

static inline int tear_down_mac(void **state)
{
	device_authority_free(&mac.root);
	device_authority_free(&mac.sub);
	device_authority_free(&mac.other_root);
	EVP_PKEY_free(mac.key);
	EVP_PKEY_free(mac.p384);
	return tear_down(state);
}

static inline struct device_apple good_mac(void)
{
	return (struct device_apple){.authority = &mac.sub,
				     .above = &mac.sub,
				     .key = mac.key,
				     .token = mac.order.tokens.at[0],
				     .serial = MAC_SERIAL,
				     .udid = MAC_UDID};
}

static inline struct message_statement_judge ask_of_mac(struct bytes statement)
{
	struct message_statement_judge ask = ask_with(statement);
	ask.order = mac.order.order;
	ask.token = mac.order.tokens.at[0];
	ask.identifier = bytes_from_text(mac.identifier);
	return ask;
}

static inline enum refusal judge_ask_of_mac(const struct message_statement_judge *ask)
{
	struct buffer room = BUFFER(stage.answer_room);
	mac.detail.text[0] = 0;
	const status judged = verifier_statement_judge(&stage.verifier, ask, &room, &mac.answer, &mac.detail);
	if (!is_refused(judged))
		assert_false(is_refused(voucher_open(message_device_voucher, mac.answer.voucher,
						     stage.verifier.settings.device_key, &mac.voucher)));
	return judged.refusal;
}

static inline enum refusal judge_mac_octets(struct bytes statement)
{
	const struct message_statement_judge ask = ask_of_mac(statement);
	return judge_ask_of_mac(&ask);
}

static inline enum refusal judge_mac(const struct device_apple *apple)
{
	static struct device_octets octets;
	device_apple_build(apple, &octets);
	return judge_mac_octets(device_view(&octets));
}

#define EXPECT_MAC(apple, refusal) assert_string_equal(status_entry(judge_mac(apple))->name, #refusal)

static inline bool claims_hold(const char *text)
{
	return memmem(mac.answer.claims.data, mac.answer.claims.size, text, strlen(text)) != NULL;
}

#endif
