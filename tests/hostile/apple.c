/* SPDX-License-Identifier: Apache-2.0
 * The registrar, hijacked, in a directory that takes Apple's statements too. They bind the token alone, so it can hand one in under any
 * account; what it cannot get is a certificate for another key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/device/apple.h"
#include "tests/hostile/world.h"

#define SERIAL "TMWFWWWP67"

static struct stage stage;
static struct world world;
static struct device_authority root;
static uint64_t before;

/* The configuration of the world with both formats, in the directory and in the envelope. */
static void take_apple(void)
{
	char command[512], path[128];
	device_authority_new(&(struct device_authority_options){.name = "Attestation Root"}, &root);
	snprintf(path, sizeof path, "%s/apple.der", world.folder);
	FILE *file = fopen(path, "we");
	DEVICE_NEED(file != NULL && fwrite(root.der, 1, root.size, file) == root.size && fclose(file) == 0);
	snprintf(command, sizeof command,
		 "sed -i -e 's|formats = .*|formats = { tpm, apple }\\n\\tapple_roots = { \"%s\" }|' "
		 "-e 's|format = tpm.*|format = { tpm, apple }|' %s",
		 path, world.configuration);
	DEVICE_NEED(system(command) == 0);
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

/* An order by that name and what Apple says of the Mac's key for the order's token. */
static void attest_as(const char *identifier, struct enrolment *out, struct device_octets *statement)
{
	memset(out, 0, sizeof *out);
	expect(world_open(&stage, identifier, out), refusal_none);
	device_apple_build(&(struct device_apple){.authority = &root,
						  .key = world.key.key,
						  .token = bytes_from_text(out->token),
						  .serial = SERIAL,
						  .udid = "00006030-000651690A84001C"},
			   statement);
}

static void attest(struct enrolment *out, struct device_octets *statement)
{
	attest_as(SERIAL, out, statement);
}

static status judge(const struct device_octets *statement, const struct device_account *account, struct enrolment *enrolment)
{
	return world_judge(&stage, SERIAL, account, device_view(statement), bytes_from(NULL, 0), enrolment);
}

static status finalize(const struct device_key *key, EVP_PKEY *signer, const struct device_account *account,
		       struct enrolment *enrolment)
{
	const struct device_csr csr = {.key = key->key, .signer = signer, .subject = SERIAL};
	return world_finalize(&stage, &world, SERIAL, account, &csr, enrolment);
}

static void an_apple_device_is_issued_a_certificate_and_entered(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	static struct device_octets statement;
	struct message_issued issued;
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	attest(&enrolment, &statement);
	expect(judge(&statement, &world.account, &enrolment), refusal_none);
	expect(finalize(&world.key, NULL, &world.account, &enrolment), refusal_none);
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_none);
	const struct message_entry_read read = {.entry = issued.entry};
	expect(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given), refusal_none);
	assert_false(is_refused(wire_decode(message_ledger_entry, given.leaf, &leaf)));
	assert_true(bytes_equal_text(leaf.identifier, SERIAL));
	assert_int_equal(world_ledger_size(&stage), before + 1);
}

static void a_tpm_is_served_beside_it(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	struct message_issued issued;
	world_vouch(&stage, &world, &enrolment);
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_none);
}

static void case_63_no_certificate_for_a_key_that_apple_did_not_attest(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	static struct device_octets statement;
	struct message_issued issued;
	attest(&enrolment, &statement);
	expect(judge(&statement, &world.account, &enrolment), refusal_none);
	expect(finalize(&world.other_key, NULL, &world.account, &enrolment), refusal_none);
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_voucher_mismatch);
	assert_int_equal(world_ledger_size(&stage), before);
}

/* A relay: the device's statement under a stranger's account, who has not the device's key. */
static void a_strangers_account_gains_nothing_by_a_devices_statement(void **state)
{
	(void)state;
	static struct enrolment enrolment;
	static struct device_octets statement;
	struct message_issued issued;
	attest(&enrolment, &statement);
	expect(judge(&statement, &world.other_account, &enrolment), refusal_none);
	expect(finalize(&world.other_key, NULL, &world.other_account, &enrolment), refusal_none);
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_voucher_mismatch);
	expect(finalize(&world.key, world.other_key.key, &world.other_account, &enrolment), refusal_csr_signature_wrong);
	assert_int_equal(world_ledger_size(&stage), before);
}

