/* SPDX-License-Identifier: Apache-2.0
 * Several directories at one verifier: formats, roots, rules and enrolled AKs of one are of no use in another. */
#include "attest/verifier/known_root.h"
#include "firmware/boundary/voucher.h"
#include "tests/unit/statement_stage.h"

#define HARDWARE .manufacturer = "id:494E5443"

static struct verifier both;
static uint8_t order_room[512];
static struct message_order_opened order;

/* Beside the stage's directory, which trusts a foreign issuer of AKs and takes software TPMs, one that does neither. */
static int set_up_both(void **state)
{
	struct detail detail = {.text = ""};
	const struct message_verifier_directory strict = {
		.name = bytes_from_text("strict"), .path = bytes_from_text("a-secret-of-22-letters"), .formats = {{bytes_from_text("tpm")}, 1}};
	set_up(state);
	struct message_verifier_settings settings = stage.verifier.settings;
	settings.directories.at[settings.directories.count++] = device_directory(&strict);
	assert_true(verifier_open(&settings, &both, &detail));
	return 0;
}

static int tear_down_both(void **state)
{
	verifier_close(&both);
	return tear_down(state);
}

static void open_order_in(const char *directory)
{
	struct buffer room = BUFFER(order_room);
	const struct message_order_open open = {.directory = bytes_from_text(directory),
						.identifiers = {{device_identifier("permanent-identifier", stage.identifier)}, 1}};
	assert_false(is_refused(verifier_order_open(&both, &open, &room, &order)));
}

/* The refusal in `directory` of a statement for the open order; the voucher of one that is good names that directory. */
static enum refusal judge_in(const char *directory, const struct device_certificate *knobs)
{
	struct device_octets certificate = {0}, octets = {0};
	struct buffer room = BUFFER(stage.answer_room);
	struct message_statement_judged answer;
	struct message_device_voucher voucher;
	struct detail detail = {.text = ""};
	make_certificate(&stage.ak, knobs, &certificate);
	const struct bytes chain[1] = {device_view(&certificate)};
	struct device_statement statement = good();
	statement.chain = chain;
	statement.token = order.tokens.at[0];
	device_statement_build(&statement, &octets);
	struct message_statement_judge ask = ask_with(device_view(&octets));
	ask.directory = bytes_from_text(directory);
	ask.order = order.order;
	ask.token = order.tokens.at[0];
	const status judged = verifier_statement_judge(&both, &ask, &room, &answer, &detail);
	if (is_refused(judged))
		return judged.refusal;
	assert_false(is_refused(voucher_open(message_device_voucher, answer.voucher, both.settings.device_key, &voucher)));
	assert_true(bytes_equal_text(voucher.directory, directory));
	return refusal_none;
}

#define EXPECT_IN(directory, refusal, ...)                                                                                \
	assert_string_equal(status_entry(judge_in(directory, &(struct device_certificate){__VA_ARGS__}))->name, #refusal)
#define ACCEPT_IN(directory, ...)                                                                                         \
	assert_int_equal(judge_in(directory, &(struct device_certificate){__VA_ARGS__}), refusal_none)

static void an_ak_is_taken_in_the_directory_that_enrolled_it_alone(void **state)
{
	(void)state;
	open_order_in("strict");
	ACCEPT_IN("strict", .directory = "strict", HARDWARE);
	EXPECT_IN("strict", tpm_ak_directory, .directory = "devices", HARDWARE);
	EXPECT_IN("strict", tpm_ak_directory, .directory = "stric", HARDWARE);
	EXPECT_IN("strict", tpm_ak_directory, .directory = "strict2", HARDWARE);
	EXPECT_IN("strict", tpm_ak_directory, .directory = "", HARDWARE);
	open_order_in("devices");
	ACCEPT_IN("devices", .directory = "devices", HARDWARE);
	EXPECT_IN("devices", tpm_ak_directory, .directory = "strict", HARDWARE);
}

static void case_30_a_root_of_another_directory_is_no_root(void **state)
{
	(void)state;
	open_order_in("devices");
	ACCEPT_IN("devices", .authority = &stage.foreign, .permanent_identifier = stage.identifier, .directory = "", HARDWARE);
	open_order_in("strict");
	EXPECT_IN("strict", tpm_chain_untrusted, .authority = &stage.foreign, .permanent_identifier = stage.identifier, HARDWARE);
	EXPECT_IN("strict", tpm_chain_untrusted, .authority = &stage.foreign, .permanent_identifier = stage.identifier,
		  .directory = "strict", HARDWARE);
}

static void each_directory_keeps_its_own_rules(void **state)
{
	(void)state;
	open_order_in("devices");
	ACCEPT_IN("devices", .directory = "devices");
	open_order_in("strict");
	EXPECT_IN("strict", tpm_vendor_virtual, .directory = "strict");
}

static void an_order_of_one_directory_is_none_of_another(void **state)
{
	(void)state;
	open_order_in("devices");
	EXPECT_IN("strict", token_forged, .directory = "strict", HARDWARE);
	EXPECT_IN("a-secret-of-22-letters", directory_wrong, .directory = "strict", HARDWARE);
}

static bool opens_for(uint32_t directories)
{
	static uint8_t octets[4420];
	struct buffer record = BUFFER(octets);
	struct message_verifier_settings settings = both.settings;
	struct verifier opened;
	struct detail detail = {.text = ""};
	const struct message_trust_root root = {.format = bytes_from_text("ak"),
						.directories = directories,
						.certificate = bytes_from(stage.foreign.der, stage.foreign.size)};
	assert_false(is_refused(wire_encode(message_trust_root, &root, &record)));
	settings.roots.at[0] = buffer_view(&record);
	if (!verifier_open(&settings, &opened, &detail)) {
		assert_string_equal(detail.text, "a root serves no directory, or one that there is not");
		return false;
	}
	assert_int_equal(opened.directories[0].ak_roots.count, directories & 1);
	assert_int_equal(opened.directories[1].ak_roots.count, directories >> 1);
	verifier_close(&opened);
	return true;
}

static void a_root_serves_the_directories_that_it_is_for(void **state)
{
	(void)state;
	for (uint32_t directories = 0; directories < 5; directories++)
		assert_int_equal(opens_for(directories), directories >= 1 && directories <= 3);
}

#define IN_BOTH(test) cmocka_unit_test_setup_teardown(test, set_up_both, tear_down_both)

static void the_table_of_known_roots_has_each_once_and_in_one_spelling(void **state)
{
	(void)state;
	size_t count = 0;
	const struct known_root *roots = known_root_list(&count);
	assert_true(count >= 31);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(strspn(roots[i].sha256, "0123456789abcdef"), 64);
		assert_int_equal(roots[i].sha256[64], 0);
		assert_true(strcmp(roots[i].format, "ek") == 0 || format_find(bytes_from_text(roots[i].format)) != NULL);
		assert_true(roots[i].place[0] == 0 || strncmp(roots[i].place, "https://", 8) == 0);
		assert_true(roots[i].maker[0] != 0 && roots[i].name[0] != 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(roots[i].sha256, roots[k].sha256);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_known_roots_has_each_once_and_in_one_spelling),
		IN_BOTH(an_ak_is_taken_in_the_directory_that_enrolled_it_alone),
		IN_BOTH(case_30_a_root_of_another_directory_is_no_root),
		IN_BOTH(each_directory_keeps_its_own_rules),
		IN_BOTH(an_order_of_one_directory_is_none_of_another),
		IN_BOTH(a_root_serves_the_directories_that_it_is_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
