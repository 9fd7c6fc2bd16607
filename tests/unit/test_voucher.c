/* SPDX-License-Identifier: Apache-2.0
 * Vouchers: whatever is not byte for byte what was sealed is forged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"

static const uint8_t key[voucher_key_size] = {1, 2, 3}, other_key[voucher_key_size] = {1, 2, 4};

static const struct message_request_voucher voucher = {.expires_boot_s = 1000,
						       .directory = {(const uint8_t *)"devices", 7},
						       .order = {(const uint8_t *)"an-order", 8},
						       .account_thumbprint = {9},
						       .spki = {(const uint8_t *)"a key", 5}};

static struct bytes sealed(uint8_t room[2048])
{
	struct buffer out = {.data = room, .size = 0, .room = 2048};
	assert_false(is_refused(voucher_seal(message_request_voucher, &voucher, key, &out)));
	return buffer_view(&out);
}

static enum refusal open_as(enum message record, struct bytes text, const uint8_t *with)
{
	struct message_request_voucher largest; /* of the records opened here */
	_Static_assert(sizeof largest >= sizeof(struct message_device_voucher), "room for both");
	uint8_t *copy = malloc(text.size + 1);
	assert_non_null(copy);
	memcpy(copy + 1, text.data, text.size);
	const status s = voucher_open(record, bytes_from(copy + 1, text.size), with, &largest);
	free(copy);
	return s.refusal;
}

static void a_voucher_opens_as_it_was_sealed(void **state)
{
	(void)state;
	uint8_t room[2048];
	struct message_request_voucher back;
	assert_false(is_refused(voucher_open(message_request_voucher, sealed(room), key, &back)));
	assert_int_equal(back.expires_boot_s, 1000);
	assert_true(bytes_equal(back.order, voucher.order) && bytes_equal(back.spki, voucher.spki));
	assert_true(bytes_equal(back.directory, voucher.directory));
	assert_memory_equal(back.account_thumbprint, voucher.account_thumbprint, 32);
}

static void any_bit_flipped_is_voucher_forged(void **state)
{
	(void)state;
	uint8_t room[2048];
	const struct bytes text = sealed(room);
	for (size_t bit = 0; bit < 8 * text.size; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_as(message_request_voucher, text, key), refusal_voucher_forged);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(open_as(message_request_voucher, text, key), refusal_none);
}

static void a_voucher_cut_anywhere_or_longer_is_voucher_forged(void **state)
{
	(void)state;
	uint8_t room[2048];
	const struct bytes text = sealed(room);
	for (size_t size = 0; size < text.size; size++)
		assert_int_equal(open_as(message_request_voucher, bytes_from(room, size), key), refusal_voucher_forged);
	room[text.size] = 0;
	assert_int_equal(open_as(message_request_voucher, bytes_from(room, text.size + 1), key), refusal_voucher_forged);
}

static void another_record_or_key_is_voucher_forged(void **state)
{
	(void)state;
	uint8_t room[2048];
	const struct bytes text = sealed(room);
	assert_int_equal(open_as(message_device_voucher, text, key), refusal_voucher_forged);
	assert_int_equal(open_as(message_request_voucher, text, other_key), refusal_voucher_forged);
}

static void a_voucher_lives_until_its_second_and_an_hour_at_most(void **state)
{
	(void)state;
	const uint64_t now = clock_boot_s();
	assert_int_equal(voucher_judge_expiry(now + 60).refusal, refusal_none);
	assert_int_equal(voucher_judge_expiry(now + 3599).refusal, refusal_none);
	assert_int_equal(voucher_judge_expiry(now).refusal, refusal_voucher_expired);
	assert_int_equal(voucher_judge_expiry(now - 1).refusal, refusal_voucher_expired);
	assert_int_equal(voucher_judge_expiry(0).refusal, refusal_voucher_expired);
	assert_int_equal(voucher_judge_expiry(now + 3700).refusal, refusal_voucher_expired);
	assert_int_equal(voucher_judge_expiry(UINT64_MAX).refusal, refusal_voucher_expired);
}

static void a_record_over_its_limits_is_not_sealed(void **state)
{
	(void)state;
	struct message_request_voucher longer = voucher;
	static uint8_t long_order[65];
	uint8_t room[2048];
	struct buffer out = BUFFER(room);
	memset(long_order, 'a', sizeof long_order);
	longer.order = BYTES_OF(long_order);
	assert_int_equal(voucher_seal(message_request_voucher, &longer, key, &out).refusal, refusal_message_malformed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_voucher_opens_as_it_was_sealed),
		cmocka_unit_test(any_bit_flipped_is_voucher_forged),
		cmocka_unit_test(a_voucher_cut_anywhere_or_longer_is_voucher_forged),
		cmocka_unit_test(another_record_or_key_is_voucher_forged),
		cmocka_unit_test(a_voucher_lives_until_its_second_and_an_hour_at_most),
		cmocka_unit_test(a_record_over_its_limits_is_not_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
