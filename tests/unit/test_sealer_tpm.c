/* SPDX-License-Identifier: Apache-2.0
 * The sealer against a real software TPM of its own: what is released, when, and what the bus shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <tss2/tss2_mu.h>
#include <unistd.h>

#include "attest/sealer/sealer.h"
#include "tests/sealer/machine.h"

enum { pcr = 14 };
static const char secret[] = "K7QX-PIN-ONLY-FOR-THIS-TEST-92FD";

static int setup(void **state)
{
	static struct machine machine;
	machine_new(&machine);
	*state = &machine;
	return 0;
}

static int teardown(void **state)
{
	machine_scrap(*state);
	return 0;
}

/* ---- what is sealed ---- */

static struct {
	uint8_t public[tpm_blob_room], private[tpm_blob_room], srk_name[tpm_name_room];
} room;
static const uint8_t measured[tpm_digest_size] = {1, 2, 3};

static struct sealer_seal seal_on(const struct machine *machine)
{
	uint8_t predicted[tpm_digest_size];
	struct tpm *tpm;
	struct tpm_sealed sealed = {BUFFER(room.public), BUFFER(room.private), BUFFER(room.srk_name)};
	assert_false(is_refused(tpm_open(machine->tcti, &tpm)));
	assert_false(is_refused(tpm_pcr_predict(measured, predicted)));
	assert_false(is_refused(tpm_seal(tpm, pcr, predicted, bytes_from_text(secret), &sealed)));
	tpm_close(tpm);
	struct sealer_seal seal = {.tcti = machine->tcti,
				   .pcr = pcr,
				   .public = buffer_view(&sealed.public),
				   .private = buffer_view(&sealed.private),
				   .srk_name = buffer_view(&sealed.srk_name)};
	memcpy(seal.measurement, measured, sizeof measured);
	return seal;
}

static bool is_restart;
static struct sealer_problem problem;

static void unlock_gives_pin(const struct sealer_seal *seal)
{
	struct bytes pin;
	assert_int_equal(sealer_unlock(seal, &is_restart, &problem).refusal, refusal_none);
	sealer_signer_came();
	assert_false(is_refused(sealer_hand_over(&pin)));
	assert_true(bytes_equal_text(pin, secret));
}

static void unlock_is_refused(const struct sealer_seal *seal, enum refusal refusal)
{
	struct bytes pin;
	assert_int_equal(sealer_unlock(seal, &is_restart, &problem).refusal, refusal);
	sealer_signer_came();
	assert_int_equal(sealer_hand_over(&pin).refusal, refusal_pin_sealed);
}

/* Asked the TPM itself, past the sealer's own states. */
static enum refusal raw_unseal(const struct machine *machine, const struct sealer_seal *seal, char *why, size_t size)
{
	uint8_t out[tpm_secret_room];
	struct buffer pin = BUFFER(out);
	struct tpm *tpm;
	assert_false(is_refused(tpm_open(machine->tcti, &tpm)));
	tpm_expect(tpm, seal->srk_name);
	const status s = tpm_unseal(tpm, pcr, seal->public, seal->private, &pin);
	snprintf(why, size, "%s", tpm_problem(tpm));
	tpm_close(tpm);
	return s.refusal;
}

static void the_pin_is_unsealed_after_the_measurement(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	unlock_gives_pin(&seal);
}

static void the_pin_is_handed_over_once_a_signer(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	struct bytes pin;
	unlock_gives_pin(&seal);
	assert_int_equal(sealer_hand_over(&pin).refusal, refusal_pin_spent);
	sealer_signer_came();
	assert_false(is_refused(sealer_hand_over(&pin)));
	assert_int_equal(sealer_hand_over(&pin).refusal, refusal_pin_spent);
}

static void case_95_a_second_unseal_in_the_same_boot_is_refused(void **state)
{
	char why[128];
	const struct sealer_seal seal = seal_on(*state);
	unlock_gives_pin(&seal);
	assert_int_equal(raw_unseal(*state, &seal, why, sizeof why), refusal_pin_sealed);
	assert_string_equal(why, "TPM2_Unseal: response 0x99d");
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_true(is_restart);
	machine_power_cycle(*state);
	unlock_gives_pin(&seal);
}

static void case_95_a_changed_program_is_refused_and_caps_the_boot(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	struct sealer_seal changed = seal;
	changed.measurement[0] ^= 1;
	unlock_is_refused(&changed, refusal_pin_sealed);
	assert_false(is_restart);
	assert_non_null(strstr(problem.sentence, "0x99d"));
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_true(is_restart);
	machine_power_cycle(*state);
	unlock_gives_pin(&seal);
}

