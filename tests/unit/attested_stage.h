/* SPDX-License-Identifier: Apache-2.0
 * What tests of the formats android-key, packed and step stand on beside the stage of statements: a root for each, an authority below
 * it, a device, and an order for its serial number. For tests only. */
#ifndef KEYWARD_ATTESTED_STAGE_H
#define KEYWARD_ATTESTED_STAGE_H

#include "ca/jose/base64url.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/attested.h"
#include "tests/unit/statement_stage.h"

#define DEVICE_SERIAL "15732500"
#define OCTETS(...) bytes_from((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The three formats side by side, so that each can be tried with another's root. */
enum attested_kind { kind_android, kind_packed, kind_step, kind_count };
static const char *const attested_formats[kind_count] = {"android-key", "packed", "step"};

static struct {
	struct device_authority root[kind_count], sub[kind_count], other;
	EVP_PKEY *p256, *p384, *rsa, *ed25519;
	uint8_t opened_room[512], bound_room[256];
	struct message_order_opened order;
	struct bytes bound; /* the key authorization */
	const char *identifier;
	struct message_device_voucher voucher; /* of the last that was accepted */
	struct message_statement_judged answer;
	struct detail detail;
} device;

static inline void open_order_of(const char *identifier)
{
	struct buffer room = BUFFER(device.opened_room), bound = BUFFER(device.bound_room);
	device.identifier = identifier;
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("permanent-identifier", identifier)}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &room, &device.order)));
	assert_true(buffer_add(&bound, device.order.tokens.at[0].data, device.order.tokens.at[0].size) && buffer_add(&bound, ".", 1) &&
		    base64url_encode(BYTES_OF(stage.thumbprint), &bound));
	device.bound = buffer_view(&bound);
}

static inline struct chain_roots *roots_of_kind(enum attested_kind kind)
{
	return kind == kind_android ? &stage.verifier.android_roots
	       : kind == kind_step  ? &stage.verifier.step_roots
				    : &stage.verifier.packed_roots;
}

static inline void trust(struct chain_roots *roots, const struct device_authority *root)
{
	X509_up_ref(root->certificate);
	roots->at[roots->count++] = root->certificate;
}

static inline int set_up_attested(void **state)
{
	struct message_verifier_settings *settings = &stage.verifier.settings;
	set_up(state);
	for (enum attested_kind kind = 0; kind < kind_count; kind++) {
		device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &device.root[kind]);
		device_authority_new(&(struct device_authority_options){.name = "Attestation Sub", .issuer = &device.root[kind]},
				     &device.sub[kind]);
		settings->formats.at[settings->formats.count++] = bytes_from_text(attested_formats[kind]);
		trust(roots_of_kind(kind), &device.root[kind]);
	}
	settings->formats.at[settings->formats.count++] = bytes_from_text("apple");
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &device.other);
	device.p256 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	device.p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	device.rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	device.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	open_order_of(DEVICE_SERIAL);
	return 0;
}

static inline int tear_down_attested(void **state)
{
	for (enum attested_kind kind = 0; kind < kind_count; kind++) {
		device_authority_free(&device.root[kind]);
		device_authority_free(&device.sub[kind]);
	}
	device_authority_free(&device.other);
	EVP_PKEY_free(device.p256);
	EVP_PKEY_free(device.p384);
	EVP_PKEY_free(device.rsa);
	EVP_PKEY_free(device.ed25519);
	return tear_down(state);
}

static inline struct device_attested good_one(enum attested_kind kind)
{
	return (struct device_attested){.format = attested_formats[kind],
					.authority = &device.sub[kind],
					.above = &device.sub[kind],
					.key = device.p256,
					.bound = device.bound,
					.serial = DEVICE_SERIAL};
}

static inline struct message_statement_judge ask_of_device(struct bytes statement)
{
	struct message_statement_judge ask = ask_with(statement);
	ask.order = device.order.order;
	ask.token = device.order.tokens.at[0];
	ask.identifier = bytes_from_text(device.identifier);
	return ask;
}

static inline enum refusal judge_ask_of_device(const struct message_statement_judge *ask)
{
	struct buffer room = BUFFER(stage.answer_room);
	device.detail.text[0] = 0;
	const status judged = verifier_statement_judge(&stage.verifier, ask, &room, &device.answer, &device.detail);
	if (!is_refused(judged))
		assert_false(is_refused(voucher_open(message_device_voucher, device.answer.voucher,
						     stage.verifier.settings.device_key, &device.voucher)));
	return judged.refusal;
}

static inline enum refusal judge_octets(struct bytes statement)
{
	const struct message_statement_judge ask = ask_of_device(statement);
	return judge_ask_of_device(&ask);
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

static inline bool claims_hold(const char *text)
{
	return memmem(device.answer.claims.data, device.answer.claims.size, text, strlen(text)) != NULL;
}

#endif
