/* SPDX-License-Identifier: Apache-2.0
 * The prober, hijacked, and the registrar with it, so that every lie reaches the real signer: what the key of name vouchers
 * can and cannot buy. The prober alone speaks to nobody of the appliance but the registrar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/voucher.h"
#include "tests/hostile/world.h"

#define INSIDE "www.corp.example"
#define OUTSIDE "www.director.example"

static struct stage prober, registrar = {.seat = process_REGISTRAR};
static struct world world;
static struct message_prober_settings settings;
static struct enrolment enrolment;
static uint64_t ledger_before;

static int remember_ledger(void **state)
{
	(void)state;
	ledger_before = world_ledger_size(&registrar);
	return 0;
}

static void nothing_was_signed(void)
{
	assert_int_equal(world_ledger_size(&registrar), ledger_before);
}

/* The device with a name beside it, honestly but for the probe. */
static void begin(const char *name)
{
	char names[128];
	snprintf(names, sizeof names, "DNS:%s", name);
	const struct device_csr csr = {.key = world.key.key, .alternative_name = names};
	memset(&enrolment, 0, sizeof enrolment);
	enrolment.name = name;
	assert_false(is_refused(world_open(&registrar, WORLD_IDENTIFIER, &enrolment)));
	assert_false(is_refused(world_attest(&registrar, &world, WORLD_IDENTIFIER, &world.account, &world.key,
					     (struct bytes){0}, &enrolment)));
	assert_false(is_refused(world_finalize(&registrar, &world, WORLD_IDENTIFIER, &world.account, &csr, &enrolment)));
}

static struct message_name_voucher lie_of(const char *type, const char *identifier, const char *challenge)
{
	struct message_name_voucher lie = {.expires_boot_s = clock_boot_s() + 600,
					   .directory = bytes_from_text("devices"),
					   .order = bytes_from_text(enrolment.order),
					   .identifier_type = bytes_from_text(type),
					   .identifier = bytes_from_text(identifier),
					   .challenge = bytes_from_text(challenge)};
	memcpy(lie.account_thumbprint, world.account.thumbprint, sizeof lie.account_thumbprint);
	return lie;
}

static struct message_name_voucher honest_lie(void)
{
	return lie_of("dns", enrolment.name, "http-01");
}

/* The name of the refusal. */
static const char *name_of(status got)
{
	return is_refused(got) ? status_entry(got.refusal)->name : "none";
}

static const char *issue(struct bytes device, struct bytes request, const struct message_name_voucher *lies, size_t count)
{
	static uint8_t rooms[2][1024];
	struct message_issued issued;
	struct message_issue ask = {.order = bytes_from_text(enrolment.order),
				    .envelope = bytes_from_text("device"),
				    .device_voucher = device,
				    .name_vouchers = {.count = count},
				    .request_voucher = request};
	for (size_t i = 0; i < count; i++) {
		struct buffer room = BUFFER(rooms[i]);
		assert_false(is_refused(voucher_seal(message_name_voucher, &lies[i], settings.name_key, &room)));
		ask.name_vouchers.at[i] = buffer_view(&room);
	}
	return name_of(stage_call(&registrar, process_SIGNER, message_issue, &ask, &issued));
}

static const char *tell(struct message_name_voucher lie)
{
	return issue(device_view(&enrolment.device_voucher), device_view(&enrolment.request_voucher), &lie, 1);
}

static void it_speaks_to_the_registrar_alone(void **state)
{
	(void)state;
	for (enum process other = process_LOGGER; other < process_count; other++)
		assert_int_equal(prober.channel[other] >= 0, other == process_REGISTRAR);
	assert_int_equal(prober.own_count, 0);
}

/* What it does get, so that the refusals below mean something. */
static void a_false_voucher_within_the_envelope_is_believed(void **state)
{
	(void)state;
	begin(INSIDE);
	assert_string_equal(tell(honest_lie()), "none");
	assert_int_equal(world_ledger_size(&registrar), ledger_before + 1);
}

static void no_vouching_for_a_device(void **state)
{
	static const char *const challenges[] = {"device-attest-01", "http-01", "dns-01", "tls-alpn-01"};
	(void)state;
	begin(INSIDE);
	for (size_t i = 0; i < sizeof challenges / sizeof challenges[0]; i++) {
		const struct message_name_voucher lies[] = {
			lie_of("permanent-identifier", WORLD_IDENTIFIER, challenges[i]), honest_lie()};
		assert_string_equal(issue((struct bytes){0}, device_view(&enrolment.request_voucher), lies, 2),
				    "voucher_mismatch");
	}
	nothing_was_signed();
}

