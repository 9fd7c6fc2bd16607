/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment: that only the TPM with EK and AK answers, and that an answer is good for one activation. The TPM is the software
 * device, whose side of credential activation is written apart from ours. */
#include "tests/unit/activation_stage.h"

/* ---- the good way ---- */

static void judge_voucher(const struct message_ak_voucher *voucher)
{
	uint8_t root_hash[32];
	assert_int_equal(EVP_Digest(bench.root.der, bench.root.size, root_hash, NULL, EVP_sha256(), NULL), 1);
	assert_true(voucher->expires_boot_s >= clock_boot_s() + verifier_voucher_life_s - 5);
	assert_true(bytes_equal_text(voucher->directory, "devices"));
	assert_memory_equal(voucher->ek_hash, bench.ek.spki_hash, 32);
	assert_memory_equal(voucher->ek_root_hash, root_hash, 32);
	assert_true(bytes_equal(voucher->ak_spki, bytes_from(bench.ak.spki, bench.ak.spki_size)));
	assert_true(bytes_equal_text(voucher->tpm_manufacturer, "id:00001014"));
	assert_true(bytes_equal_text(voucher->tpm_model, "swtpm") && bytes_equal_text(voucher->tpm_version, "id:20191023"));
	assert_memory_equal(voucher->configuration_hash, bench.verifier.configuration_hash, 32);
}

static void enrol(enum device_kind ek, enum device_kind ak)
{
	static struct device_octets secret;
	struct message_ak_voucher voucher;
	tear_down(NULL);
	set_up_with(ek, ak);
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(secret.size, 32);
	uint8_t hash[32];
	assert_int_equal(EVP_Digest(secret.data, secret.size, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(bench.begun.secret_hash, hash, 32);
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	judge_voucher(&voucher);
}

static void a_tpm_with_its_ek_and_ak_gets_a_voucher(void **state)
{
	(void)state;
	enrol(device_p256, device_p256);
	enrol(device_p384, device_p384);
	enrol(device_rsa2048, device_rsa2048);
	enrol(device_rsa2048, device_p521);
}

static void what_is_answered_fits_the_message(void **state)
{
	(void)state;
	static uint8_t octets[wire_packet_room];
	struct buffer out = BUFFER(octets);
	assert_int_equal(begin(), refusal_none);
	assert_false(is_refused(wire_encode(message_ak_begun, &bench.begun, &out)));
}

static void padding_of_an_nv_index_behind_the_ek_certificate_is_no_fault(void **state)
{
	(void)state;
	assert_int_equal(begin_with((struct device_certificate){.is_padded = true}), refusal_none);
	device_certificate_build(&bench.options, &bench.certificate);
	for (unsigned i = 0; i < 100; i++)
		device_append(&bench.certificate, "\0", 1);
	assert_int_equal(begin(), refusal_none);
}

/* ---- the answer ---- */

static void case_41_the_secret_does_not_open_for_an_ak_of_software(void **state)
{
	(void)state;
	static struct device_key other;
	static struct device_octets secret;
	/* The one named in the request is software's; the TPM holds another, so TPM2_ActivateCredential fails. */
	device_key_new(device_role_ak, device_p256, &other);
	assert_int_equal(begin(), refusal_none);
	assert_false(device_activate(&bench.ek, bytes_from(other.name, other.name_size), bench.begun.credential,
				     bench.begun.encrypted_secret, &secret));
	device_key_free(&other);
}

static void case_48_a_secret_that_is_not_the_one_sent_is_activation_wrong(void **state)
{
	(void)state;
	static struct device_octets secret;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	for (size_t size = 0; size < 32; size++)
		assert_int_equal(finish(bytes_from(secret.data, size)), refusal_activation_wrong);
	for (size_t bit = 0; bit < 256; bit++) {
		secret.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(finish(device_view(&secret)), refusal_activation_wrong);
		secret.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(finish(bytes_from(bench.begun.secret_hash, 32)), refusal_activation_wrong);
	device_append(&secret, "\0", 1);
	assert_int_equal(finish(device_view(&secret)), refusal_activation_wrong);
}

static void case_48_the_answer_to_another_activation_is_activation_wrong(void **state)
{
	(void)state;
	static struct device_octets first, second;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&first));
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&second));
	assert_false(bytes_equal(device_view(&first), device_view(&second)));
	assert_int_equal(finish(device_view(&first)), refusal_activation_wrong);
	assert_int_equal(finish(device_view(&second)), refusal_none);
}

static void case_48_the_answer_by_another_account_is_activation_unknown(void **state)
{
	(void)state;
	static struct device_octets secret;
	static const uint8_t other[32] = {5};
	struct message_ak_voucher voucher;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(other, device_view(&secret), bench.begun.state, &voucher), refusal_activation_unknown);
}

static void case_48_a_replayed_answer_names_the_same_activation(void **state)
{
	(void)state;
	static struct device_octets secret;
	static uint8_t first[16];
	struct message_ak_voucher voucher;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	memcpy(first, voucher.activation, sizeof first);
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	assert_memory_equal(first, voucher.activation, sizeof first);
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	assert_memory_not_equal(first, voucher.activation, sizeof first);
}

static void case_48_a_state_that_is_changed_or_cut_is_activation_unknown(void **state)
{
	(void)state;
	static struct device_octets secret;
	static uint8_t copy[2048];
	struct message_ak_voucher voucher;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	const size_t size = bench.begun.state.size;
	memcpy(copy, bench.begun.state.data, size);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(finish_as(thumbprint, device_view(&secret), bytes_from(copy, size), &voucher),
				 refusal_activation_unknown);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(finish_as(thumbprint, device_view(&secret), bytes_from(copy, cut), &voucher),
				 refusal_activation_unknown);
}

static void an_activation_that_has_expired_is_activation_unknown(void **state)
{
	(void)state;
	static struct device_octets secret;
	static uint8_t octets[2048];
	struct buffer sealed = BUFFER(octets);
	struct message_ak_state fields;
	struct message_ak_voucher voucher;
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	const uint8_t *key = bench.verifier.settings.token_key;
	assert_false(is_refused(voucher_open(message_ak_state, bench.begun.state, key, &fields)));
	assert_true(fields.expires_boot_s <= clock_boot_s() + verifier_activation_life_s);
	fields.expires_boot_s = clock_boot_s() - 1;
	assert_false(is_refused(voucher_seal(message_ak_state, &fields, key, &sealed)));
	assert_int_equal(finish_as(thumbprint, device_view(&secret), buffer_view(&sealed), &voucher), refusal_activation_unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_tpm_with_its_ek_and_ak_gets_a_voucher),
		ON_BENCH(what_is_answered_fits_the_message),
		ON_BENCH(padding_of_an_nv_index_behind_the_ek_certificate_is_no_fault),
		ON_BENCH(case_41_the_secret_does_not_open_for_an_ak_of_software),
		ON_BENCH(case_48_a_secret_that_is_not_the_one_sent_is_activation_wrong),
		ON_BENCH(case_48_the_answer_to_another_activation_is_activation_wrong),
		ON_BENCH(case_48_the_answer_by_another_account_is_activation_unknown),
		ON_BENCH(case_48_a_replayed_answer_names_the_same_activation),
		ON_BENCH(case_48_a_state_that_is_changed_or_cut_is_activation_unknown),
		ON_BENCH(an_activation_that_has_expired_is_activation_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
