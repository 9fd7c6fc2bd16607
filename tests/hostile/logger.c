/* SPDX-License-Identifier: Apache-2.0
 * The logger, hijacked: it has every line and one end of everybody's log channel. It cannot shut one down, which ends it
 * (tests/confinement, shuts_down_what_it_was_wired). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hostile/world.h"

static struct stage stage;
static struct world world;
static const char *build = "build";

/* By then the sealer has measured the programs, and another one in this seat is no change that it sees. */
static void hear_that_the_signer_serves(void)
{
	static const char words[] = "token and ledger are open";
	char line[2048];
	for (int tries = 200; tries > 0;) {
		const ssize_t got = recv(stage.channel[process_SIGNER], line, sizeof line, MSG_DONTWAIT);
		if (got > 0 && memmem(line, (size_t)got, words, sizeof words - 1) != NULL)
			return;
		if (got <= 0 && tries-- > 0)
			usleep(100000);
	}
	fail_msg("the signer does not serve");
}

static void it_hears_everybody(void **state)
{
	(void)state;
	for (enum process other = process_WARDEN; other < process_count; other++)
		stage_await(&stage, other);
	hear_that_the_signer_serves();
}

static void it_cannot_speak_to_anybody(void **state)
{
	(void)state;
	for (enum process other = process_WARDEN; other < process_count; other++) {
		assert_int_equal(send(stage.channel[other], "word", 4, MSG_NOSIGNAL | MSG_DONTWAIT), -1);
		assert_int_equal(errno, EPIPE);
	}
}

/* The last test: it takes the seat. */
static void the_real_one_logs_after_it_swallowed_every_line(void **state)
{
	(void)state;
	char line[2048], command[512];
	for (enum process other = process_WARDEN; other < process_count; other++)
		while (recv(stage.channel[other], line, sizeof line, MSG_DONTWAIT) > 0)
			continue;
	stage_leave(&stage, build, false);
	assert_true(stage_logs(&stage, "logger.*confined"));
	/* Between its fork and its exec it still has the warden's name. */
	snprintf(command, sizeof command,
		 "for i in $(seq 100); do pid=$(pgrep -P $(pgrep -P %d keyward-warden) keyward-verifie) && exec kill -9 $pid;"
		 " sleep 0.1; done; exit 1",
		 (int)stage.run);
	assert_int_equal(system(command), 0);
	assert_true(stage_logs(&stage, "warden.*keyward-verifier was ended by signal 9"));
	assert_true(stage_logs(&stage, "verifier.*confined"));
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_hears_everybody),
		cmocka_unit_test(it_cannot_speak_to_anybody),
		cmocka_unit_test(the_real_one_logs_after_it_swallowed_every_line),
	};
	if (count > 1)
		build = arguments[1];
	world_new(&world, 14804);
	stage_start(&stage, build, process_LOGGER, world.configuration, NULL);
	const int failed = cmocka_run_group_tests_name("logger", tests, NULL, NULL);
	stage_stop(&stage, NULL);
	world_free(&world);
	return failed;
}
