/* SPDX-License-Identifier: Apache-2.0
 * Settings that a person must put right: the signer says in a sentence what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signer/stage.h"

static void expect_sentence(const struct message_signer_settings *settings, const char *part)
{
	struct signer *signer = calloc(1, sizeof *signer);
	char why[signer_why_room];
	stage_expect(signer_configure(settings, signer, why), refusal_internal);
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", why, part);
	signer_close(signer);
	free(signer);
}

static struct bytes key_record(uint8_t *room, size_t size, size_t certificate, const char *role, const char *label)
{
	struct buffer out = {.data = room, .room = size};
	const struct message_signer_key record = {
	    .role = bytes_from_text(role),
	    .label = bytes_from_text(label),
	    .certificate =
		bytes_from(stage.fixture.certificates[certificate], stage.fixture.certificate_sizes[certificate])};
	stage_must(wire_encode(message_signer_key, &record, &out));
	return buffer_view(&out);
}

static void wrong_keys_in_the_settings_are_said(void **state)
{
	uint8_t room[1500];
	struct message_signer_settings settings = stage.fixture.settings;
	(void)state;
	settings.keys.count = fixture_audit;
	expect_sentence(&settings, "lack one of the roles");
	settings = stage.fixture.settings;
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_rsa, "audit", "second");
	expect_sentence(&settings, "audit key's certificate is a CA");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_audit, "audit", "second");
	expect_sentence(&settings, "has a key already");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_audit, "issuer", "second");
	expect_sentence(&settings, "not one of a CA");
	settings.keys.at[fixture_rsa] = key_record(room, sizeof room, fixture_rsa, "janitor", "second");
	expect_sentence(&settings, "no such role");
	settings.keys.at[fixture_rsa] = bytes_from("junk", 4);
	expect_sentence(&settings, "malformed");
	settings = stage.fixture.settings;
	settings.keys.at[fixture_root] = key_record(room, sizeof room, fixture_issuer, "root", "root");
	expect_sentence(&settings, "signed by none");
}

static void wrong_envelopes_and_names_in_the_settings_are_said(void **state)
{
	static const struct {
		const char *name, *issuer, *usage, *subject, *part;
		uint32_t longest_s;
	} rows[] = {
	    {"a", "nobody", "clientAuth", "", "No key of role issuer", 60},
	    {"a", "audit", "clientAuth", "", "No key of role issuer", 60},
	    {"a", "issuer", "anyExtendedKeyUsage", "", "does not issue", 60},
	    {"a", "issuer", "clientAuth", "{serial}", "other than {identifier}", 60},
	    {"a", "issuer", "clientAuth", "", "allows no validity", 0},
	    {"device", "issuer", "clientAuth", "", "Two envelopes", 60},
	};
	struct message_signer_settings settings;
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t room[400];
		struct buffer out = BUFFER(room);
		const struct message_envelope envelope = {.name = bytes_from_text(rows[i].name),
							  .issuer = bytes_from_text(rows[i].issuer),
							  .longest_validity_s = rows[i].longest_s,
							  .subject_cn = bytes_from_text(rows[i].subject),
							  .extended_usage = bytes_from_text(rows[i].usage)};
		stage_must(wire_encode(message_envelope, &envelope, &out));
		settings = stage.fixture.settings;
		settings.envelopes.at[settings.envelopes.count++] = buffer_view(&out);
		expect_sentence(&settings, rows[i].part);
	}
	settings = stage.fixture.settings;
	settings.origin_name = bytes_from_text("a b");
	expect_sentence(&settings, "no name for a ledger");
	settings = stage.fixture.settings;
	settings.tls_issuer = bytes_from_text("ak-issuer");
	expect_sentence(&settings, "listener names");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_keys_in_the_settings_are_said),
	    cmocka_unit_test(wrong_envelopes_and_names_in_the_settings_are_said),
	};
	return cmocka_run_group_tests_name("signer_settings", tests, stage_open, stage_close);
}
