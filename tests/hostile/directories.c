/* SPDX-License-Identifier: Apache-2.0
 * The registrar, hijacked, beside a lax directory and a strict one: it may not use in one what the other let pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/hostile/world.h"

#define PATH "a-secret-path-of-the-strict"
#define HARDWARE "id:494E5443"

static struct stage stage;
static struct world world;
static uint64_t before;

/* One more directory, which takes AKs of another maker alone, and no TPM that is software. */
static void add_strict(void)
{
	char path[160];
	snprintf(path, sizeof path, "%s/strict.der", world.folder);
	FILE *file = fopen(path, "we");
	DEVICE_NEED(file != NULL && fwrite(world.stranger.der, 1, world.stranger.size, file) == world.stranger.size &&
		    fclose(file) == 0);
	file = fopen(world.configuration, "ae");
	DEVICE_NEED(file != NULL);
	fprintf(file,
		"directory strict {\n\tpath = \"" PATH "\"\n\tenvelope = strict\n\tak_roots = { \"%s\" }\n}\n"
		"envelope strict {\n\tissuer = issuing\n\tdirectory = strict\n\tformat = tpm\n\tassurance = 2\n"
		"\tlongest_validity = 86400\n\tsubject_cn = \"{identifier}\"\n}\n",
		path);
	DEVICE_NEED(fclose(file) == 0);
}

static int remember_ledger(void **state)
{
	(void)state;
	before = world_ledger_size(&stage);
	return 0;
}

static void expect(status got, enum refusal wanted)
{
	assert_string_equal(got.refusal == refusal_none ? "none" : status_entry(got.refusal)->name,
			    wanted == refusal_none ? "none" : status_entry(wanted)->name);
}

static struct enrolment in_lax(void)
{
	return (struct enrolment){.directory = "devices", .envelope = "device"};
}

static struct enrolment in_strict(void)
{
	return (struct enrolment){.directory = "strict", .path = PATH, .envelope = "strict"};
}

