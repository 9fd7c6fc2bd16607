/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment by who sends no public area of the EK, but what certificates there are and how the AK was made. */
#include "tests/device/statement.h"
#include "tests/unit/activation_stage.h"

static struct device_evidence evidence;
static uint8_t creation_data[64];
static const uint8_t nobody[32];

static void make_evidence(struct device_statement statement)
{
	static uint8_t hash[32];
	const struct bytes of = BYTES_OF(hash), no_data = bytes_from_text("");
	memset(creation_data, 7, sizeof creation_data);
	assert_int_equal(EVP_Digest(creation_data, sizeof creation_data, hash, NULL, EVP_sha256(), NULL), 1);
	statement.ak = &bench.ak;
	statement.key = statement.key != NULL ? statement.key : &bench.ak;
	statement.type = statement.type != 0 ? statement.type : TPM2_ST_ATTEST_CREATION;
	statement.creation_hash = &of;
	statement.extra_data = &no_data;
	device_evidence_build(&statement, &evidence);
}

/* As the bench holds it now; certificates and spki are the test's to set. */
static enum refusal ask(void)
{
	struct buffer room = BUFFER(bench.room);
	const struct message_ak_begun untouched = {.secret_hash = {0}};
	bench.begun = untouched;
	bench.detail.text[0] = '\0';
	bench.ask.ak_public = bytes_from(bench.ak.area, bench.ak.area_size);
	bench.ask.create_data = BYTES_OF(creation_data);
	bench.ask.create_attestation = device_view(&evidence.certinfo);
	bench.ask.create_signature = device_view(&evidence.signature);
	const status s = verifier_ak_begin(&bench.verifier, &bench.ask, &room, &bench.begun, &bench.detail);
	assert_int_equal(room.size == 0, is_refused(s));
	return s.refusal;
}

static void set_up_dialect(enum device_kind ek, enum device_kind ak)
{
	tear_down(NULL);
	set_up_with(ek, ak);
	memset(bench.ask.account_thumbprint, 0, sizeof bench.ask.account_thumbprint);
	bench.ask.ek_certificate = device_view(&bench.certificate);
	bench.ask.ek_spki = bytes_from(bench.ek.spki, bench.ek.spki_size);
	make_evidence((struct device_statement){0});
}

static void start(void)
{
	set_up_dialect(device_p256, device_p256);
}

