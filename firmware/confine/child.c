/* SPDX-License-Identifier: Apache-2.0
 * The way into confinement: descriptors, settings, empty root, privileges, Landlock, filter; in this order, each
 * step with what the steps after it take away. */
#include "firmware/confine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/link.h"
#include "firmware/confine/control.h"
#include "firmware/confine/filter.h"
#include "firmware/confine/landlock.h"
#include "firmware/confine/place.h"
#include "firmware/confine/privileges.h"
#include "firmware/confine/root.h"

static void log_broken(const char *sentence)
{
	child_log(3, "broken promise: %s", sentence);
}

static bool is_socket(int descriptor, int type)
{
	int found = 0;
	socklen_t size = sizeof found;
	return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &found, &size) == 0 && found == type;
}

static bool is_own(const struct place_own *own, int descriptor)
{
	struct stat about;
	if (fstat(descriptor, &about) != 0)
		return false;
	switch (own->kind) {
	case place_SOCKET:
		return is_socket(descriptor, SOCK_STREAM);
	case place_FOLDER:
	case place_SHOWN:
		return S_ISDIR(about.st_mode);
	case place_FILE:
		return S_ISREG(about.st_mode);
	case place_TPM:
		return S_ISDIR(about.st_mode) || S_ISCHR(about.st_mode);
	}
	return false;
}

static void take_descriptors(enum process self)
{
	const struct place_own *own;
	int next = child_fd_own;
	if (place_program(self) == NULL || !is_socket(child_fd_control, SOCK_SEQPACKET) ||
	    !is_socket(child_fd_log, SOCK_SEQPACKET))
		status_broken("this program is started by keyward-warden alone");
	for (size_t i = 0; (own = place_own(self, i)) != NULL; i++)
		if (!is_own(own, next++))
			status_broken("a descriptor of its own is not what the process table says");
	if (close_range((unsigned)next, ~0U, 0) != 0)
		status_broken("descriptors that are not its own cannot be closed");
}

/* The mapping stays: the views point into it. It holds keys, so it is locked and kept out of dumps. */
static struct bytes take_settings(enum message record, void *settings)
{
	struct stat about;
	struct bytes text = {.data = NULL};
	if (record != message_none) {
		if (fstat(child_fd_settings, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size <= 0)
			status_broken("there are no settings");
		text.size = (size_t)about.st_size;
		void *map = mmap(NULL, text.size, PROT_READ, MAP_PRIVATE, child_fd_settings, 0);
		if (map == MAP_FAILED || mlock(map, text.size) != 0 || madvise(map, text.size, MADV_DONTDUMP) != 0)
			status_broken("the settings cannot be mapped and locked");
		text.data = map;
		if (is_refused(wire_decode(record, text, settings)))
			status_broken("the settings are not the record of this process");
	}
	close(child_fd_settings);
	return text;
}

/* Confinement is not optional: a machine that cannot give it needs a person. */
static void demand(const char *lacking)
{
	if (lacking != NULL)
		child_needs_person("this machine does not give the process %s: %s; it does not run without", lacking,
				   strerror(errno));
}

static void say_landlock(int abi)
{
	char words[landlock_words_room];
	if (landlock_lacks(abi, words)[0] == '\0')
		child_log(6, "confined; Landlock has ABI %d", abi);
	else
		child_log(5, "confined; Landlock has ABI %d and so lacks: %s", abi, words);
}

/* The logger alone keeps its standard error, the terminal on which it repeats warnings. */
static void silence(enum process self, int nothing)
{
	const int last = self == process_LOGGER ? STDOUT_FILENO : STDERR_FILENO;
	for (int at = STDIN_FILENO; at <= last; at++)
		if (dup2(nothing, at) != at)
			status_broken("standard error cannot be closed");
	close(nothing);
}

/* glibc reserves 64 MiB of address space for each arena, of which every process has a limited share. A thread that finds none left
 * tries again at each allocation and then maps every one by itself, which costs more than all else that it does. */
static void limit_arenas(void)
{
	enum { most = 2 };
	(void)mallopt(M_ARENA_MAX, most); /* another heap than glibc's has none */
}

struct bytes child_enter(enum process self, enum message settings_record, void *settings, void (*prepare)(void))
{
	const int abi = landlock_abi();
	take_descriptors(self);
	limit_arenas();
	status_tell(log_broken);
	link_report(control_say_lost);
	control_open(self);
	const struct bytes text = take_settings(settings_record, settings);
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nothing < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		status_broken("/dev/null cannot be opened");
	if (prepare != NULL)
		prepare();
	demand(root_enter(self, child_fd_own));
	demand(privileges_drop(place_uid(self)));
	demand(landlock_enter(self, abi));
	say_landlock(abi);
	silence(self, nothing);
	demand(filter_enter(self));
	control_say(child_says_confined);
	return text;
}

void child_report_alive(void)
{
	static uint64_t next_ms;
	const uint64_t now_ms = clock_boot_ms();
	if (now_ms < next_ms)
		return;
	control_say(child_says_alive);
	next_ms = now_ms + 1000;
}

void child_report_serving(void)
{
	control_say(child_says_serving);
}