static void case_95_another_tpm_is_refused(void **state)
{
	struct machine other;
	struct sealer_seal seal = seal_on(*state);
	machine_new(&other);
	seal.tcti = other.tcti;
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_non_null(strstr(problem.sentence, "not the TPM"));
	machine_scrap(&other);
}

static void case_95_a_storage_root_key_of_another_name_is_refused(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	room.srk_name[10] ^= 1;
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_non_null(strstr(problem.sentence, "not the TPM"));
}

static void blobs_changed_or_cut_anywhere_are_refused(void **state)
{
	char why[128];
	const struct sealer_seal seal = seal_on(*state);
	for (size_t i = 0; i < seal.private.size; i += 17) {
		room.private[i] ^= 1;
		assert_int_equal(raw_unseal(*state, &seal, why, sizeof why), refusal_pin_sealed);
		room.private[i] ^= 1;
		struct sealer_seal cut = seal;
		cut.private.size = i;
		assert_int_equal(raw_unseal(*state, &cut, why, sizeof why), refusal_pin_sealed);
	}
	for (size_t i = 0; i < seal.public.size; i++) {
		room.public[i] ^= 1;
		assert_int_equal(raw_unseal(*state, &seal, why, sizeof why), refusal_pin_sealed);
		room.public[i] ^= 1;
		struct sealer_seal cut = seal;
		cut.public.size = i;
		assert_int_equal(raw_unseal(*state, &cut, why, sizeof why), refusal_pin_sealed);
	}
}

static void case_95_a_register_of_ones_is_refused(void **state)
{
	struct sealer_seal seal = seal_on(*state);
	seal.pcr = 17; /* the DRTM registers start with ones */
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_non_null(strstr(problem.sentence, "only ones"));
}

static void case_95_a_register_that_ignores_the_measurement_is_refused(void **state)
{
	struct sealer_seal seal = seal_on(*state);
	seal.pcr = 24; /* there is none */
	unlock_is_refused(&seal, refusal_tpm_failed);
}

static void a_register_extended_by_another_is_refused(void **state)
{
	const struct machine *machine = *state;
	const struct sealer_seal seal = seal_on(machine);
	struct tpm *tpm;
	assert_false(is_refused(tpm_open(machine->tcti, &tpm)));
	assert_false(is_refused(tpm_pcr_extend(tpm, pcr, measured)));
	tpm_close(tpm);
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_true(is_restart);
}

static void case_96_failing_unseals_never_lock_the_tpm_out(void **state)
{
	const struct machine *machine = *state;
	char why[128], command[512];
	const struct sealer_seal seal = seal_on(machine);
	for (int i = 0; i < 40; i++)
		assert_int_equal(raw_unseal(machine, &seal, why, sizeof why), refusal_pin_sealed);
	snprintf(command, sizeof command,
		 "tpm2_getcap -T %s properties-variable 2>/dev/null | grep -q 'TPM2_PT_LOCKOUT_COUNTER: 0x0'",
		 machine->tcti);
	machine_run(command);
	unlock_gives_pin(&seal);
}

static void nothing_stays_loaded_in_the_tpm(void **state)
{
	const struct machine *machine = *state;
	const struct sealer_seal seal = seal_on(machine);
	char command[512];
	unlock_gives_pin(&seal);
	snprintf(command, sizeof command,
		 "test -z \"$(tpm2_getcap -T %s handles-transient; tpm2_getcap -T %s handles-loaded-session)\"",
		 machine->tcti, machine->tcti);
	machine_run(command);
}

static void leftovers_of_a_killed_predecessor_are_flushed(void **state)
{
	const struct machine *machine = *state;
	const struct sealer_seal seal = seal_on(machine);
	char command[512];
	snprintf(command, sizeof command,
		 "cd %s && for i in 1 2 3; do tpm2_createprimary -Q -T %s -c p$i >/dev/null 2>&1 || exit 1; done; "
		 "for i in 1 2 3; do tpm2_startauthsession -T %s -S s$i; done",
		 machine->folder, machine->tcti, machine->tcti);
	machine_run(command);
	unlock_gives_pin(&seal);
}