/* The one key that it has, where another belongs. */
static void no_voucher_of_another_kind(void **state)
{
	uint8_t device_room[2048], request_room[2048];
	struct buffer device = BUFFER(device_room), request = BUFFER(request_room);
	struct message_device_voucher of_device = {.expires_boot_s = clock_boot_s() + 600,
						   .directory = bytes_from_text("devices"),
						   .identifier_type = bytes_from_text("permanent-identifier"),
						   .identifier = bytes_from_text(WORLD_IDENTIFIER),
						   .format = bytes_from_text("tpm"),
						   .assurance = 1};
	struct message_request_voucher of_request = {.expires_boot_s = clock_boot_s() + 600,
						     .directory = bytes_from_text("devices"),
						     .spki = bytes_from(world.key.spki, world.key.spki_size)};
	(void)state;
	begin(INSIDE);
	of_device.order = of_request.order = bytes_from_text(enrolment.order);
	SHA256(world.key.spki, world.key.spki_size, of_device.spki_hash);
	assert_false(is_refused(voucher_seal(message_device_voucher, &of_device, settings.name_key, &device)));
	assert_false(is_refused(voucher_seal(message_request_voucher, &of_request, settings.name_key, &request)));
	const struct message_name_voucher lie = honest_lie();
	assert_string_equal(issue(buffer_view(&device), device_view(&enrolment.request_voucher), &lie, 1), "voucher_forged");
	assert_string_equal(issue(device_view(&enrolment.device_voucher), buffer_view(&request), &lie, 1), "voucher_forged");
	nothing_was_signed();
}

static void no_name_outside_the_envelope(void **state)
{
	(void)state;
	begin(OUTSIDE);
	assert_string_equal(tell(honest_lie()), "envelope_name_outside");
	nothing_was_signed();
}

static void no_name_that_is_not_ordered(void **state)
{
	(void)state;
	begin(INSIDE);
	assert_string_equal(tell(lie_of("dns", "ftp.corp.example", "http-01")), "voucher_mismatch");
	assert_string_equal(tell(lie_of("dns", "*.corp.example", "dns-01")), "voucher_mismatch");
	assert_string_equal(tell(lie_of("ip", INSIDE, "http-01")), "voucher_mismatch");
	nothing_was_signed();
}

static void no_voucher_for_another_order(void **state)
{
	char earlier[sizeof enrolment.order];
	(void)state;
	begin(INSIDE);
	memcpy(earlier, enrolment.order, sizeof earlier);
	begin(INSIDE);
	struct message_name_voucher lie = honest_lie();
	lie.order = bytes_from_text(earlier);
	assert_string_equal(tell(lie), "voucher_mismatch");
	lie = honest_lie();
	lie.directory = bytes_from_text("elsewhere");
	assert_string_equal(tell(lie), "voucher_mismatch");
	lie = honest_lie();
	memcpy(lie.account_thumbprint, world.other_account.thumbprint, sizeof lie.account_thumbprint);
	assert_string_equal(tell(lie), "voucher_mismatch");
	nothing_was_signed();
}

static void no_voucher_for_ever(void **state)
{
	(void)state;
	begin(INSIDE);
	struct message_name_voucher lie = honest_lie();
	lie.expires_boot_s = clock_boot_s() + 7200;
	assert_string_equal(tell(lie), "voucher_expired");
	lie.expires_boot_s = clock_boot_s();
	assert_string_equal(tell(lie), "voucher_expired");
	nothing_was_signed();
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
#define HOSTILE(name) cmocka_unit_test_setup(name, remember_ledger)
		HOSTILE(it_speaks_to_the_registrar_alone),
		HOSTILE(a_false_voucher_within_the_envelope_is_believed),
		HOSTILE(no_vouching_for_a_device),
		HOSTILE(no_voucher_of_another_kind),
		HOSTILE(no_name_outside_the_envelope),
		HOSTILE(no_name_that_is_not_ordered),
		HOSTILE(no_voucher_for_another_order),
		HOSTILE(no_voucher_for_ever),
	};
	char command[256];
	world_new(&world, 14806);
	snprintf(command, sizeof command, "sed -i 's/^#\tdns_suffixes/\tdns_suffixes/' %s", world.configuration);
	if (system(command) != 0)
		return 1;
	stage_start(&prober, count > 1 ? arguments[1] : "build", process_PROBER, world.configuration, &registrar);
	if (is_refused(wire_decode(message_prober_settings, prober.settings, &settings)))
		return 1;
	world_settle(&registrar);
	const int failed = cmocka_run_group_tests_name("prober", tests, NULL, NULL);
	stage_stop(&prober, &registrar);
	world_free(&world);
	return failed;
}
