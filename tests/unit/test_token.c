/* SPDX-License-Identifier: Apache-2.0
 * The token with a real SoftHSM2, and with a module of tests/signer/faulty_module.c that fails as a real one may. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/signer/faulty_module.h"
#include "tests/signer/fixture.h"

#define FAULTY "build/helpers/faulty_module.so"

static struct fixture fixture;
static struct token_want wants[fixture_key_count];
static char why[token_why_room];

static int make(void **state)
{
	(void)state;
	fixture_open(&fixture);
	fixture_wants(&fixture, wants);
	return 0;
}

static int give_up(void **state)
{
	(void)state;
	fixture_close(&fixture);
	return 0;
}

static status open_with(const struct token_settings *settings, const char *pin, struct token **out)
{
	return token_open(settings, bytes_from_text(pin), out, why);
}

/* Opening is refused, with a sentence that has this in it. */
static void expect_refusal(enum refusal wanted, const struct token_settings *settings, const char *pin, const char *part)
{
	struct token *token = NULL;
	const status opened = open_with(settings, pin, &token);
	assert_int_equal(opened.refusal, wanted);
	assert_null(token);
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", why, part);
}

static void expect_sentence(const struct token_settings *settings, const char *pin, const char *part)
{
	expect_refusal(refusal_token_failed, settings, pin, part);
}

static struct token_settings plain(void)
{
	return fixture_token(&fixture, wants, fixture_key_count);
}

static struct token *opened(const struct token_settings *settings)
{
	struct token *token = NULL;
	const status done = open_with(settings, FIXTURE_PIN, &token);
	if (is_refused(done))
		fail_msg("%s", why);
	return token;
}

static status try_sign(struct token *token, size_t key, const char *text)
{
	uint8_t room[token_longest_signature];
	struct buffer signature = BUFFER(room);
	const status done = token_sign(token, key, bytes_from_text(text), &signature);
	assert_true(is_refused(done) == (signature.size == 0));
	return done;
}

static void each_key_signs_and_the_signature_verifies(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	struct token *token = opened(&settings);
	for (size_t key = 0; key < fixture_key_count; key++) {
		uint8_t room[token_longest_signature];
		struct buffer signature = BUFFER(room);
		assert_false(is_refused(token_sign(token, key, bytes_from_text("a text"), &signature)));
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, fixture.public_keys[key]), 1);
		assert_int_equal(EVP_DigestVerify(context, room, signature.size, (const uint8_t *)"a text", 6), 1);
		EVP_MD_CTX_free(context);
	}
	assert_int_equal(try_sign(token, fixture_key_count, "no such key").refusal, refusal_token_failed);
	token_close(token);
}

static void case_85_a_missing_token_is_said(void **state)
{
	(void)state;
	struct token_settings settings = plain();
	settings.label = "another token";
	expect_refusal(refusal_token_absent, &settings, FIXTURE_PIN, "There is no token \"another token\"");
}

static void case_85_a_missing_module_is_said(void **state)
{
	(void)state;
	struct token_settings settings = plain();
	settings.module = "/nowhere/module.so";
	expect_sentence(&settings, FIXTURE_PIN, "/nowhere/module.so");
	assert_int_equal(token_load("/nowhere/module.so", why).refusal, refusal_token_failed);
	assert_non_null(strstr(why, "cannot be loaded"));
}

static void case_85_a_missing_key_is_said(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	snprintf(wants[0].label, sizeof wants[0].label, "no-such-key");
	expect_sentence(&settings, FIXTURE_PIN, "no private key \"no-such-key\"");
	fixture_wants(&fixture, wants);
}

static void case_85_two_keys_with_one_label_are_said(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	fixture_generate(&fixture, "issuer", 77, false);
	expect_sentence(&settings, FIXTURE_PIN, "more than one private key \"issuer\"");
	fixture_destroy(&fixture, "issuer", 77);
	token_close(opened(&settings));
}

static void case_85_two_keys_with_one_id_are_said(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	fixture_generate(&fixture, "stranger", fixture_issuer + 1, false);
	expect_sentence(&settings, FIXTURE_PIN, "has the CKA_ID of the key \"issuer\"");
	fixture_destroy(&fixture, "stranger", fixture_issuer + 1);
}

