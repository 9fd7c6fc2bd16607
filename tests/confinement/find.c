/* SPDX-License-Identifier: Apache-2.0
 * Reads /proc. */
#include "tests/confinement/find.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { comm_size = 15, patient_tries = 1500, pause_us = 10000 };

/* A number or a word of /proc/PID/status; false: the process or the line is not there. */
static bool read_status(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	bool is_found = false;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	while (!is_found && fgets(line, sizeof line, file) != NULL) {
		const size_t length = strlen(key);
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		snprintf(value, size, "%s", line + length + 1 + strspn(line + length + 1, " \t"));
		value[strcspn(value, "\n")] = '\0';
		is_found = true;
	}
	fclose(file);
	return is_found;
}

static bool is_child(pid_t pid, pid_t parent, const char *program)
{
	char value[64];
	return read_status(pid, "PPid", value, sizeof value) && atoi(value) == (int)parent &&
	       read_status(pid, "Name", value, sizeof value) && strncmp(value, program, comm_size) == 0;
}

pid_t find_child(pid_t parent, const char *program)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;
	while (folder != NULL && found == 0 && (entry = readdir(folder)) != NULL) {
		const pid_t pid = (pid_t)atoi(entry->d_name);
		if (pid > 0 && is_child(pid, parent, program))
			found = pid;
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

pid_t find_confined(pid_t warden, enum process process)
{
	char value[64];
	for (int i = 0; i < patient_tries; i++) {
		const pid_t pid = find_child(warden, place_program(process));
		if (pid != 0 && read_status(pid, "Seccomp", value, sizeof value) && value[0] == '2')
			return pid;
		usleep(pause_us);
	}
	return 0;
}
