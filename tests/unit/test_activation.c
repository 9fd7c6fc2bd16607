/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment: which EKs and AKs are taken, that only the TPM with both answers, and that an answer is good for one activation.
 * The TPM is the software device, whose side of credential activation is written apart from ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include "attest/verifier/credential.h"
#include "attest/verifier/tpm_key.h"
#include "attest/verifier/verifier.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/certificate.h"

/* A TPM maker, one of its TPMs with an AK, and the verifier that trusts the maker. */
struct bench {
	struct device_authority root;
	struct device_key ek, ak;
	struct device_certificate options;
	struct device_octets certificate;
	struct verifier verifier;
	struct message_ak_begin ask;
	struct message_ak_begun begun;
	uint8_t room[wire_packet_room];
	struct detail detail;
};
static struct bench bench;

static void set_up_with(enum device_kind ek, enum device_kind ak)
{
	memset(&bench, 0, sizeof bench);
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &bench.root);
	device_key_new(device_role_ek, ek, &bench.ek);
	device_key_new(device_role_ak, ak, &bench.ak);
	bench.options = (struct device_certificate){.authority = &bench.root, .key = &bench.ek};
	device_certificate_build(&bench.options, &bench.certificate);
	bench.verifier.ek_roots = (struct chain_roots){.at = {bench.root.certificate}, .count = 1};
	bench.verifier.settings.directory = bytes_from_text("devices");
	bench.verifier.settings.may_be_virtual = 1;
	bench.verifier.settings.token_key[0] = 1;
	bench.verifier.settings.ak_key[0] = 2;
	bench.verifier.configuration_hash[0] = 3;
	bench.ask = (struct message_ak_begin){.directory = bytes_from_text("devices"), .account_thumbprint = {4}};
}

static int set_up(void **state)
{
	(void)state;
	set_up_with(device_p256, device_p256);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_authority_free(&bench.root);
	device_key_free(&bench.ek);
	device_key_free(&bench.ak);
	return 0;
}

/* Asks with what the bench holds now; a refusal leaves no answer behind. */
static enum refusal begin(void)
{
	struct buffer room = BUFFER(bench.room);
	const struct message_ak_begun untouched = {.secret_hash = {0}};
	bench.detail.text[0] = '\0';
	bench.begun = untouched;
	bench.ask.ek_certificate = device_view(&bench.certificate);
	bench.ask.ek_public = bytes_from(bench.ek.area, bench.ek.area_size);
	bench.ask.ak_public = bytes_from(bench.ak.area, bench.ak.area_size);
	const status s = verifier_ak_begin(&bench.verifier, &bench.ask, &room, &bench.begun, &bench.detail);
	if (is_refused(s)) {
		assert_int_equal(room.size, 0);
		assert_memory_equal(&bench.begun, &untouched, sizeof untouched);
	}
	return s.refusal;
}

static enum refusal begin_with(struct device_certificate options)
{
	options.authority = options.authority != NULL ? options.authority : &bench.root;
	options.key = options.key != NULL ? options.key : &bench.ek;
	device_certificate_build(&options, &bench.certificate);
	return begin();
}

static bool activate(struct device_octets *secret)
{
	return device_activate(&bench.ek, bytes_from(bench.ak.name, bench.ak.name_size), bench.begun.credential,
			       bench.begun.encrypted_secret, secret);
}

static const uint8_t thumbprint[32] = {4};

static enum refusal finish_as(const uint8_t account[32], struct bytes secret, struct bytes sealed, struct message_ak_voucher *voucher)
{
	static uint8_t octets[4096];
	struct buffer room = BUFFER(octets);
	struct message_ak_finish ask = {.secret = secret, .state = sealed};
	struct message_ak_finished out = {.ek_hash = {0}};
	memcpy(ask.account_thumbprint, account, 32);
	const status s = verifier_ak_finish(&bench.verifier, &ask, &room, &out);
	if (is_refused(s)) {
		assert_int_equal(room.size, 0);
		assert_null(out.voucher.data);
		return s.refusal;
	}
	assert_memory_equal(out.ek_hash, bench.ek.spki_hash, 32);
	assert_false(is_refused(voucher_open(message_ak_voucher, out.voucher, bench.verifier.settings.ak_key, voucher)));
	return refusal_none;
}

static enum refusal finish(struct bytes secret)
{
	struct message_ak_voucher voucher;
	return finish_as(thumbprint, secret, bench.begun.state, &voucher);
}

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