static void case_54_no_statement_serves_another_order(void **state)
{
	(void)state;
	static struct enrolment first, second;
	static struct device_octets statement, unused;
	attest(&first, &statement);
	attest(&second, &unused);
	expect(judge(&statement, &world.account, &second), refusal_apple_freshness_wrong);
	expect(judge(&statement, &world.account, &first), refusal_none);
	memcpy(second.token, first.token, sizeof second.token);
	expect(judge(&statement, &world.account, &second), refusal_token_forged);
	assert_int_equal(world_ledger_size(&stage), before);
}

/* The leaf of the certificate that an order by the code gets with that record. */
static void enrol_by_code(const char *code, const struct device_octets *record, char identifier[64])
{
	static struct enrolment enrolment;
	static struct device_octets statement;
	struct message_issued issued;
	struct message_entry_given given;
	struct message_ledger_entry leaf;
	const struct device_csr csr = {.key = world.key.key, .subject = code};
	attest_as(code, &enrolment, &statement);
	expect(world_judge(&stage, code, &world.account, device_view(&statement), device_view(record), &enrolment), refusal_none);
	expect(world_finalize(&stage, &world, code, &world.account, &csr, &enrolment), refusal_none);
	expect(world_issue(&stage, &enrolment, 0, &issued), refusal_none);
	const struct message_entry_read read = {.entry = issued.entry};
	expect(stage_call(&stage, process_SIGNER, message_entry_read, &read, &given), refusal_none);
	assert_false(is_refused(wire_decode(message_ledger_entry, given.leaf, &leaf)));
	snprintf(identifier, 64, "%.*s", (int)leaf.identifier.size, (const char *)leaf.identifier.data);
}

/* It keeps the codes, so it can use one again; what that gets is the same device's name. */
static void a_code_certifies_the_device_that_it_was_made_for_and_nobody_else(void **state)
{
	(void)state;
	static struct device_octets record, other, statement;
	static struct enrolment enrolment;
	char identifier[64];
	world_sign_record(&stage, &world, "code-1", "\"format\":\"apple\",\"serial\":\"" SERIAL "\",\"oneTime\":true", 1, &record);
	world_sign_record(&stage, &world, "code-2", "\"format\":\"apple\",\"serial\":\"ANOTHER\",\"oneTime\":true", 1, &other);
	for (int i = 0; i < 2; i++) {
		enrol_by_code("code-1", &record, identifier);
		assert_string_equal(identifier, SERIAL);
	}
	before += 2;
	attest_as("code-2", &enrolment, &statement);
	const struct bytes records[] = {device_view(&other), device_view(&record), bytes_from(NULL, 0)};
	const enum refusal refusals[] = {refusal_record_mismatch, refusal_record_mismatch, refusal_identity_mismatch};
	for (size_t i = 0; i < 3; i++)
		expect(world_judge(&stage, "code-2", &world.account, device_view(&statement), records[i], &enrolment), refusals[i]);
	assert_int_equal(world_ledger_size(&stage), before);
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
#define HOSTILE(name) cmocka_unit_test_setup(name, remember_ledger)
		HOSTILE(an_apple_device_is_issued_a_certificate_and_entered),
		HOSTILE(a_tpm_is_served_beside_it),
		HOSTILE(case_63_no_certificate_for_a_key_that_apple_did_not_attest),
		HOSTILE(a_strangers_account_gains_nothing_by_a_devices_statement),
		HOSTILE(case_54_no_statement_serves_another_order),
		HOSTILE(a_code_certifies_the_device_that_it_was_made_for_and_nobody_else),
	};
	world_new(&world, 14805);
	take_apple();
	stage_start(&stage, count > 1 ? arguments[1] : "build", process_REGISTRAR, world.configuration, NULL);
	world_settle(&stage);
	const int failed = cmocka_run_group_tests_name("apple", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
