/* SPDX-License-Identifier: Apache-2.0
 * keyward-warden(8): reads the configuration, prepares what the processes need, starts and watches them. Makes nothing
 * before everything that can be checked was checked. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "firmware/warden/check.h"
#include "firmware/warden/listening.h"
#include "firmware/warden/state.h"
#include "firmware/warden/watch.h"

/* The programs are those beside the warden's own, never what a PATH finds. */
static bool find_programs(char *folder, size_t room)
{
	char path[PATH_MAX + 64];
	const ssize_t size = readlink("/proc/self/exe", folder, room - 1);
	if (size <= 0) {
		fprintf(stderr, "The folder of the programs is unknown: /proc/self/exe cannot be read\n");
		return false;
	}
	folder[size] = '\0';
	*strrchr(folder, '/') = '\0';
	for (enum process process = process_LOGGER; process < process_count; process++) {
		snprintf(path, sizeof path, "%s/%s", folder, table_row(process)->program);
		if (access(path, X_OK) == 0)
			continue;
		fprintf(stderr, "The program %s is missing: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

/* Keys pass through this process: no core file, no reading by another process without the right to trace. And it does
 * not end because nobody reads its standard output any more. */
static bool harden(void)
{
	const struct rlimit none = {0, 0};
	return prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
	       signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

static int run(struct appliance *appliance)
{
	const struct configuration *on = appliance->configuration;
	const int state = state_lock(on->state);
	if (state < 0 || !settings_build(on, appliance->programs, &appliance->settings))
		return 1;
	appliance->listening = listening_open(on->listen_address, on->listen_port);
	if (appliance->listening < 0 || !state_prepare(state, on->state, on->tpm_path))
		return 1;
	if (!journal_open(&appliance->journal)) {
		fprintf(stderr, "The log channels cannot be made: %s\n", strerror(errno));
		return 1;
	}
	return watch_run(appliance);
}

int main(int argument_count, char **arguments)
{
	static struct configuration configuration;
	static struct appliance appliance = {.configuration = &configuration, .listening = -1};
	static char programs[PATH_MAX];
	const bool is_check = argument_count == 3 && strcmp(arguments[1], "--check") == 0;
	const char *file = argument_count < 2 ? "-" : arguments[argument_count - 1];
	if ((argument_count != 2 && !is_check) || file[0] == '-') {
		fprintf(stderr, "usage: keyward-warden [--check] CONFIGURATION\n");
		return 64;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "keyward-warden must be started as root: it gives each process a user and namespaces of its own\n");
		return 77;
	}
	appliance.programs = programs;
	if (!harden() || !find_programs(programs, sizeof programs) || !configuration_read(file, &configuration))
		return 1;
	if (is_check)
		return check_run(&configuration, programs);
	const int code = run(&appliance);
	settings_free(&appliance.settings);
	return code;
}
