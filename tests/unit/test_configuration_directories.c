/* SPDX-License-Identifier: Apache-2.0
 * Several directories and profiles in the configuration: what must meet, and how a file where it does not is refused. */
#include "tests/unit/changed_configuration.h"

#define DIRECTORY "directory devices {\n"
#define PATH_OF_22 "a-Path_of-22-letters00"
#define ENVELOPE "	envelope = device\n	validity = 86400	# seconds\n"
#define MACS(...) "directory macs {\n" __VA_ARGS__ "	envelope = device\n	validity = 3600\n	ek_roots = { \"ek-root.pem\" }\n}\n"
#define PROFILE(name, ...) "profile " name " {\n	description = \"of " name "\"\n	envelope = device\n" __VA_ARGS__ "}\n"

/* The example with a second directory, for which its envelope is too. */
static void with_macs(const char *more)
{
	char text[1024];
	snprintf(text, sizeof text, "%s" DIRECTORY, more);
	change(DIRECTORY, text);
	change_in(file, "	directory = devices		#", "	directory = { devices, macs }	#");
}

static void with_profiles(const char *list, const char *profiles)
{
	char text[1024];
	snprintf(text, sizeof text, "%s" DIRECTORY, profiles);
	change(DIRECTORY, text);
	change_in(file, ENVELOPE, list);
}

static void several_directories_are_read_each_with_its_own(void **state)
{
	(void)state;
	with_macs(MACS("	path = \"" PATH_OF_22 "\"\n	eab_required = false\n	orders_per_device = 7\n"));
	assert_true(read_it());
	assert_int_equal(got.directory_count, 2);
	assert_string_equal(got.directories[0].name, "macs");
	assert_string_equal(got.directories[0].path, PATH_OF_22);
	assert_int_equal(got.directories[0].validity_s, 3600);
	assert_int_equal(got.directories[0].limits.orders_per_device, 7);
	assert_false(got.directories[0].virtual_tpm);
	assert_string_equal(got.directories[1].path, "");
	assert_int_equal(got.directories[1].limits.orders_per_device, 60);
	assert_true(got.directories[1].virtual_tpm);
	assert_int_equal(got.envelopes[0].directory_count, 2);
}

static void a_path_is_long_and_of_letters_that_urls_have(void **state)
{
	static const char *const bad[] = {"short", "twenty-one-letters-00", "22-letters-with-a-/-in", "22-letters-with-a-%41-",
					  "22-letters-with a space"};
	char key[128];
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(key, sizeof key, DIRECTORY "	path = \"%s\"\n", bad[i]);
		changed_is_refused_at(DIRECTORY, key, "22 to 64 letters", key + sizeof DIRECTORY - 1);
	}
	with_macs(MACS("	path = \"" PATH_OF_22 "\"\n"));
	change_in(file, DIRECTORY, DIRECTORY "	path = \"" PATH_OF_22 "\"\n");
	refused("another directory has this path or name");
	with_macs("directory a-path-of-22-letters-00 {\n" ENVELOPE "	ek_roots = { \"ek-root.pem\" }\n}\n");
	change_in(file, "{ devices, macs }", "{ devices, a-path-of-22-letters-00 }");
	assert_true(read_it());
	change_in(file, DIRECTORY, DIRECTORY "	path = \"a-path-of-22-letters-00\"\n");
	refused("another directory has this path or name");
}

static void pin_and_touch_are_asked_of_yubikeys_each_by_its_own_key(void **state)
{
	static const char *const keys[] = {"	step_pin = false", "	step_touch = false"}, *const wanted[] = {"	step_pin = true", "	step_touch = true"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		change(keys[i], wanted[i]);
		refused("it is for the format step");
		change(keys[i], wanted[i]);
		change_in(file, "	formats = { tpm }", "	formats = { step }\n	step_roots = { \"a.pem\" }");
		change_in(file, "	format = tpm", "	format = step");
		assert_true(read_it());
		assert_int_equal(got.directories[0].step_pin, i == 0);
		assert_int_equal(got.directories[0].step_touch, i == 1);
	}
}