static void enrol(enum device_kind ek, enum device_kind ak)
{
	static struct device_octets secret;
	struct message_ak_voucher voucher;
	set_up_dialect(ek, ak);
	assert_int_equal(ask(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(nobody, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	assert_memory_equal(voucher.ek_hash, bench.ek.spki_hash, 32);
	assert_true(bytes_equal(voucher.ak_spki, bytes_from(bench.ak.spki, bench.ak.spki_size)));
	assert_memory_equal(voucher.account_thumbprint, nobody, 32);
}

static void the_template_of_each_ek_opens_its_credential(void **state)
{
	(void)state;
	enrol(device_rsa2048, device_rsa2048);
	enrol(device_rsa2048, device_p256);
	enrol(device_p256, device_p384);
	enrol(device_p384, device_p256);
	enrol(device_rsa3072, device_p521);
}

static void a_key_that_no_template_is_for_is_ek_public_wrong(void **state)
{
	(void)state;
	set_up_dialect(device_p521, device_p256);
	assert_int_equal(ask(), refusal_ek_public_wrong);
	assert_string_equal(bench.detail.text, "no template of the TCG is for the EK's key");
}

static void the_ek_certificate_is_found_among_those_of_the_tpm(void **state)
{
	(void)state;
	static struct device_key rsa;
	static struct device_octets other, secret;
	start();
	device_key_new(device_role_ek, device_rsa2048, &rsa);
	device_certificate_build(&(struct device_certificate){.authority = &bench.root, .key = &rsa}, &other);
	const struct bytes own = device_view(&bench.certificate);
	bench.ask.ek_certificate = device_view(&other);
	bench.ask.ek_intermediates.at[0] = own;
	bench.ask.ek_intermediates.count = 1;
	assert_int_equal(ask(), refusal_none); /* the one that is named */
	assert_true(activate(&secret));
	bench.ask.ek_spki = bytes_from(NULL, 0);
	bench.ask.ek_certificate = own;
	bench.ask.ek_intermediates.at[0] = device_view(&other);
	assert_int_equal(ask(), refusal_none); /* or that of an RSA key, wherever it stands */
	assert_false(activate(&secret));
	assert_true(device_activate(&rsa, bytes_from(bench.ak.name, bench.ak.name_size), bench.begun.credential,
				    bench.begun.encrypted_secret, &secret));
	bench.ask.ek_intermediates.at[0] = own;
	assert_int_equal(ask(), refusal_none); /* or else the first */
	assert_true(activate(&secret));
	bench.ask.ek_spki = bytes_from(rsa.spki, rsa.spki_size);
	assert_int_equal(ask(), refusal_ek_certificate_absent);
	device_key_free(&rsa);
}

static void a_key_or_certificate_that_is_none_is_refused(void **state)
{
	(void)state;
	uint8_t longer[sizeof bench.ek.spki + 1] = {0};
	start();
	memcpy(longer, bench.ek.spki, bench.ek.spki_size);
	bench.ask.ek_spki = bytes_from(longer, bench.ek.spki_size + 1);
	assert_int_equal(ask(), refusal_ek_public_wrong);
	bench.ask.ek_spki = bytes_from(longer, bench.ek.spki_size - 1);
	assert_int_equal(ask(), refusal_ek_public_wrong);
	bench.ask.ek_spki = bytes_from_text("no key");
	assert_int_equal(ask(), refusal_ek_public_wrong);
	bench.ask.ek_spki = bytes_from(bench.ek.spki, bench.ek.spki_size);
	bench.ask.ek_intermediates.at[0] = bench.ask.ek_certificate;
	bench.ask.ek_intermediates.count = 1;
	bench.ask.ek_certificate = bytes_from_text("no certificate");
	assert_int_equal(ask(), refusal_ek_certificate_malformed);
}

static void assert_fault(const char *sentence)
{
	assert_int_equal(ask(), refusal_ak_creation_wrong);
	assert_string_equal(bench.detail.text, sentence);
}

static void case_41_evidence_that_is_not_of_this_aks_creation_is_ak_creation_wrong(void **state)
{
	(void)state;
	static struct device_key other;
	start();
	make_evidence((struct device_statement){.magic = 0xff544348});
	assert_fault("createAttestation was not made in a TPM");
	make_evidence((struct device_statement){.type = TPM2_ST_ATTEST_CERTIFY});
	assert_fault("createAttestation is not of a creation");
	device_key_new(device_role_ak, device_p256, &other);
	make_evidence((struct device_statement){.key = &other});
	assert_fault("createAttestation is of another object than the AK");
	make_evidence((struct device_statement){.signer = other.key});
	assert_fault("createSignature is not the AK's");
	make_evidence((struct device_statement){.hash = TPM2_ALG_SHA384});
	assert_fault("createSignature is not of the AK's scheme");
	make_evidence((struct device_statement){0});
	assert_int_equal(ask(), refusal_none);
	device_key_free(&other);
	set_up_dialect(device_p256, device_rsa2048);
	make_evidence((struct device_statement){.scheme = TPM2_ALG_RSAPSS});
	assert_fault("createSignature is not of the AK's scheme");
	make_evidence((struct device_statement){.hash = TPM2_ALG_SHA1});
	assert_fault("createSignature is not of the AK's scheme");
}

static void the_ak_is_judged_as_anybodys(void **state)
{
	(void)state;
	start();
	bench.ak.public.objectAttributes &= ~(uint32_t)TPMA_OBJECT_RESTRICTED;
	device_key_refresh(&bench.ak);
	make_evidence((struct device_statement){0});
	assert_int_equal(ask(), refusal_ak_public_wrong);
}

static void no_evidence_at_all_is_ak_creation_malformed(void **state)
{
	(void)state;
	start();
	evidence.certinfo.size = 0;
	assert_int_equal(ask(), refusal_ak_creation_malformed);
	make_evidence((struct device_statement){0});
	evidence.signature.size = 0;
	assert_int_equal(ask(), refusal_ak_creation_malformed);
	make_evidence((struct device_statement){.is_raw = true});
	assert_int_equal(ask(), refusal_ak_creation_malformed);
}

static void assert_refused(void)
{
	const enum refusal why = ask();
	assert_true(why == refusal_ak_creation_wrong || why == refusal_ak_creation_malformed);
}

static void no_octet_of_the_evidence_may_be_another(void **state)
{
	(void)state;
	struct device_octets *const parts[] = {&evidence.certinfo, &evidence.signature};
	start();
	for (size_t part = 0; part < 2; part++) {
		const size_t size = parts[part]->size;
		for (size_t bit = 0; bit < 8 * size; bit++) {
			parts[part]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_refused();
			parts[part]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (parts[part]->size = 0; parts[part]->size < size; parts[part]->size++)
			assert_refused();
		device_append(parts[part], "\0", 1);
		assert_refused();
		parts[part]->size = size;
	}
	for (size_t bit = 0; bit < 8 * sizeof creation_data; bit++) {
		creation_data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_fault("createData is not what createAttestation is of");
		creation_data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(ask(), refusal_none);
}

static void case_48_what_is_nobodys_is_finished_by_nobody_and_an_accounts_by_the_account(void **state)
{
	(void)state;
	static struct device_octets secret;
	struct message_ak_voucher voucher;
	start();
	assert_int_equal(ask(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(thumbprint, device_view(&secret), bench.begun.state, &voucher), refusal_activation_unknown);
	assert_int_equal(finish_as(nobody, device_view(&secret), bench.begun.state, &voucher), refusal_none);
	memcpy(bench.ask.account_thumbprint, thumbprint, 32);
	assert_int_equal(begin(), refusal_none);
	assert_true(activate(&secret));
	assert_int_equal(finish_as(nobody, device_view(&secret), bench.begun.state, &voucher), refusal_activation_unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BENCH(the_template_of_each_ek_opens_its_credential),
		ON_BENCH(a_key_that_no_template_is_for_is_ek_public_wrong),
		ON_BENCH(the_ek_certificate_is_found_among_those_of_the_tpm),
		ON_BENCH(a_key_or_certificate_that_is_none_is_refused),
		ON_BENCH(case_41_evidence_that_is_not_of_this_aks_creation_is_ak_creation_wrong),
		ON_BENCH(the_ak_is_judged_as_anybodys),
		ON_BENCH(no_evidence_at_all_is_ak_creation_malformed),
		ON_BENCH(no_octet_of_the_evidence_may_be_another),
		ON_BENCH(case_48_what_is_nobodys_is_finished_by_nobody_and_an_accounts_by_the_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
