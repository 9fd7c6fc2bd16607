/* SPDX-License-Identifier: Apache-2.0
 * What the steps into confinement say and refuse outside of it; what they hold inside is shown by tests/confinement on the
 * real programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/confine/landlock.h"
#include "firmware/confine/place.h"
#include "firmware/confine/privileges.h"
#include "firmware/confine/root.h"

/* A word of what each ABI brought, which all older ones must say they lack. */
static const char *const words[] = {NULL, "rules on files", "between folders", "truncating", "TCP", "ioctl", "signals and abstract sockets",
				    "audit"};

static void landlock_says_in_words_what_each_abi_lacks(void **state)
{
	(void)state;
	char said[landlock_words_room];
	for (int abi = -1; abi <= landlock_newest; abi++) {
		landlock_lacks(abi, said);
		for (int since = 1; since <= landlock_newest; since++)
			assert_int_equal(strstr(said, words[since]) != NULL, since > abi);
	}
}

static void landlock_lacks_nothing_at_the_newest_abi_and_beyond(void **state)
{
	(void)state;
	char said[landlock_words_room];
	assert_string_equal(landlock_lacks(landlock_newest, said), "");
	assert_string_equal(landlock_lacks(landlock_newest + 5, said), "");
}

static void the_words_of_no_landlock_at_all_fit_their_room(void **state)
{
	(void)state;
	char said[landlock_words_room];
	assert_non_null(strstr(landlock_lacks(-ENOSYS, said), "audit"));
	assert_true(strlen(said) < landlock_words_room - 1);
}

static void each_process_has_a_user_of_its_own(void **state)
{
	(void)state;
	for (enum process a = process_LOGGER; a < process_count; a++) {
		assert_non_null(place_program(a));
		assert_true(place_uid(a) > 1000);
		for (enum process b = a + 1; b < process_count; b++)
			assert_int_not_equal(place_uid(a), place_uid(b));
	}
	assert_null(place_program(process_WARDEN));
	assert_null(place_program(process_count));
}

static void nothing_is_owned_by_two_processes(void **state)
{
	(void)state;
	const struct place_own *mine, *others;
	for (enum process a = process_LOGGER; a < process_count; a++)
		for (size_t i = 0; (mine = place_own(a, i)) != NULL; i++)
			for (enum process b = a + 1; b < process_count; b++)
				for (size_t k = 0; (others = place_own(b, k)) != NULL; k++)
					assert_string_not_equal(mine->name, others->name);
}

static void who_reads_hostile_evidence_or_the_network_cannot_reach_what_it_must_not(void **state)
{
	(void)state;
	assert_null(place_own(process_VERIFIER, 0));
	assert_false(place_calls(process_VERIFIER, process_SIGNER));
	assert_false(place_calls(process_LISTENER, process_VERIFIER));
	assert_false(place_calls(process_LISTENER, process_SEALER));
	assert_false(place_calls(process_REGISTRAR, process_SEALER));
	assert_false(place_calls(process_SEALER, process_SIGNER));
	assert_true(place_calls(process_REGISTRAR, process_SIGNER));
	assert_true(place_calls(process_WARDEN, process_LOGGER));
	assert_false(place_calls(process_ANY, process_LOGGER));
}

/* In a child, since what is tested would leave its mark on the test program. */
static int in_child(int (*act)(void))
{
	int how;
	const pid_t child = fork();
	if (child == 0)
		_exit(act());
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static int enter_root_of_parent(void)
{
	const char *lacking = root_enter(process_VERIFIER, 6);
	return lacking != NULL && strcmp(lacking, "a mount namespace of its own") == 0 && errno == EPERM ? 0 : 1;
}

static void the_root_of_the_wardens_own_namespace_is_never_changed(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_root_of_parent), 0);
}

static int stay_root(void)
{
	return privileges_drop(0) != NULL ? 0 : 1;
}

static int drop_once(void)
{
	if (geteuid() != 0)
		return 77;
	return privileges_drop(62099) == NULL && getuid() == 62099 ? 0 : 1;
}

static int drop_twice(void)
{
	/* a process without privileges cannot be given up again, and says so */
	return privileges_drop(62099) == NULL && privileges_drop(62098) != NULL ? 0 : 1;
}

static void privileges_are_given_up_for_good_or_not_claimed_to_be(void **state)
{
	(void)state;
	assert_int_equal(in_child(stay_root), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop_once), 0);
	assert_int_equal(in_child(drop_twice), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(landlock_says_in_words_what_each_abi_lacks),
		cmocka_unit_test(landlock_lacks_nothing_at_the_newest_abi_and_beyond),
		cmocka_unit_test(the_words_of_no_landlock_at_all_fit_their_room),
		cmocka_unit_test(each_process_has_a_user_of_its_own),
		cmocka_unit_test(nothing_is_owned_by_two_processes),
		cmocka_unit_test(who_reads_hostile_evidence_or_the_network_cannot_reach_what_it_must_not),
		cmocka_unit_test(the_root_of_the_wardens_own_namespace_is_never_changed),
		cmocka_unit_test(privileges_are_given_up_for_good_or_not_claimed_to_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