static void a_tpm_that_does_not_answer_is_tpm_failed(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	machine_power_off(*state);
	unlock_is_refused(&seal, refusal_tpm_failed);
	machine_power_on(*state);
	struct sealer_seal nowhere = seal;
	nowhere.tcti = "device:/dev/null";
	unlock_is_refused(&nowhere, refusal_tpm_failed);
	nowhere.tcti = "elsewhere:x";
	unlock_is_refused(&nowhere, refusal_tpm_failed);
}

/* ---- the bus ---- */

static bool file_holds(const char *path, const void *octets, size_t size)
{
	static uint8_t content[1 << 20];
	int file = open(path, O_RDONLY);
	const ssize_t got = read(file, content, sizeof content);
	close(file);
	assert_true(got > 100);
	return memmem(content, (size_t)got, octets, size) != NULL;
}

static void case_95_the_bus_shows_no_pin(void **state)
{
	struct machine *machine = *state, tapped = *machine;
	char record[128];
	machine_tap(machine, tapped.tcti, sizeof tapped.tcti, record, sizeof record);
	const struct sealer_seal seal = seal_on(&tapped);
	unlock_gives_pin(&seal);
	/* the listener did hear: the blob passes as it is */
	assert_true(file_holds(record, room.private + 40, 32));
	for (size_t i = 0; i + 4 <= strlen(secret); i += 4)
		assert_false(file_holds(record, secret + i, 4 + (i + 8 <= strlen(secret) ? 4 : 0)));
}

/* A listener that answers with a key of its own would learn the session's secret. */
static void case_95_a_storage_root_key_from_the_bus_gets_no_session(void **state)
{
	static const uint8_t start_session[] = {0, 0, 1, 0x76};
	struct machine *machine = *state, tapped = *machine;
	char record[128];
	machine_tap(machine, tapped.tcti, sizeof tapped.tcti, record, sizeof record);
	struct sealer_seal seal = seal_on(machine);
	seal.tcti = tapped.tcti;
	machine_lie(machine, machine_swaps_primary_key, 0);
	unlock_is_refused(&seal, refusal_pin_sealed);
	assert_non_null(strstr(problem.sentence, "not the TPM"));
	assert_false(file_holds(record, start_session, sizeof start_session));
	seal.tcti = machine->tcti;
	machine_power_cycle(machine);
	unlock_gives_pin(&seal);
}

/* Whatever answer is spoilt: the PIN or none, never another; and once it was measured, the boot is capped. */
static void case_95_an_answer_spoilt_anywhere_leaves_no_register_that_unseals(void **state)
{
	struct machine *machine = *state, tapped = *machine;
	char record[128], why[128];
	unsigned refused = 0, answers = 0;
	machine_tap(machine, tapped.tcti, sizeof tapped.tcti, record, sizeof record);
	const struct sealer_seal direct = seal_on(machine);
	struct sealer_seal seal = direct;
	seal.tcti = tapped.tcti;
	for (unsigned at = 1; at == 1 || at <= answers; at++) {
		struct bytes pin;
		machine_lie(machine, machine_flips_last_octet, at);
		const status unlocked = sealer_unlock(&seal, &is_restart, &problem);
		answers = machine_answers(machine) > answers ? machine_answers(machine) : answers;
		sealer_signer_came();
		if (is_refused(unlocked))
			assert_int_equal(sealer_hand_over(&pin).refusal, refusal_pin_sealed);
		else
			assert_true(!is_refused(sealer_hand_over(&pin)) && bytes_equal_text(pin, secret));
		refused += is_refused(unlocked);
		assert_int_equal(raw_unseal(machine, &direct, why, sizeof why), refusal_pin_sealed);
		machine_power_cycle(machine);
	}
	assert_true(answers > 20 && refused > 10);
}

/* ---- quotes ---- */

static EVP_PKEY *key_of(const TPMT_PUBLIC *public)
{
	uint8_t spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
			  0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, [90] = 0};
	const uint8_t *at = spki;
	memcpy(spki + 27, public->unique.ecc.x.buffer, 32);
	memcpy(spki + 59, public->unique.ecc.y.buffer, 32);
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, sizeof spki);
	assert_non_null(key);
	return key;
}