static void case_85_a_certificate_of_another_key_is_said(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	EVP_PKEY *other = fixture_device_key();
	wants[fixture_issuer].public_key = other;
	expect_sentence(&settings, FIXTURE_PIN, "not the one of its certificate: \"issuer\"");
	fixture_wants(&fixture, wants);
	EVP_PKEY_free(other);
}

static void two_roles_with_one_key_or_label_are_said(void **state)
{
	(void)state;
	const struct token_settings settings = plain();
	wants[fixture_audit].public_key = fixture.public_keys[fixture_issuer];
	expect_sentence(&settings, FIXTURE_PIN, "Another role shares the key");
	fixture_wants(&fixture, wants);
	snprintf(wants[fixture_audit].label, sizeof wants[0].label, "issuer");
	expect_sentence(&settings, FIXTURE_PIN, "Two roles share the label");
	fixture_wants(&fixture, wants);
}

static void an_extractable_key_is_said(void **state)
{
	(void)state;
	struct token_want loose[1] = {{.label = "loose", .public_key = fixture.public_keys[fixture_issuer]}};
	const struct token_settings settings = fixture_token(&fixture, loose, 1);
	fixture_generate(&fixture, "loose", 99, true);
	expect_sentence(&settings, FIXTURE_PIN, "The key \"loose\" is not sensitive");
	fixture_destroy(&fixture, "loose", 99);
}

/* Neither a mistyped module nor a mistyped label makes a key in software: nothing is made at all. */
static void case_87_a_mistyped_token_makes_no_key_in_software(void **state)
{
	static const char *const modules[] = {"pkcs11:token=Keyward%20test;object=issuer", "file:/tmp/key.pem", ""};
	char command[400];
	(void)state;
	struct token_settings settings = plain();
	for (size_t i = 0; i < 3; i++) {
		settings.module = modules[i];
		expect_sentence(&settings, FIXTURE_PIN, "PKCS#11 module");
	}
	settings = plain();
	settings.label = "pkcs11:token=Keyward%20test";
	expect_refusal(refusal_token_absent, &settings, FIXTURE_PIN, "There is no token");
	/* the folder holds what it held: the token's objects and its settings */
	snprintf(command, sizeof command, "test -z \"$(find '%s' -newer '%s/softhsm2.conf' -name '*.pem' -o -name '*.key')\"",
		 fixture.folder, fixture.folder);
	assert_int_equal(system(command), 0);
}

/* ---- the module that fails ---- */

