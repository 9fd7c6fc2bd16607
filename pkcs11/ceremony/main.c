/* SPDX-License-Identifier: Apache-2.0
 * keyward-ceremony: makes the appliance's first state, or seals its PIN anew. Run by a person as root. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ceremony/ceremony.h"

enum { exit_usage = 64 };

struct options {
	bool is_reseal, may_show_pin;
	const char *file;
};

static bool parse(int count, char **arguments, struct options *out)
{
	for (int i = 1; i < count; i++) {
		if (strcmp(arguments[i], "--reseal") == 0)
			out->is_reseal = true;
		else if (strcmp(arguments[i], "--show-recovery-pin") == 0)
			out->may_show_pin = true;
		else if (arguments[i][0] != '-' && out->file == NULL)
			out->file = arguments[i];
		else
			return false;
	}
	return out->file != NULL;
}

/* Two ceremonies at once would work in one folder. The lock lasts as long as this process and, because it inherits the
 * descriptor, the keyward-seal of a ceremony that was killed. */
static bool lock(const char *file)
{
	const struct timespec moment = {.tv_nsec = 100000000};
	const int configuration = open(file, O_RDONLY);
	for (int tries = 0; configuration >= 0 && tries < 20; tries++) {
		if (flock(configuration, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&moment, NULL);
	}
	fprintf(stderr, "%s is in use by another ceremony\n", file);
	return false;
}

int main(int count, char **arguments)
{
	static struct configuration configuration;
	struct options options = {.may_show_pin = isatty(STDOUT_FILENO) == 1};
	clearenv();
	umask(0077);
	if (!parse(count, arguments, &options)) {
		fputs("usage: keyward-ceremony [--show-recovery-pin | --reseal] CONFIGURATION\n", stderr);
		return exit_usage;
	}
	if (geteuid() != 0) {
		fputs("keyward-ceremony must be run as root\n", stderr);
		return EXIT_FAILURE;
	}
	if (!configuration_read(options.file, &configuration) || !lock(options.file))
		return EXIT_FAILURE;
	const bool is_done =
	    options.is_reseal ? ceremony_reseal(&configuration) : ceremony_begin(&configuration, options.may_show_pin);
	return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
