/* SPDX-License-Identifier: Apache-2.0
 * Prepares and starts one process of the table. What it may do is narrowed further by itself, first thing in its main
 * (firmware/confine); what it never gets is decided here. */
#include "firmware/warden/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/confine/child.h"

/* Above every place that a descriptor is given at exec, so that placing one never overwrites another. */
enum { parking_from = 32, threads_most = 256 };

_Noreturn static void give_up(const struct spawn *spawn, const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s: %s\n", table_row(spawn->process)->program, what, strerror(errno));
	_exit(status_exit_broken);
}

static void enter_namespaces(const struct spawn *spawn)
{
	const int network = table_is_in_host_network(spawn->process) ? 0 : CLONE_NEWNET;
	if (unshare(CLONE_NEWNS | network | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) != 0)
		give_up(spawn, "no namespaces of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		give_up(spawn, "its mounts cannot be made private");
}

/* Opened after the mount namespace is its own: only then may the child move what they name into its root. */
static int open_own(const struct spawn *spawn, const struct table_own *own)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", spawn->state, own->argument);
	switch (own->kind) {
	case own_SOCKET:
		return spawn->listening;
	case own_FOLDER:
	case own_SHOWN:
		return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	case own_FILE:
		return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	case own_TPM:
		return open(spawn->tpm_path, O_PATH | O_CLOEXEC);
	}
	return -1;
}

static void place_descriptors(const struct spawn *spawn)
{
	int sources[child_fd_own + table_most_own] = {[child_fd_control] = spawn->control,
						      [child_fd_log] = spawn->log,
						      [child_fd_settings] = spawn->settings};
	const struct table_own *own;
	int count = child_fd_own;
	sources[STDIN_FILENO] = sources[STDOUT_FILENO] = open("/dev/null", O_RDWR | O_CLOEXEC);
	sources[STDERR_FILENO] = STDERR_FILENO;
	for (size_t i = 0; i < table_most_own && (own = table_own(spawn->process, i)) != NULL; i++)
		sources[count++] = open_own(spawn, own);
	for (int i = 0; i < count; i++) {
		sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, parking_from);
		if (sources[i] < 0)
			give_up(spawn, "a descriptor of its own cannot be opened");
	}
	for (int i = 0; i < count; i++)
		if (dup2(sources[i], i) != i)
			give_up(spawn, "a descriptor cannot be placed");
	if (close_range((unsigned)count, ~0U, 0) != 0)
		give_up(spawn, "the other descriptors cannot be closed");
}

static void limit(const struct spawn *spawn)
{
	const struct table_row *row = table_row(spawn->process);
	const rlim_t memory = (rlim_t)row->memory_mib << 20;
	const struct {
		__rlimit_resource_t resource;
		rlim_t most;
	} limits[] = {
		{RLIMIT_AS, memory},      {RLIMIT_DATA, memory}, {RLIMIT_MEMLOCK, memory}, {RLIMIT_NOFILE, row->open_files},
		{RLIMIT_STACK, 8U << 20}, {RLIMIT_CORE, 0},      {RLIMIT_MSGQUEUE, 0},     {RLIMIT_RTPRIO, 0},
		{RLIMIT_NPROC, threads_most},
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit both;
		if (getrlimit(limits[i].resource, &both) != 0)
			give_up(spawn, "a limit cannot be read");
		/* a machine whose own limit is lower keeps it: to raise one takes a capability that a container may
		 * lack */
		both.rlim_cur = both.rlim_max = both.rlim_max < limits[i].most ? both.rlim_max : limits[i].most;
		if (setrlimit(limits[i].resource, &both) != 0)
			give_up(spawn, "a limit cannot be set");
	}
}

/* The warden's signal mask and dispositions would outlive exec. */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* refused for SIGKILL and SIGSTOP, which have no disposition */
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void become(const struct spawn *spawn, pid_t warden)
{
	char path[PATH_MAX], name[64];
	char *const arguments[] = {name, NULL};
	char *const environment[] = {NULL};
	snprintf(path, sizeof path, "%s/%s", spawn->programs, table_row(spawn->process)->program);
	snprintf(name, sizeof name, "%s", table_row(spawn->process)->program);
	reset_signals();
	umask(077);
	/* a new session has no terminal; the parent may have died before the death signal was asked for */
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != warden || chdir("/") != 0)
		give_up(spawn, "it cannot leave the warden's session");
	enter_namespaces(spawn);
	place_descriptors(spawn);
	limit(spawn);
	execve(path, arguments, environment);
	give_up(spawn, path);
}

pid_t spawn_start(const struct spawn *spawn)
{
	const pid_t warden = getpid();
	const pid_t child = fork();
	if (child == 0)
		become(spawn, warden);
	return child;
}
