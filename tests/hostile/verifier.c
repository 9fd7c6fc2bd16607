/* SPDX-License-Identifier: Apache-2.0
 * The verifier, hijacked, and the registrar with it, so that every lie reaches the real signer: what the voucher keys can
 * and cannot buy. The verifier alone speaks to nobody but the registrar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/x509v3.h>
#include <openssl/sha.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/device/identifier.h"
#include "tests/hostile/world.h"

static struct stage verifier, registrar = {.seat = process_REGISTRAR};
static struct world world;
static struct message_verifier_settings settings;

/* Vouchers of the hijacked verifier's own making. */
struct lie {
	struct message_device_voucher device;
	struct message_request_voucher request;
};

static unsigned lies;
static char order[32];

static struct lie honest_lie(void)
{
	snprintf(order, sizeof order, "order-%u", ++lies);
	struct lie lie = {.device = {.expires_boot_s = clock_boot_s() + 600,
				     .directory = bytes_from_text("devices"),
				     .order = bytes_from_text(order),
				     .identifier_type = bytes_from_text("permanent-identifier"),
				     .identifier = bytes_from_text("any-device"),
				     .format = bytes_from_text("tpm"),
				     .assurance = 1},
			  .request = {.expires_boot_s = clock_boot_s() + 600,
				      .directory = bytes_from_text("devices"),
				      .order = bytes_from_text(order),
				      .identifiers = {{device_identifier("permanent-identifier", "any-device")}, 1},
				      .spki = bytes_from(world.key.spki, world.key.spki_size)}};
	SHA256(world.key.spki, world.key.spki_size, lie.device.spki_hash);
	return lie;
}

static status tell(const struct lie *lie, const uint8_t *device_key, struct message_issued *out)
{
	uint8_t device_room[2048], request_room[2048];
	struct buffer device = BUFFER(device_room), request = BUFFER(request_room);
	assert_false(is_refused(voucher_seal(message_device_voucher, &lie->device, device_key, &device)));
	assert_false(is_refused(
		voucher_seal(message_request_voucher, &lie->request, settings.request_key, &request)));
	const struct message_issue ask = {.order = lie->device.order,
					  .envelope = bytes_from_text("device"),
					  .device_voucher = buffer_view(&device),
					  .request_voucher = buffer_view(&request)};
	return stage_call(&registrar, process_SIGNER, message_issue, &ask, out);
}

static void expect_refusal(const struct lie *lie, enum refusal wanted)
{
	struct message_issued issued;
	const status got = tell(lie, settings.device_key, &issued);
	assert_string_equal(is_refused(got) ? status_entry(got.refusal)->name : "none", status_entry(wanted)->name);
}

static void it_speaks_to_the_registrar_alone(void **state)
{
	(void)state;
	for (enum process other = process_LOGGER; other < process_count; other++)
		if (other != process_REGISTRAR)
			assert_true(verifier.channel[other] < 0);
	assert_true(verifier.channel[process_REGISTRAR] >= 0);
	assert_int_equal(verifier.own_count, 0);
}

/* What it does get, so that the refusals below mean something. */
static void a_false_voucher_within_the_envelope_is_believed(void **state)
{
	(void)state;
	struct message_issued issued;
	const struct lie lie = honest_lie();
	assert_false(is_refused(tell(&lie, settings.device_key, &issued)));
}

static void no_vouching_beyond_the_envelope(void **state)
{
	(void)state;
	const uint64_t before = world_ledger_size(&registrar);
	struct lie lie = honest_lie();
	lie.device.directory = lie.request.directory = bytes_from_text("elsewhere");
	expect_refusal(&lie, refusal_envelope_unsatisfied);
	lie = honest_lie();
	lie.device.format = bytes_from_text("apple");
	expect_refusal(&lie, refusal_envelope_unsatisfied);
	lie = honest_lie();
	lie.device.assurance = 0;
	expect_refusal(&lie, refusal_envelope_unsatisfied);
	assert_int_equal(world_ledger_size(&registrar), before);
}

static void no_vouching_for_a_weak_key(void **state)
{
	(void)state;
	struct device_key weak;
	device_key_new(device_role_key, device_rsa1024, &weak);
	struct lie lie = honest_lie();
	lie.request.spki = bytes_from(weak.spki, weak.spki_size);
	SHA256(weak.spki, weak.spki_size, lie.device.spki_hash);
	expect_refusal(&lie, refusal_public_key_bad);
	device_key_free(&weak);
}

static void no_vouching_for_ever(void **state)
{
	(void)state;
	struct lie lie = honest_lie();
	lie.device.expires_boot_s = clock_boot_s() + 7200;
	expect_refusal(&lie, refusal_voucher_expired);
	lie = honest_lie();
	lie.request.expires_boot_s = clock_boot_s();
	expect_refusal(&lie, refusal_voucher_expired);
}

static void no_voucher_under_another_kinds_key(void **state)
{
	(void)state;
	struct message_issued issued;
	const struct lie lie = honest_lie();
	assert_int_equal(tell(&lie, settings.request_key, &issued).refusal, refusal_voucher_forged);
	assert_int_equal(tell(&lie, settings.ak_key, &issued).refusal, refusal_voucher_forged);
}

/* A name is a name and nothing else, whatever stands in it. */
static void no_certificate_of_an_authority(void **state)
{
	(void)state;
	struct message_issued issued;
	struct lie lie = honest_lie();
	lie.device.identifier = bytes_from_text("x, CN=Keyward Root, CA:TRUE");
	lie.request.identifiers.at[0] = device_identifier("permanent-identifier", "x, CN=Keyward Root, CA:TRUE");
	const status got = tell(&lie, settings.device_key, &issued);
	if (is_refused(got))
		return;
	const unsigned char *at = issued.chain.at[0].data;
	X509 *certificate = d2i_X509(NULL, &at, (long)issued.chain.at[0].size);
	assert_non_null(certificate);
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_true(X509_NAME_entry_count(X509_get_subject_name(certificate)) <= 1);
	X509_free(certificate);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_speaks_to_the_registrar_alone),
		cmocka_unit_test(a_false_voucher_within_the_envelope_is_believed),
		cmocka_unit_test(no_vouching_beyond_the_envelope),
		cmocka_unit_test(no_vouching_for_a_weak_key),
		cmocka_unit_test(no_vouching_for_ever),
		cmocka_unit_test(no_voucher_under_another_kinds_key),
		cmocka_unit_test(no_certificate_of_an_authority),
	};
	world_new(&world, 14803);
	stage_start(&verifier, count > 1 ? arguments[1] : "build", process_VERIFIER, world.configuration, &registrar);
	if (is_refused(wire_decode(message_verifier_settings, verifier.settings, &settings)))
		return 1;
	world_settle(&registrar);
	const int failed = cmocka_run_group_tests_name("verifier", tests, NULL, NULL);
	stage_stop(&verifier, &registrar);
	world_free(&world);
	return failed;
}