static struct faulty_module *faults(void)
{
	void *library = dlopen(FAULTY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		fail_msg("%s", dlerror());
	struct faulty_module *module = dlsym(library, "faulty_module");
	assert_non_null(module);
	*module = (struct faulty_module){0};
	return module;
}

static struct token_settings failing(void)
{
	struct token_settings settings = plain();
	settings.module = FAULTY;
	return settings;
}

static void case_85_a_wrong_pin_is_tried_once(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	expect_sentence(&settings, "wrong-pin", "refused the sealed PIN");
	assert_int_equal(module->logins, 1);
	expect_sentence(&settings, "", "empty or too long");
	assert_int_equal(module->logins, 1);
	token_close(opened(&settings)); /* the right one clears the counter */
}

static void case_85_the_last_try_of_the_pin_is_not_spent(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	module->flags_set = faulty_pin_final_try;
	expect_sentence(&settings, FIXTURE_PIN, "one last attempt");
	module->flags_set = faulty_pin_locked;
	expect_sentence(&settings, FIXTURE_PIN, "PIN is locked");
	module->flags_set = faulty_pin_to_be_changed;
	expect_sentence(&settings, FIXTURE_PIN, "must be changed");
	module->flags_set = 0;
	module->flags_cleared = faulty_login_required;
	expect_sentence(&settings, FIXTURE_PIN, "asks for no PIN");
	assert_int_equal(module->logins, 0);
}

static void each_attribute_of_custody_is_asked_for(void **state)
{
	(void)state;
	static const char *const sentences[] = {"without the PIN", "not sensitive",  "not always sensitive", "is extractable",
						"extractable once", "not made on the token", "not for signing"};
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	for (unsigned i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
		module->lies_about = i + 1;
		expect_sentence(&settings, FIXTURE_PIN, sentences[i]);
	}
}

static void case_89_a_signature_with_a_flipped_bit_is_not_released(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	struct token *token = opened(&settings);
	for (unsigned bit = 0; bit < 512; bit += 37) {
		module->flips = 1;
		module->flipped_bit = bit;
		const status done = try_sign(token, fixture_issuer, "a text");
		assert_int_equal(done.refusal, refusal_token_signature_wrong);
	}
	module->flips = 1;
	assert_int_equal(try_sign(token, fixture_rsa, "a text").refusal, refusal_token_signature_wrong);
	assert_false(is_refused(try_sign(token, fixture_issuer, "a text")));
	assert_false(token_is_dead(token));
	token_close(token);
}

static void a_session_that_a_failed_signature_left_unusable_is_replaced(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	struct token *token = opened(&settings);
	const unsigned sessions = module->sessions;
	module->sticks = 1; /* this session never ends its operation */
	assert_false(is_refused(try_sign(token, fixture_issuer, "a text")));
	assert_int_equal(module->sessions, sessions + 1);
	assert_int_equal(module->logins, 1);
	assert_false(token_is_dead(token));
	token_close(token);
}

static void case_85_a_token_that_is_removed_mid_way_fails_and_never_hangs(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	struct token *token = opened(&settings);
	module->is_removed = 1;
	assert_int_equal(try_sign(token, fixture_issuer, "a text").refusal, refusal_token_absent);
	assert_true(token_is_dead(token));
	expect_refusal(refusal_token_absent, &settings, FIXTURE_PIN, "opens no session");
	assert_int_equal(module->logins, 1);
	module->is_removed = 0;
	assert_int_equal(try_sign(token, fixture_issuer, "a text").refusal, refusal_token_failed);
	token_close(token);
}

static void a_token_that_allows_no_copies_still_signs(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	module->refuses_copies = 1;
	struct token *token = opened(&settings);
	assert_false(is_refused(try_sign(token, fixture_issuer, "a text")));
	assert_false(is_refused(try_sign(token, fixture_rsa, "a text")));
	token_close(token);
}

static void signatures_are_made_with_copies_in_the_session(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	struct token *token = opened(&settings);
	assert_int_equal(module->copies, fixture_key_count);
	token_close(token);
}

static void a_module_that_opens_no_session_is_said(void **state)
{
	(void)state;
	struct faulty_module *module = faults();
	const struct token_settings settings = failing();
	module->opens_no_session = 1;
	expect_sentence(&settings, FIXTURE_PIN, "opens no session");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_signs_and_the_signature_verifies),
		cmocka_unit_test(case_85_a_missing_token_is_said),
		cmocka_unit_test(case_85_a_missing_module_is_said),
		cmocka_unit_test(case_85_a_missing_key_is_said),
		cmocka_unit_test(case_85_two_keys_with_one_label_are_said),
		cmocka_unit_test(case_85_two_keys_with_one_id_are_said),
		cmocka_unit_test(case_85_a_certificate_of_another_key_is_said),
		cmocka_unit_test(two_roles_with_one_key_or_label_are_said),
		cmocka_unit_test(an_extractable_key_is_said),
		cmocka_unit_test(case_87_a_mistyped_token_makes_no_key_in_software),
		cmocka_unit_test(case_85_a_wrong_pin_is_tried_once),
		cmocka_unit_test(case_85_the_last_try_of_the_pin_is_not_spent),
		cmocka_unit_test(each_attribute_of_custody_is_asked_for),
		cmocka_unit_test(case_89_a_signature_with_a_flipped_bit_is_not_released),
		cmocka_unit_test(a_session_that_a_failed_signature_left_unusable_is_replaced),
		cmocka_unit_test(case_85_a_token_that_is_removed_mid_way_fails_and_never_hangs),
		cmocka_unit_test(a_token_that_allows_no_copies_still_signs),
		cmocka_unit_test(signatures_are_made_with_copies_in_the_session),
		cmocka_unit_test(a_module_that_opens_no_session_is_said),
	};
	return cmocka_run_group_tests_name("token", tests, make, give_up);
}
