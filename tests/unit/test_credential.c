/* SPDX-License-Identifier: Apache-2.0
 * The credential by itself: it opens in the TPM with the EK alone, whole and unchanged. The TPM is the software device, whose side is
 * written apart from ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "attest/verifier/credential.h"
#include "attest/verifier/tpm_key.h"
#include "tests/device/key.h"

struct made {
	struct device_key ek;
	uint8_t credential[512], encrypted[514];
	struct buffer credential_out, encrypted_out;
};
static const uint8_t known_secret[32] = {7, 8, 9};
static const uint8_t some_name[34] = {0x00, 0x0b, 1, 2, 3};

static void make(enum device_kind kind, struct made *made)
{
	struct tpm_public public;
	memset(made, 0, sizeof *made);
	device_key_new(device_role_ek, kind, &made->ek);
	made->credential_out = BUFFER(made->credential);
	made->encrypted_out = BUFFER(made->encrypted);
	assert_false(is_refused(tpm_public_parse(bytes_from(made->ek.area, made->ek.area_size), &public)));
	EVP_PKEY *key = tpm_key_open(&public);
	assert_non_null(key);
	assert_true(credential_make(key, &public, BYTES_OF(some_name), BYTES_OF(known_secret), &made->credential_out,
				    &made->encrypted_out));
	EVP_PKEY_free(key);
}

static bool opens(const struct made *made)
{
	static struct device_octets secret;
	return device_activate(&made->ek, BYTES_OF(some_name), buffer_view(&made->credential_out),
			       buffer_view(&made->encrypted_out), &secret) &&
	       bytes_equal(device_view(&secret), BYTES_OF(known_secret));
}

static void expect_no_flip_opens(struct made *made, struct buffer *part, size_t step)
{
	for (size_t bit = 0; bit < 8 * part->size; bit += step) {
		part->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(opens(made));
		part->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(opens(made));
}

static void a_credential_opens_in_the_tpm_with_the_ek_and_no_bit_may_change(void **state)
{
	(void)state;
	static struct made made;
	static const enum device_kind kinds[] = {device_p256, device_p384, device_rsa2048};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		make(kinds[i], &made);
		assert_true(opens(&made));
		expect_no_flip_opens(&made, &made.credential_out, kinds[i] == device_rsa2048 ? 13 : 1);
		if (kinds[i] == device_rsa2048)
			expect_no_flip_opens(&made, &made.encrypted_out, 13);
		device_key_free(&made.ek);
	}
}

static void case_48_a_credential_that_is_cut_does_not_open(void **state)
{
	(void)state;
	static struct made made;
	make(device_p256, &made);
	const size_t size = made.credential_out.size;
	for (made.credential_out.size = 0; made.credential_out.size < size; made.credential_out.size++)
		assert_false(opens(&made));
	device_key_free(&made.ek);
}

static void without_room_no_credential_is_begun(void **state)
{
	(void)state;
	struct tpm_public public;
	uint8_t small[60], large[514];
	static struct device_key ek;
	device_key_new(device_role_ek, device_p256, &ek);
	assert_false(is_refused(tpm_public_parse(bytes_from(ek.area, ek.area_size), &public)));
	struct buffer none = BUFFER(small), room = BUFFER(large);
	assert_false(credential_make(ek.key, &public, BYTES_OF(some_name), BYTES_OF(known_secret), &none, &room));
	assert_true(none.size == 0 && room.size == 0);
	assert_false(credential_make(ek.key, &public, BYTES_OF(some_name), BYTES_OF(known_secret), &room, &none));
	assert_true(none.size == 0 && room.size == 0);
	const uint8_t long_secret[33] = {1};
	assert_false(credential_make(ek.key, &public, BYTES_OF(some_name), BYTES_OF(long_secret), &room, &room));
	device_key_free(&ek);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_credential_opens_in_the_tpm_with_the_ek_and_no_bit_may_change),
		cmocka_unit_test(case_48_a_credential_that_is_cut_does_not_open),
		cmocka_unit_test(without_room_no_credential_is_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