static void signature_verifies(const TPMT_PUBLIC *public, const TPMT_SIGNATURE *signature, struct bytes attest)
{
	uint8_t der[80], *end = der;
	EVP_PKEY *key = key_of(public);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	ECDSA_SIG *pair = ECDSA_SIG_new();
	const TPMS_SIGNATURE_ECDSA *ecdsa = &signature->signature.ecdsa;
	assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(ecdsa->signatureR.buffer, ecdsa->signatureR.size, NULL),
					BN_bin2bn(ecdsa->signatureS.buffer, ecdsa->signatureS.size, NULL)),
			 1);
	const int size = i2d_ECDSA_SIG(pair, &end);
	assert_true(size > 0);
	assert_int_equal(EVP_DigestVerifyInit(hash, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(hash, der, (size_t)size, attest.data, attest.size), 1);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(hash);
	EVP_PKEY_free(key);
}

static void quote_on(const struct machine *machine, const uint8_t extra[tpm_digest_size], TPMT_PUBLIC *public,
		     TPMS_ATTEST *said)
{
	uint8_t attest[1024], signature[1024], ak[1024];
	struct tpm_quote quote = {BUFFER(attest), BUFFER(signature), BUFFER(ak)};
	TPMT_SIGNATURE signed_by = {0};
	struct tpm *tpm;
	size_t at = 0;
	assert_false(is_refused(tpm_open(machine->tcti, &tpm)));
	assert_false(is_refused(tpm_quote(tpm, extra, &quote)));
	tpm_close(tpm);
	assert_int_equal(Tss2_MU_TPMS_ATTEST_Unmarshal(attest, quote.attest.size, &at, said), 0);
	at = 0;
	assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Unmarshal(signature, quote.signature.size, &at, &signed_by), 0);
	at = 0;
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Unmarshal(ak, quote.ak_public.size, &at, public), 0);
	signature_verifies(public, &signed_by, buffer_view(&quote.attest));
}

static void a_quote_verifies_and_carries_the_extra_data(void **state)
{
	const struct sealer_seal seal = seal_on(*state);
	uint8_t extra[tpm_digest_size];
	TPMT_PUBLIC first = {0}, second = {0};
	TPMS_ATTEST before = {0}, after = {0};
	memset(extra, 0x5c, sizeof extra);
	quote_on(*state, extra, &first, &before);
	assert_int_equal(before.magic, TPM2_GENERATED_VALUE);
	assert_int_equal(before.type, TPM2_ST_ATTEST_QUOTE);
	assert_int_equal(before.extraData.size, sizeof extra);
	assert_memory_equal(before.extraData.buffer, extra, sizeof extra);
	assert_int_equal(before.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[0], 0xff);
	assert_int_equal(before.attested.quote.pcrSelect.pcrSelections[0].pcrSelect[1], 0xff);
	assert_true((first.objectAttributes & TPMA_OBJECT_RESTRICTED) != 0);
	unlock_gives_pin(&seal);
	machine_power_cycle(*state);
	unlock_gives_pin(&seal);
	quote_on(*state, extra, &second, &after);
	/* the same key in the next boot, another PCR digest once measured */
	assert_memory_equal(first.unique.ecc.x.buffer, second.unique.ecc.x.buffer, 32);
	assert_memory_not_equal(before.attested.quote.pcrDigest.buffer, after.attested.quote.pcrDigest.buffer, 32);
}

#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TPM(the_pin_is_unsealed_after_the_measurement),
	    WITH_TPM(the_pin_is_handed_over_once_a_signer),
	    WITH_TPM(case_95_a_second_unseal_in_the_same_boot_is_refused),
	    WITH_TPM(case_95_a_changed_program_is_refused_and_caps_the_boot),
	    WITH_TPM(case_95_another_tpm_is_refused),
	    WITH_TPM(case_95_a_storage_root_key_of_another_name_is_refused),
	    WITH_TPM(blobs_changed_or_cut_anywhere_are_refused),
	    WITH_TPM(case_95_a_register_of_ones_is_refused),
	    WITH_TPM(case_95_a_register_that_ignores_the_measurement_is_refused),
	    WITH_TPM(a_register_extended_by_another_is_refused),
	    WITH_TPM(case_96_failing_unseals_never_lock_the_tpm_out),
	    WITH_TPM(nothing_stays_loaded_in_the_tpm),
	    WITH_TPM(leftovers_of_a_killed_predecessor_are_flushed),
	    WITH_TPM(a_tpm_that_does_not_answer_is_tpm_failed),
	    WITH_TPM(case_95_the_bus_shows_no_pin),
	    WITH_TPM(case_95_a_storage_root_key_from_the_bus_gets_no_session),
	    WITH_TPM(case_95_an_answer_spoilt_anywhere_leaves_no_register_that_unseals),
	    WITH_TPM(a_quote_verifies_and_carries_the_extra_data),
	};
	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