static void an_ek_certificate_chains_through_the_makers_intermediate(void **state)
{
	(void)state;
	struct device_authority between;
	device_authority_new(&(struct device_authority_options){.name = "Between", .issuer = &bench.root}, &between);
	const struct device_certificate options = {.authority = &between};
	assert_int_equal(begin_with(options), refusal_ek_certificate_untrusted);
	bench.ask.ek_intermediates.at[0] = bytes_from(between.der, between.size);
	bench.ask.ek_intermediates.count = 1;
	assert_int_equal(begin_with(options), refusal_none);
	bench.ask.ek_intermediates.at[0].size--;
	assert_int_equal(begin_with(options), refusal_ek_certificate_malformed);
	device_authority_free(&between);
}

/* ---- the directory and the EK certificate ---- */

static void another_directory_is_directory_wrong(void **state)
{
	(void)state;
	bench.ask.directory = bytes_from_text("device");
	assert_int_equal(begin(), refusal_directory_wrong);
}

static void what_is_not_one_certificate_is_ek_certificate_malformed(void **state)
{
	(void)state;
	const size_t size = bench.certificate.size;
	for (bench.certificate.size = 0; bench.certificate.size < size; bench.certificate.size += 1)
		assert_int_equal(begin(), refusal_ek_certificate_malformed);
	device_append(&bench.certificate, "\x01", 1);
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
	bench.certificate.size = size;
	device_append(&bench.certificate, "\xff\x00", 2);
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
}

static void case_47_a_header_of_the_nv_index_is_ek_certificate_malformed(void **state)
{
	(void)state;
	static struct device_octets with_header;
	const uint8_t header[] = {0x10, 0x01, 0x00, (uint8_t)(bench.certificate.size >> 8), (uint8_t)bench.certificate.size};
	with_header.size = 0;
	device_append(&with_header, header, sizeof header);
	device_append(&with_header, bench.certificate.data, bench.certificate.size);
	bench.certificate = with_header;
	assert_int_equal(begin(), refusal_ek_certificate_malformed);
}

static void a_certificate_for_something_else_is_ek_certificate_usage(void **state)
{
	(void)state;
	static const char *const usages[] = {"", "2.23.133.8.3", "empty", "clientAuth"};
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
		assert_int_equal(begin_with((struct device_certificate){.usages = usages[i]}), refusal_ek_certificate_usage);
}

static void a_certificate_of_another_maker_is_ek_certificate_untrusted(void **state)
{
	(void)state;
	struct device_authority other;
	device_authority_new(&(struct device_authority_options){.name = "Maker"}, &other);
	assert_int_equal(begin_with((struct device_certificate){.authority = &other}), refusal_ek_certificate_untrusted);
	assert_true(bench.detail.text[0] != '\0');
	assert_int_equal(begin_with((struct device_certificate){.has_wrong_signature = true}), refusal_ek_certificate_untrusted);
	/* A root that the request brings along is none. */
	bench.ask.ek_intermediates.at[0] = bytes_from(other.der, other.size);
	bench.ask.ek_intermediates.count = 1;
	assert_int_equal(begin_with((struct device_certificate){.authority = &other}), refusal_ek_certificate_untrusted);
	device_authority_free(&other);
}

static void case_47_an_expired_ek_certificate_is_ek_certificate_untrusted(void **state)
{
	(void)state;
	const struct device_certificate expired = {.starts_s = -2 * 86400, .ends_s = -86400};
	assert_int_equal(begin_with(expired), refusal_ek_certificate_untrusted);
	assert_true(bench.detail.text[0] != '\0');
}

static void case_47_another_vendors_name_is_judged_by_the_list(void **state)
{
	(void)state;
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5443"}), refusal_none);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5444"}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = ""}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.has_no_names = true}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.model = ""}), refusal_tpm_vendor_unknown);
	assert_int_equal(begin_with((struct device_certificate){.version = "id:\n"}), refusal_tpm_vendor_unknown);
	/* a real maker has a NUL in its model */
	assert_int_equal(begin_with((struct device_certificate){.model = "a\nb"}), refusal_none);
}

static void a_software_tpm_is_tpm_vendor_virtual_where_hardware_is_asked(void **state)
{
	(void)state;
	bench.verifier.settings.may_be_virtual = 0;
	assert_int_equal(begin(), refusal_tpm_vendor_virtual);
	assert_int_equal(begin_with((struct device_certificate){.manufacturer = "id:494E5443"}), refusal_none);
}

/* ---- the public areas ---- */

static void case_47_an_ek_that_is_not_the_certificates_is_ek_public_wrong(void **state)
{
	(void)state;
	static struct device_key other;
	static const enum device_kind kinds[] = {device_p256, device_rsa2048, device_p384};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		device_key_new(device_role_ek, kinds[i], &other);
		assert_int_equal(begin_with((struct device_certificate){.key = &other}), refusal_ek_public_wrong);
		device_key_free(&other);
	}
}

