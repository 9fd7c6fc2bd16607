/* SPDX-License-Identifier: Apache-2.0
 * What tests of Apple's attestations stand on beside the stage of devices: a root, an authority below it, a Mac. For tests only. */
#ifndef KEYWARD_APPLE_STAGE_H
#define KEYWARD_APPLE_STAGE_H

#include "tests/device/apple.h"
#include "tests/unit/device_stage.h"

#define MAC_SERIAL "TMWFWWWP67"
#define MAC_UDID "00006030-000651690A84001C"

static struct {
	struct device_authority root, sub, other_root;
	EVP_PKEY *key, *p384;
} mac;

static inline int set_up_mac(void **state)
{
	struct message_verifier_directory *rules = &stage.verifier.directories[0].rules;
	set_up(state);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &mac.root);
	device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .issuer = &mac.root}, &mac.sub);
	device_authority_new(&(struct device_authority_options){.name = "Other Root"}, &mac.other_root);
	mac.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	mac.p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	rules->formats.at[rules->formats.count++] = bytes_from_text("apple");
	trust(&stage.verifier.directories[0].apple_roots, &mac.root);
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
				     .token = device.order.tokens.at[0],
				     .serial = MAC_SERIAL,
				     .udid = MAC_UDID};
}

static inline enum refusal judge_mac(const struct device_apple *apple)
{
	static struct device_octets octets;
	device_apple_build(apple, &octets);
	return judge_octets(device_view(&octets));
}

#define EXPECT_MAC(apple, refusal) assert_string_equal(status_entry(judge_mac(apple))->name, #refusal)

#endif
