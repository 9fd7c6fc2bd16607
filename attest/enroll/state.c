/* SPDX-License-Identifier: Apache-2.0
 * Decides where things are kept, and that nobody else works there. */
#include "attest/enroll/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/client/key_file.h"

static bool set_paths(const char *folder, struct state *state)
{
	const struct {
		char *path;
		const char *name;
	} files[] = {{state->account, "account.pem"},
		     {state->ak, "ak.pem"},
		     {state->device, "device.pem"},
		     {state->certificate, "certificate.pem"},
		     {state->entry, "entry.json"},
		     {state->room, "room"}};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if ((size_t)snprintf(files[i].path, PATH_MAX, "%s/%s", folder, files[i].name) >= PATH_MAX - 8)
			return false;
	return true;
}

outcome state_open(const char *folder, bool may_make, struct state *out)
{
	if (!set_paths(folder, out))
		return outcome_fail(exit_usage, "the path of the state folder is too long");
	if (may_make && mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
		return outcome_fail(exit_other, "the state folder %s cannot be made: %s", folder, strerror(errno));
	out->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->folder < 0)
		return outcome_fail(exit_other, "the state folder %s cannot be opened: %s", folder, strerror(errno));
	if (flock(out->folder, LOCK_EX | LOCK_NB) == 0)
		return DONE;
	state_close(out);
	return outcome_fail(exit_other, "another program works on the state folder %s", folder);
}

outcome state_try_room(const struct state *state)
{
	static const uint8_t nothing[key_file_room];
	STEP(key_file_store(state->room, S_IRUSR | S_IWUSR, BYTES_OF(nothing)));
	return unlink(state->room) == 0
		       ? DONE
		       : outcome_fail(exit_other, "%s cannot be removed: %s", state->room, strerror(errno));
}

void state_close(struct state *state)
{
	if (state->folder >= 0)
		(void)close(state->folder);
	state->folder = -1;
}
