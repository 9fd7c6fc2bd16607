/* SPDX-License-Identifier: Apache-2.0
 * The one child of the ceremony. */
#include "pkcs11/ceremony/sealing.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool find_program(char path[PATH_MAX])
{
	static const char name[] = "keyward-seal";
	const ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (size <= 0)
		return false;
	path[size] = 0;
	char *slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(path + PATH_MAX - slash) <= sizeof name)
		return false;
	memcpy(slash + 1, name, sizeof name);
	return true;
}

/* posix_spawn takes arrays that it could write to, though it does not. */
static int spawn(const char *program, const char *configuration, bool is_reseal, int standard_input, pid_t *child)
{
	char path[PATH_MAX], option[] = "--reseal", file[PATH_MAX];
	char *with[] = {path, option, file, NULL}, *without[] = {path, file, NULL}, *environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	snprintf(path, sizeof path, "%s", program);
	snprintf(file, sizeof file, "%s", configuration);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	int result = posix_spawn_file_actions_adddup2(&actions, standard_input, STDIN_FILENO);
	if (result == 0)
		result = posix_spawn(child, program, &actions, NULL, is_reseal ? with : without, environment);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

static bool write_pin(int pipe, const struct secret *pin)
{
	const size_t size = strlen(pin->text);
	const bool is_written = write(pipe, pin->text, size) == (ssize_t)size;
	return close(pipe) == 0 && is_written;
}

bool sealing_run(const char *configuration, const struct secret *pin, bool is_reseal)
{
	char program[PATH_MAX];
	int ends[2], outcome = -1;
	pid_t child;
	if (!find_program(program) || pipe2(ends, O_CLOEXEC) != 0) {
		fputs("keyward-seal cannot be started\n", stderr);
		return false;
	}
	signal(SIGPIPE, SIG_IGN); /* it may refuse before it reads */
	const int spawned = spawn(program, configuration, is_reseal, ends[0], &child);
	close(ends[0]);
	if (spawned != 0) {
		close(ends[1]);
		fprintf(stderr, "%s cannot be started\n", program);
		return false;
	}
	const bool is_written = write_pin(ends[1], pin);
	while (waitpid(child, &outcome, 0) < 0)
		outcome = -1;
	if (is_written && WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0)
		return true;
	if (!WIFEXITED(outcome) || WEXITSTATUS(outcome) == 127)
		fprintf(stderr, "%s did not finish\n", program);
	return false;
}
