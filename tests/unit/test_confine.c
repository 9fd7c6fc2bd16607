/* SPDX-License-Identifier: Apache-2.0
 * What the steps into confinement say and refuse outside of it; what they hold inside is shown by tests/confinement
 * on the real programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/confine/child.h"
#include "firmware/confine/landlock.h"
#include "firmware/confine/place.h"
#include "firmware/confine/privileges.h"
#include "firmware/confine/root.h"

/* A word of what each ABI brought, which all older ones must say they lack. */
static const char *const words[] = {NULL, "rules on files", "between folders", "truncating", "TCP",
				    "ioctl", "signals and abstract sockets",
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

static int abi_entered;

static int enter_landlock(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || landlock_enter(process_VERIFIER, abi_entered) != NULL)
		return 1;
	return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES && mkdir("/tmp/x", 0700) != 0 && errno == EACCES ? 0 : 2;
}

static void each_abi_that_this_kernel_has_denies_files(void **state)
{
	(void)state;
	for (abi_entered = 1; abi_entered <= landlock_abi() && abi_entered <= landlock_newest; abi_entered++)
		assert_int_equal(in_child(enter_landlock), 0);
}

/* What a kernel without Landlock answers, and one that has it switched off. */
static int answer_of_kernel;

static int enter_without_landlock(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)answer_of_kernel), SCMP_SYS(landlock_create_ruleset), 0) != 0 ||
	    seccomp_load(filter) != 0)
		return 1;
	const char *lacking = landlock_enter(process_VERIFIER, landlock_abi());
	seccomp_release(filter);
	return lacking != NULL && strstr(lacking, "Landlock") != NULL && errno == answer_of_kernel ? 0 : 2;
}

static void a_kernel_without_landlock_is_refused_in_words(void **state)
{
	(void)state;
	answer_of_kernel = ENOSYS;
	assert_int_equal(in_child(enter_without_landlock), 0);
	answer_of_kernel = EOPNOTSUPP;
	assert_int_equal(in_child(enter_without_landlock), 0);
}

/* ---- the log, with the test as the logger ---- */

static int start_log(void)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0 || dup2(ends[1], 60) != 60 || dup2(ends[0], child_fd_log) < 0)
		return -1;
	return 60;
}

static bool hears(int journal, int level, const char *text)
{
	static uint8_t room[wire_packet_room];
	struct buffer in = BUFFER(room);
	struct message_log_line line;
	struct packet packet;
	return !is_refused(channel_receive(journal, &in, &packet)) && packet.id == message_log_line &&
	       !is_refused(wire_decode(packet.id, packet.body, &line)) && line.level == level &&
	       bytes_equal_text(line.text, text);
}

static int drop_lines(void)
{
	const int journal = start_log();
	uint8_t octet;
	unsigned sent = 0;
	char expected[128];
	while (send(child_fd_log, "x", 1, MSG_DONTWAIT) == 1)
		sent++;
	for (int i = 0; i < 5; i++)
		child_log(6, "lost");
	while (sent-- > 0)
		if (recv(journal, &octet, 1, 0) != 1)
			return 1;
	child_log(6, "heard");
	snprintf(expected, sizeof expected, "(5 lines before this one were dropped) heard");
	if (!hears(journal, 6, expected))
		return 2;
	child_log(6, "again");
	return hears(journal, 6, "again") ? 0 : 3;
}

static void a_log_that_is_full_costs_lines_that_are_counted_and_never_waits(void **state)
{
	(void)state;
	assert_int_equal(in_child(drop_lines), 0);
}

static int say_hostile_octets(void)
{
	const int journal = start_log();
	child_log(4, "%s", "a\xff\xc0z");
	if (!hears(journal, 4, "a??z"))
		return 1;
	child_log(4, "%3000d", 7); /* longer than a line: cut */
	return hears(journal, 4, "7") ? 2 : 0;
}

static void octets_that_are_no_text_cannot_cost_the_log_channel(void **state)
{
	(void)state;
	assert_int_equal(in_child(say_hostile_octets), 0);
}

static int need_person(void)
{
	start_log();
	close(STDERR_FILENO);
	child_needs_person("the token has no label %s", "keyward");
}

static void who_needs_a_person_ends_with_78(void **state)
{
	(void)state;
	assert_int_equal(in_child(need_person), status_exit_person);
}

static int lack_something(void)
{
	start_log();
	close(STDERR_FILENO);
	child_lacks("there is no token %s", "keyward");
}

static void who_lacks_something_outside_ends_with_75(void **state)
{
	(void)state;
	assert_int_equal(in_child(lack_something), status_exit_absent);
}

static void tell_exit(const char *sentence)
{
	_exit(strcmp(sentence, "the ledger is not sorted") == 0 ? 7 : 8);
}

static int break_promise_with_hook(void)
{
	close(STDERR_FILENO);
	status_tell(tell_exit);
	status_broken("the ledger is not sorted");
}

static int break_promise(void)
{
	close(STDERR_FILENO);
	status_broken("the ledger is not sorted");
}

static void a_broken_promise_is_told_to_the_log_and_ends_with_70(void **state)
{
	(void)state;
	assert_int_equal(in_child(break_promise), status_exit_broken);
	assert_int_equal(in_child(break_promise_with_hook), 7);
}

static int enter_by_hand(void)
{
	close(STDERR_FILENO);
	close(child_fd_control);
	child_enter(process_VERIFIER, message_verifier_settings, NULL, NULL);
	return 0;
}

static void a_program_started_by_hand_refuses_to_run(void **state)
{
	(void)state;
	assert_int_equal(in_child(enter_by_hand), status_exit_broken);
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
		cmocka_unit_test(each_abi_that_this_kernel_has_denies_files),
		cmocka_unit_test(a_kernel_without_landlock_is_refused_in_words),
		cmocka_unit_test(a_log_that_is_full_costs_lines_that_are_counted_and_never_waits),
		cmocka_unit_test(octets_that_are_no_text_cannot_cost_the_log_channel),
		cmocka_unit_test(who_needs_a_person_ends_with_78),
		cmocka_unit_test(who_lacks_something_outside_ends_with_75),
		cmocka_unit_test(a_broken_promise_is_told_to_the_log_and_ends_with_70),
		cmocka_unit_test(a_program_started_by_hand_refuses_to_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