static void a_directory_is_needed_and_its_envelope_is_for_it(void **state)
{
	(void)state;
	with_macs(MACS());
	change_in(file, "{ devices, macs }", "devices");
	refused("the envelope is not for this directory");
	with_macs(MACS());
	change_in(file, "{ devices, macs }", "{ devices, pcs }");
	refused("there is no such directory");
	with_macs(MACS("	formats = { apple }\n	apple_roots = { \"a.pem\" }\n"));
	refused("the envelope does not have each of these formats");
}

static void profiles_stand_in_for_an_envelope(void **state)
{
	(void)state;
	with_profiles("	profiles = { long, short }\n", PROFILE("short", "	validity = 300\n") PROFILE("long"));
	assert_true(read_it());
	assert_int_equal(got.directories[0].profile_count, 2);
	assert_string_equal(got.directories[0].profiles[0], "long");
	assert_string_equal(got.directories[0].envelope, "");
	assert_string_equal(got.profiles[0].description, "of short");
	assert_int_equal(got.profiles[0].validity_s, 300);
	assert_int_equal(got.profiles[1].validity_s, 86400);
}

static void profiles_that_do_not_meet_their_directory_are_refused(void **state)
{
	static const char both[] = PROFILE("short") PROFILE("long");
	(void)state;
	with_profiles(ENVELOPE "	profiles = { long, short }\n", both);
	refused("either envelope or profiles");
	with_profiles("", "");
	refused("either envelope or profiles");
	with_profiles("	profiles = { long, none }\n", both);
	refused("there is no such profile");
	with_profiles("	profiles = { long, long }\n", both);
	refused("a profile is named twice");
	with_profiles("	profiles = { long }\n", both);
	refused("no directory names it");
	assert_memory_equal(strchr(strchr(said, ':') + 1, ':'), ": profile short", 15);
	with_profiles("	profiles = { long, short }\n", both);
	change_in(file, "	longest_validity = 86400", "	longest_validity = 3600");
	refused("validity exceeds the envelope's longest_validity");
	with_profiles("	profiles = { long, short }\n", both);
	change_in(file, "	envelope = device\n", "	envelope = devise\n");
	refused("there is no such envelope");
	with_profiles("	profiles = { long }\n", "profile long {\n	envelope = device\n}\n");
	refused("description");
}

static void makers_and_bindings_are_of_directories_that_there_are(void **state)
{
	(void)state;
#define MAKER(of) "maker m {\n	roots = { \"r.pem\" }\n	vendors = { \"id:49465800\" }\n	directories = { " of " }\n}\n"
#define EAB(of) "eab tenant {\n	key = \"tenant\"\n	directories = { " of " }\n}\n"
	with_macs(MACS() MAKER("macs") EAB("macs"));
	assert_true(read_it());
	assert_string_equal(got.makers[0].directories[0], "macs");
	assert_string_equal(got.eabs[0].directories[0], "macs");
	with_macs(MACS() MAKER("pcs"));
	refused("there is no such directory");
	with_macs(MACS() EAB("pcs"));
	refused("there is no such directory");
	with_macs(MACS("	eab_required = true\n") EAB("devices"));
	refused("nobody can open an account");
	with_macs(MACS("	eab_required = true\n") EAB("macs"));
	assert_true(read_it());
	static const char roots[] = "	ek_roots = { \"ek-root.pem\" }\n#";
	with_macs(MACS() MAKER("devices"));
	change_in(file, roots, "#");
	assert_true(read_it());
	with_macs(MACS() MAKER("macs")); /* which is of no use to the others */
	change_in(file, roots, "#");
	refused("no device can enrol");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(several_directories_are_read_each_with_its_own),
		CASE(a_path_is_long_and_of_letters_that_urls_have),
		CASE(pin_and_touch_are_asked_of_yubikeys_each_by_its_own_key),
		CASE(a_directory_is_needed_and_its_envelope_is_for_it),
		CASE(profiles_stand_in_for_an_envelope),
		CASE(profiles_that_do_not_meet_their_directory_are_refused),
		CASE(makers_and_bindings_are_of_directories_that_there_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