static void expect_ek_wrong(uint32_t flipped)
{
	bench.ek.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	assert_true(bench.detail.text[0] != '\0');
	bench.ek.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_none);
}

static void an_ek_that_is_no_restricted_decryption_key_is_ek_public_wrong(void **state)
{
	(void)state;
	expect_ek_wrong(TPMA_OBJECT_RESTRICTED);
	expect_ek_wrong(TPMA_OBJECT_DECRYPT);
	expect_ek_wrong(TPMA_OBJECT_SIGN_ENCRYPT);
	expect_ek_wrong(TPMA_OBJECT_FIXEDTPM);
	expect_ek_wrong(TPMA_OBJECT_FIXEDPARENT);
	expect_ek_wrong(TPMA_OBJECT_SENSITIVEDATAORIGIN);
}

static void an_ek_without_aes_in_cfb_mode_is_ek_public_wrong(void **state)
{
	(void)state;
	TPMT_SYM_DEF_OBJECT *const symmetric = &bench.ek.public.parameters.eccDetail.symmetric;
	const TPMT_SYM_DEF_OBJECT good = *symmetric;
	*symmetric = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_NULL};
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	symmetric->mode.aes = TPM2_ALG_CBC;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	symmetric->keyBits.aes = 64;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	*symmetric = good;
	bench.ek.public.nameAlg = TPM2_ALG_SHA1;
	device_key_refresh(&bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void a_weak_ek_or_one_on_p521_is_ek_public_wrong(void **state)
{
	(void)state;
	/* The area alone is weak: a weak certificate would not get past the chain. */
	device_key_free(&bench.ek);
	device_key_new(device_role_ek, device_rsa1024, &bench.ek);
	assert_int_equal(begin(), refusal_ek_public_wrong);
	assert_non_null(strstr(bench.detail.text, "too weak"));
	tear_down(NULL);
	set_up_with(device_p521, device_p256);
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void an_ek_area_that_is_cut_or_longer_is_ek_public_wrong(void **state)
{
	(void)state;
	const size_t size = bench.ek.area_size;
	for (bench.ek.area_size = 0; bench.ek.area_size < size; bench.ek.area_size++)
		assert_int_equal(begin(), refusal_ek_public_wrong);
	bench.ek.area_size = size + 1;
	assert_int_equal(begin(), refusal_ek_public_wrong);
}

static void expect_ak_wrong(uint32_t flipped)
{
	bench.ak.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	assert_true(bench.detail.text[0] != '\0');
	bench.ak.public.objectAttributes ^= flipped;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_none);
}

static void case_41_an_ak_that_is_not_restricted_or_not_made_in_the_tpm_is_ak_public_wrong(void **state)
{
	(void)state;
	expect_ak_wrong(TPMA_OBJECT_RESTRICTED);
	expect_ak_wrong(TPMA_OBJECT_FIXEDTPM);
	expect_ak_wrong(TPMA_OBJECT_FIXEDPARENT);
	expect_ak_wrong(TPMA_OBJECT_SENSITIVEDATAORIGIN);
	expect_ak_wrong(TPMA_OBJECT_SIGN_ENCRYPT);
	expect_ak_wrong(TPMA_OBJECT_DECRYPT);
}

static void expect_ak_scheme_wrong(TPMT_ECC_SCHEME scheme)
{
	bench.ak.public.parameters.eccDetail.scheme = scheme;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void an_ak_of_another_scheme_or_a_weak_hash_is_ak_public_wrong(void **state)
{
	(void)state;
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_NULL});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA1});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECSCHNORR, .details.ecdsa.hashAlg = TPM2_ALG_SHA256});
	expect_ak_scheme_wrong((TPMT_ECC_SCHEME){.scheme = TPM2_ALG_ECDAA,
						 .details.ecdaa = {.hashAlg = TPM2_ALG_SHA256, .count = 1}});
}

static void an_ak_with_a_symmetric_algorithm_or_a_weak_name_is_ak_public_wrong(void **state)
{
	(void)state;
	TPMT_SYM_DEF_OBJECT *const symmetric = &bench.ak.public.parameters.eccDetail.symmetric;
	*symmetric = bench.ek.public.parameters.eccDetail.symmetric;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	*symmetric = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_NULL};
	bench.ak.public.nameAlg = TPM2_ALG_SHA1;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void a_weak_ak_or_a_point_off_the_curve_is_ak_public_wrong(void **state)
{
	(void)state;
	bench.ak.public.unique.ecc.y.buffer[31] ^= 1;
	device_key_refresh(&bench.ak);
	assert_int_equal(begin(), refusal_ak_public_wrong);
	tear_down(NULL);
	set_up_with(device_p256, device_rsa1024);
	assert_int_equal(begin(), refusal_ak_public_wrong);
}

