/* SPDX-License-Identifier: Apache-2.0
 * What tests of the formats android-key, packed and step stand on beside the stage of devices: a root for each, an authority below
 * it, a device, and an order for its serial number. For tests only. */
#ifndef KEYWARD_ATTESTED_STAGE_H
#define KEYWARD_ATTESTED_STAGE_H

#include "ca/jose/base64url.h"
#include "tests/device/attested.h"
#include "tests/unit/device_stage.h"

#define DEVICE_SERIAL "15732500"

/* The three formats side by side, so that each can be tried with another's root. */
enum attested_kind { kind_android, kind_packed, kind_step, kind_count };
static const char *const attested_formats[kind_count] = {"android-key", "packed", "step"};

static struct {
	struct device_authority root[kind_count], sub[kind_count], other;
	EVP_PKEY *p256, *p384, *rsa, *ed25519;
	uint8_t bound_room[256];
	struct bytes bound; /* the key authorization of the open order */
} factory;

static inline void open_attested_order_of(const char *identifier)
{
	struct buffer bound = BUFFER(factory.bound_room);
	open_order_of(identifier);
	assert_true(buffer_add(&bound, device.order.tokens.at[0].data, device.order.tokens.at[0].size) && buffer_add(&bound, ".", 1) &&
		    base64url_encode(BYTES_OF(stage.thumbprint), &bound));
	factory.bound = buffer_view(&bound);
}

static inline struct chain_roots *roots_of_kind(enum attested_kind kind)
{
	return kind == kind_android ? &stage.verifier.directories[0].android_roots
	       : kind == kind_step  ? &stage.verifier.directories[0].step_roots
				    : &stage.verifier.directories[0].packed_roots;
}

static inline int set_up_attested(void **state)
{
	struct message_verifier_directory *rules = &stage.verifier.directories[0].rules;
	set_up(state);
	for (enum attested_kind kind = 0; kind < kind_count; kind++) {
		device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &factory.root[kind]);
		device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .issuer = &factory.root[kind]},
				     &factory.sub[kind]);
		rules->formats.at[rules->formats.count++] = bytes_from_text(attested_formats[kind]);
		trust(roots_of_kind(kind), &factory.root[kind]);
	}
	rules->formats.at[rules->formats.count++] = bytes_from_text("apple");
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &factory.other);
	factory.p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	factory.p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	factory.rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	factory.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	open_attested_order_of(DEVICE_SERIAL);
	return 0;
}

static inline int tear_down_attested(void **state)
{
	for (enum attested_kind kind = 0; kind < kind_count; kind++) {
		device_authority_free(&factory.root[kind]);
		device_authority_free(&factory.sub[kind]);
	}
	device_authority_free(&factory.other);
	EVP_PKEY_free(factory.p256);
	EVP_PKEY_free(factory.p384);
	EVP_PKEY_free(factory.rsa);
	EVP_PKEY_free(factory.ed25519);
	return tear_down(state);
}

static inline struct device_attested good_one(enum attested_kind kind)
{
	return (struct device_attested){.format = attested_formats[kind],
					.authority = &factory.sub[kind],
					.above = &factory.sub[kind],
					.key = factory.p256,
					.bound = factory.bound,
					.serial = DEVICE_SERIAL};
}

static inline enum refusal judge_device(const struct device_attested *attested)
{
	static struct device_octets octets;
	device_attested_build(attested, &octets);
	return judge_octets(device_view(&octets));
}

#define EXPECT_DEVICE(attested, refusal) assert_string_equal(status_entry(judge_device(attested))->name, #refusal)
/* The refusal of this kind's table. */
#define EXPECT_KIND(kind, attested, android, packed, step)                                                             \
	assert_string_equal(status_entry(judge_device(attested))->name,                                                \
			    (kind) == kind_android ? (android) : (kind) == kind_packed ? (packed) : (step))

#endif
