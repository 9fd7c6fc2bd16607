/* SPDX-License-Identifier: Apache-2.0
 * The warden reads no certificate itself: the verifier's program does, as it would at its start, but unconfined and with the
 * settings as its only input. */
#include "firmware/warden/check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/warden/settings.h"
#include "firmware/warden/table.h"

_Noreturn static void become_verifier(const char *programs, int descriptor)
{
	char path[PATH_MAX], name[] = "keyward-verifier", option[] = "--check";
	char *const arguments[] = {name, option, NULL}, *const environment[] = {NULL};
	snprintf(path, sizeof path, "%s/%s", programs, table_row(process_VERIFIER)->program);
	if (dup2(descriptor, STDIN_FILENO) == STDIN_FILENO)
		execve(path, arguments, environment);
	_exit(127);
}

static int ask_verifier(const struct settings *settings, const char *programs)
{
	int ended = 0;
	const int descriptor = settings_open(settings, process_VERIFIER);
	const pid_t child = descriptor < 0 ? -1 : fork();
	if (child == 0)
		become_verifier(programs, descriptor);
	if (child < 0 || waitpid(child, &ended, 0) != child || !WIFEXITED(ended) || WEXITSTATUS(ended) > 1) {
		fprintf(stderr, "The verifier's program cannot be asked: %s\n", child < 0 ? strerror(errno) : "it ended before its answer");
		return 1;
	}
	return WEXITSTATUS(ended);
}

int check_run(const struct configuration *configuration, const char *programs)
{
	struct settings settings = {.locked = NULL};
	if (!settings_build(configuration, programs, &settings))
		return 1;
	const int code = ask_verifier(&settings, programs);
	settings_free(&settings);
	if (code == 0)
		printf("%s and the files that it names are good.\n", configuration->file);
	return code;
}
