/* SPDX-License-Identifier: Apache-2.0
 * What tests of devices that attest by themselves stand on beside the stage of statements: the open order of one, and what its last
 * judgement said. For tests only. */
#ifndef KEYWARD_DEVICE_STAGE_H
#define KEYWARD_DEVICE_STAGE_H

#include "firmware/boundary/voucher.h"
#include "tests/unit/statement_stage.h"

#define OCTETS(...) bytes_from((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct {
	uint8_t opened_room[512];
	struct message_order_opened order;
	const char *identifier;
	struct message_device_voucher voucher; /* of the last that was accepted */
	struct message_statement_judged answer;
	struct detail detail;
} device;

/* Each check of the format's table has the refusal of its own that stands there in refusals.def, but for the one of all formats, which
 * comes when the chain is trusted. */
static inline void expect_table(const struct format *format, enum refusal first, enum refusal untrusted, enum refusal last)
{
	size_t shared = 0;
	assert_int_equal(format->check_count, last - first + 2);
	for (size_t i = 0; i < format->check_count; i++) {
		const enum refusal refusal = format->checks[i].refusal.refusal;
		if (i > 0 && format->checks[i - 1].refusal.refusal == untrusted)
			assert_int_equal(refusal, shared++ == 0 ? refusal_attestation_certificate_revoked : refusal_none);
		else
			assert_int_equal(refusal, (int)(first + i - shared));
	}
	assert_int_equal(shared, 1);
}

static inline void open_order_of(const char *identifier)
{
	struct buffer room = BUFFER(device.opened_room);
	device.identifier = identifier;
	const struct message_order_open open = {.directory = bytes_from_text("devices"),
						.identifiers = {{device_identifier("permanent-identifier", identifier)}, 1}};
	assert_false(is_refused(verifier_order_open(&stage.verifier, &open, &room, &device.order)));
}

static inline void trust(struct chain_roots *roots, const struct device_authority *root)
{
	X509_up_ref(root->certificate);
	roots->at[roots->count++] = root->certificate;
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

static inline bool claims_hold(const char *text)
{
	return memmem(device.answer.claims.data, device.answer.claims.size, text, strlen(text)) != NULL;
}

#endif