static void an_ak_area_that_is_cut_or_longer_is_ak_public_wrong(void **state)
{
	(void)state;
	const size_t size = bench.ak.area_size;
	for (bench.ak.area_size = 0; bench.ak.area_size < size; bench.ak.area_size++)
		assert_int_equal(begin(), refusal_ak_public_wrong);
	bench.ak.area_size = size + 1;
	assert_int_equal(begin(), refusal_ak_public_wrong);
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

/* ---- the credential by itself ---- */

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
	assert_false(is_refused(tpm_public_parse(bytes_from(bench.ek.area, bench.ek.area_size), &public)));
	struct buffer none = BUFFER(small), room = BUFFER(large);
	assert_false(credential_make(bench.ek.key, &public, BYTES_OF(some_name), BYTES_OF(known_secret), &none, &room));
	assert_true(none.size == 0 && room.size == 0);
	assert_false(credential_make(bench.ek.key, &public, BYTES_OF(some_name), BYTES_OF(known_secret), &room, &none));
	assert_true(none.size == 0 && room.size == 0);
	const uint8_t long_secret[33] = {1};
	assert_false(credential_make(bench.ek.key, &public, BYTES_OF(some_name), BYTES_OF(long_secret), &room, &room));
}

#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_tpm_with_its_ek_and_ak_gets_a_voucher),
		ON_BENCH(what_is_answered_fits_the_message),
		ON_BENCH(padding_of_an_nv_index_behind_the_ek_certificate_is_no_fault),
		ON_BENCH(an_ek_certificate_chains_through_the_makers_intermediate),
		ON_BENCH(another_directory_is_directory_wrong),
		ON_BENCH(what_is_not_one_certificate_is_ek_certificate_malformed),
		ON_BENCH(case_47_a_header_of_the_nv_index_is_ek_certificate_malformed),
		ON_BENCH(a_certificate_for_something_else_is_ek_certificate_usage),
		ON_BENCH(a_certificate_of_another_maker_is_ek_certificate_untrusted),
		ON_BENCH(case_47_an_expired_ek_certificate_is_ek_certificate_untrusted),
		ON_BENCH(case_47_another_vendors_name_is_judged_by_the_list),
		ON_BENCH(a_software_tpm_is_tpm_vendor_virtual_where_hardware_is_asked),
		ON_BENCH(case_47_an_ek_that_is_not_the_certificates_is_ek_public_wrong),
		ON_BENCH(an_ek_that_is_no_restricted_decryption_key_is_ek_public_wrong),
		ON_BENCH(an_ek_without_aes_in_cfb_mode_is_ek_public_wrong),
		ON_BENCH(a_weak_ek_or_one_on_p521_is_ek_public_wrong),
		ON_BENCH(an_ek_area_that_is_cut_or_longer_is_ek_public_wrong),
		ON_BENCH(case_41_an_ak_that_is_not_restricted_or_not_made_in_the_tpm_is_ak_public_wrong),
		ON_BENCH(an_ak_of_another_scheme_or_a_weak_hash_is_ak_public_wrong),
		ON_BENCH(an_ak_with_a_symmetric_algorithm_or_a_weak_name_is_ak_public_wrong),
		ON_BENCH(a_weak_ak_or_a_point_off_the_curve_is_ak_public_wrong),
		ON_BENCH(an_ak_area_that_is_cut_or_longer_is_ak_public_wrong),
		ON_BENCH(case_41_the_secret_does_not_open_for_an_ak_of_software),
		ON_BENCH(case_48_a_secret_that_is_not_the_one_sent_is_activation_wrong),
		ON_BENCH(case_48_the_answer_to_another_activation_is_activation_wrong),
		ON_BENCH(case_48_the_answer_by_another_account_is_activation_unknown),
		ON_BENCH(case_48_a_replayed_answer_names_the_same_activation),
		ON_BENCH(case_48_a_state_that_is_changed_or_cut_is_activation_unknown),
		ON_BENCH(an_activation_that_has_expired_is_activation_unknown),
		ON_BENCH(a_credential_opens_in_the_tpm_with_the_ek_and_no_bit_may_change),
		ON_BENCH(case_48_a_credential_that_is_cut_does_not_open),
		ON_BENCH(without_room_no_credential_is_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