/* The device's statement for the open order, its AK certified by that maker. */
static status attest_by(struct device_authority *maker, const char *manufacturer, struct enrolment *enrolment)
{
	static struct device_octets certificate, statement;
	certificate.size = statement.size = 0;
	device_certificate_build(&(struct device_certificate){.authority = maker,
							      .key = &world.ak,
							      .manufacturer = manufacturer,
							      .permanent_identifier = WORLD_IDENTIFIER},
				 &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	device_statement_build(&(struct device_statement){.ak = &world.ak,
							  .key = &world.key,
							  .token = bytes_from_text(enrolment->token),
							  .thumbprint = world.account.thumbprint,
							  .chain = chain,
							  .chain_count = 1},
			       &statement);
	return world_judge(&stage, WORLD_IDENTIFIER, &world.account, device_view(&statement), (struct bytes){0}, enrolment);
}

static status finalize(struct enrolment *enrolment)
{
	const struct device_csr csr = {.key = world.key.key, .subject = WORLD_IDENTIFIER};
	return world_finalize(&stage, &world, WORLD_IDENTIFIER, &world.account, &csr, enrolment);
}

static void vouch(struct device_authority *maker, const char *manufacturer, struct enrolment *enrolment)
{
	expect(world_open(&stage, WORLD_IDENTIFIER, enrolment), refusal_none);
	expect(attest_by(maker, manufacturer, enrolment), refusal_none);
	expect(finalize(enrolment), refusal_none);
}

/* What it does get, so that the refusals below mean something. */
static void each_directory_certifies_its_own_devices(void **state)
{
	(void)state;
	static struct enrolment lax, strict;
	struct message_issued issued;
	lax = in_lax();
	strict = in_strict();
	vouch(&world.ak_maker, NULL, &lax);
	expect(world_issue(&stage, &lax, 0, &issued), refusal_none);
	vouch(&world.stranger, HARDWARE, &strict);
	expect(world_issue(&stage, &strict, 0, &issued), refusal_none);
	assert_int_equal(world_ledger_size(&stage), before + 2);
}

static void vouchers_of_the_lax_directory_buy_nothing_of_the_strict_ones(void **state)
{
	(void)state;
	static struct enrolment lax, strict;
	struct message_issued issued;
	lax = in_lax();
	strict = in_strict();
	vouch(&world.ak_maker, NULL, &lax);
	lax.envelope = "strict";
	expect(world_issue(&stage, &lax, 0, &issued), refusal_envelope_unsatisfied);
	vouch(&world.stranger, HARDWARE, &strict);
	strict.device_voucher = lax.device_voucher;
	expect(world_issue(&stage, &strict, 0, &issued), refusal_voucher_mismatch);
	assert_int_equal(world_ledger_size(&stage), before);
}

static void the_strict_directory_judges_by_its_own_roots_and_rules(void **state)
{
	(void)state;
	static struct enrolment strict, lax;
	strict = in_strict();
	lax = in_lax();
	expect(world_open(&stage, WORLD_IDENTIFIER, &strict), refusal_none);
	expect(attest_by(&world.ak_maker, HARDWARE, &strict), refusal_tpm_chain_untrusted);
	expect(attest_by(&world.stranger, NULL, &strict), refusal_tpm_vendor_virtual);
	expect(world_open(&stage, WORLD_IDENTIFIER, &lax), refusal_none);
	expect(attest_by(&world.stranger, HARDWARE, &lax), refusal_tpm_chain_untrusted);
	assert_int_equal(world_ledger_size(&stage), before);
}

static void an_order_of_one_directory_is_none_of_the_other(void **state)
{
	(void)state;
	static struct enrolment lax, moved;
	lax = in_lax();
	vouch(&world.ak_maker, NULL, &lax);
	moved = lax;
	moved.directory = "strict";
	moved.path = PATH;
	expect(attest_by(&world.stranger, HARDWARE, &moved), refusal_token_forged);
	expect(finalize(&moved), refusal_order_forged);
	moved = lax;
	moved.path = PATH; /* what the client signed for the other directory's URL */
	expect(finalize(&moved), refusal_url_wrong);
	assert_int_equal(world_ledger_size(&stage), before);
}

/* Its EK roots are its own too: no AK of the lax directory's makers is enrolled in its name. */
static void no_ak_is_enrolled_where_its_maker_is_not_trusted(void **state)
{
	(void)state;
	struct message_ak_begun begun;
	struct message_ak_begin ask = {.directory = bytes_from_text("devices"),
				       .ek_certificate = device_view(&world.ek_certificate),
				       .ek_public = bytes_from(world.ek.area, world.ek.area_size),
				       .ak_public = bytes_from(world.ak.area, world.ak.area_size)};
	memcpy(ask.account_thumbprint, world.account.thumbprint, sizeof ask.account_thumbprint);
	expect(stage_call(&stage, process_VERIFIER, message_ak_begin, &ask, &begun), refusal_none);
	ask.directory = bytes_from_text("strict");
	expect(stage_call(&stage, process_VERIFIER, message_ak_begin, &ask, &begun), refusal_ek_certificate_untrusted);
	assert_int_equal(world_ledger_size(&stage), before);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
#define HOSTILE(name) cmocka_unit_test_setup(name, remember_ledger)
		HOSTILE(each_directory_certifies_its_own_devices),
		HOSTILE(vouchers_of_the_lax_directory_buy_nothing_of_the_strict_ones),
		HOSTILE(the_strict_directory_judges_by_its_own_roots_and_rules),
		HOSTILE(an_order_of_one_directory_is_none_of_the_other),
		HOSTILE(no_ak_is_enrolled_where_its_maker_is_not_trusted),
	};
	world_new(&world, 14808);
	add_strict();
	stage_start(&stage, count > 1 ? arguments[1] : "build", process_REGISTRAR, world.configuration, NULL);
	world_settle(&stage);
	const int failed = cmocka_run_group_tests_name("directories", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
