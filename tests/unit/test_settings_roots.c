/* SPDX-License-Identifier: Apache-2.0
 * Signed roots among the settings: handed on unread, from a folder that nobody but root can write. */
#include "tests/unit/settings_stage.h"

static struct message_verifier_settings got;

static int set_up_roots(void **state)
{
	set_up(state);
	configuration.directories[0].signed_roots = true;
	make_folder("roots");
	return 0;
}

static struct message_root_import import_at(size_t number)
{
	struct message_root_import import;
	assert_true(number < got.root_imports.count);
	assert_false(is_refused(wire_decode(message_root_import, got.root_imports.at[number], &import)));
	return import;
}

static void they_are_handed_on_in_the_order_of_their_names(void **state)
{
	(void)state;
	static const char *const names[] = {"roots/b.jws", "roots/a.jws", "roots/.c.jws", "roots/d.jws.new", "roots/jws"};
	configuration.directories[0].step_touch = true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		put_file(names[i], names[i], strlen(names[i]));
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.root_imports.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_text(import_at(i).request, names[1 - i]);
		assert_text(import_at(i).file, names[1 - i] + strlen("roots/"));
	}
	const struct message_verifier_directory rules = verifier_directory(&got, 0);
	assert_true(rules.takes_signed_roots == 1 && rules.needs_step_touch == 1 && rules.needs_step_pin == 0);
}

static void none_is_looked_at_where_no_directory_takes_any(void **state)
{
	(void)state;
	put_file("roots/a.jws", "", 0);
	refused();
	configuration.directories[0].signed_roots = false;
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.root_imports.count, 0);
	assert_int_equal(verifier_directory(&got, 0).takes_signed_roots, 0);
}

static void there_need_not_be_a_folder(void **state)
{
	(void)state;
	assert_int_equal(rmdir(path_of("roots")), 0);
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.root_imports.count, 0);
}

static void a_folder_that_others_can_write_is_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0770, 0702, 0777};
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		assert_int_equal(chmod(path_of("roots"), modes[i]), 0);
		refused();
	}
	assert_int_equal(chmod(path_of("roots"), 0755), 0);
	assert_int_equal(chown(path_of("roots"), 62005, 62005), 0);
	refused();
	assert_int_equal(rmdir(path_of("roots")), 0);
	assert_int_equal(symlink("keys", path_of("roots")), 0);
	refused();
	assert_int_equal(unlink(path_of("roots")), 0);
	put_file("roots", "x", 1);
	refused();
}

static void a_name_that_could_say_anything_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"roots/a b.jws", "roots/\033[31m.jws", "roots/\n.jws", "roots/\xc3\xa4.jws", "roots/a;.jws"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		put_file(names[i], "x", 1);
		refused();
		assert_int_equal(unlink(path_of(names[i])), 0);
	}
	put_file("roots/Az09-_.jws", "x", 1);
	build();
}

static void one_is_at_most_8192_octets_long(void **state)
{
	(void)state;
	static char text[8193];
	memset(text, 'x', sizeof text);
	put_file("roots/a.jws", text, sizeof text);
	refused();
	put_file("roots/a.jws", text, sizeof text - 1);
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(import_at(0).request.size, 8192);
}

static void fill(size_t count, size_t size)
{
	static char text[8192];
	char name[64];
	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "roots/%04zu.jws", i);
		put_file(name, text, size);
	}
}

/* As many as the manual says, and as long in all, beside a full load of other files. */
static void there_is_room_for_all_that_the_manual_promises(void **state)
{
	(void)state;
	static char list[524288];
	memset(list, 'x', sizeof list);
	put_file("../list", list, sizeof list);
	for (size_t i = 0; i < 3; i++) {
		static char paths[3][300];
		snprintf(paths[i], sizeof paths[i], "%s/%slist", folder, i == 0 ? "" : i == 1 ? "./" : ".//");
		configuration.directories[0].revocation_lists[configuration.directories[0].revocation_list_count++] = paths[i];
	}
	fill(1024, 4000);
	build();
	decode(process_VERIFIER, &got);
	assert_int_equal(got.root_imports.count, 1024);
	assert_int_equal(got.revocation_lists.count, 3);
	assert_int_equal(import_at(1023).request.size, 4000);
	settings_free(&settings);
	put_file("roots/9999.jws", "x", 1);
	refused();
	assert_int_equal(unlink(path_of("roots/9999.jws")), 0);
	fill(1024, 4096);
	refused();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up_roots, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(they_are_handed_on_in_the_order_of_their_names),
		CASE(none_is_looked_at_where_no_directory_takes_any),
		CASE(there_need_not_be_a_folder),
		CASE(a_folder_that_others_can_write_is_refused),
		CASE(a_name_that_could_say_anything_is_refused),
		CASE(one_is_at_most_8192_octets_long),
		CASE(there_is_room_for_all_that_the_manual_promises),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
