/* SPDX-License-Identifier: Apache-2.0
 * Decides when a process is started, given up, killed. Believes of a process only that it ended, and how. */
#include "firmware/warden/life.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/warden/listening.h"
#include "firmware/warden/spawn.h"
#include "firmware/warden/wiring.h"

static void wait_longer(struct child *child, uint64_t now_ms)
{
	if (child->backoff_ms == 0 || now_ms - child->started_ms > backoff_forget_ms)
		child->backoff_ms = backoff_least_ms;
	child->due_ms = now_ms + child->backoff_ms;
	child->backoff_ms = child->backoff_ms > backoff_most_ms / 2 ? backoff_most_ms : child->backoff_ms * 2;
}

/* What a process finds as one before it left it. False with errno set: not yet to be started. */
static bool mend(struct appliance *appliance, enum process process)
{
	const struct configuration *on = appliance->configuration;
	if (journal_mend(&appliance->journal, process)) {
		appliance->log_wires[process].is_wired = false;
		journal_say(&appliance->journal, 4, "the log channel of %s had been shut down and is made anew",
			    table_row(process)->program);
	}
	if (!table_owns(process, own_SOCKET) || listening_mend(appliance->listening))
		return true;
	const int reason = errno;
	journal_say(&appliance->journal, 3, "port %u of %s had been given up by %s and cannot be listened on again: %s",
		    on->listen_port, on->listen_address, table_row(process)->program,
		    reason == EADDRINUSE ? "another program uses it" : strerror(reason));
	errno = reason;
	return false;
}

/* The child's descriptors that are made anew for each start. */
static pid_t start(struct appliance *appliance, enum process process, int *control)
{
	int ends[2];
	if (!mend(appliance, process))
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	const int settings = settings_open(&appliance->settings, process);
	const struct spawn spawn = {
		.process = process,
		.control = ends[1],
		.log = appliance->journal.writing[process],
		.settings = settings,
		.listening = appliance->listening,
		.programs = appliance->programs,
		.state = appliance->configuration->state,
		.tpm_path = appliance->configuration->tpm_path,
	};
	const pid_t pid = settings < 0 ? -1 : spawn_start(&spawn);
	const int reason = errno;
	if (settings >= 0)
		close(settings);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	*control = ends[0];
	errno = reason;
	return pid;
}

void life_attend(struct appliance *appliance, uint64_t now_ms)
{
	for (enum process process = process_LOGGER; process < process_count; process++) {
		struct child *child = &appliance->children[process];
		int control;
		if (child->pid != 0 || child->is_down || child->due_ms > now_ms)
			continue;
		const pid_t pid = start(appliance, process, &control);
		child->started_ms = child->heard_ms = now_ms;
		if (pid > 0) {
			child->pid = pid;
			child->control = control;
			continue;
		}
		journal_say(&appliance->journal, 3, "%s cannot be started: %s", table_row(process)->program, strerror(errno));
		wait_longer(child, now_ms);
	}
}

static uint64_t silence_ends_ms(const struct child *child)
{
	return child->heard_ms + (child->is_serving ? life_patience_ms : life_patience_starting_ms);
}

void life_judge_silence(struct appliance *appliance, uint64_t now_ms)
{
	for (enum process process = process_LOGGER; process < process_count; process++) {
		struct child *child = &appliance->children[process];
		if (child->pid == 0 || silence_ends_ms(child) > now_ms)
			continue;
		journal_say(&appliance->journal, 3, "%s is silent and is killed", table_row(process)->program);
		kill(child->pid, SIGKILL);
		child->heard_ms = now_ms; /* its end comes with SIGCHLD */
	}
}

static void say_end(const struct appliance *appliance, enum process process, int wait_status)
{
	const char *program = table_row(process)->program;
	if (WIFSIGNALED(wait_status))
		journal_say(&appliance->journal, 4, "%s was ended by signal %d (%s); it starts again in %u ms", program,
			    WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)),
			    (unsigned)(appliance->children[process].due_ms - clock_boot_ms()));
	else
		journal_say(&appliance->journal, 4, "%s ended with code %d; it starts again in %u ms", program,
			    WEXITSTATUS(wait_status),
			    (unsigned)(appliance->children[process].due_ms - clock_boot_ms()));
}

void life_end(struct appliance *appliance, enum process process, int wait_status, uint64_t now_ms)
{
	struct child *child = &appliance->children[process];
	const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
	const bool needs_person = code == status_exit_person || (code == status_exit_absent && !child->has_served);
	wiring_forget(appliance, process);
	close(child->control);
	child->control = -1;
	child->pid = 0;
	child->is_confined = child->is_serving = false;
	if (!needs_person) {
		wait_longer(child, now_ms);
		say_end(appliance, process, wait_status);
		return;
	}
	child->is_down = true;
	if (child->has_served) {
		journal_say(&appliance->journal, 3, "%s stays down: a person must act; its own words are in the log",
			    table_row(process)->program);
		return;
	}
	if (appliance->culprit == process_ANY)
		appliance->culprit = process;
}

/* True when it ended within the time. */
static bool wait_for(pid_t pid, uint64_t until_ms)
{
	const int watched = pidfd_open(pid, 0);
	struct pollfd entry = {.fd = watched, .events = POLLIN};
	int got = 0;
	while (watched >= 0 && got <= 0) {
		const uint64_t now_ms = clock_boot_ms();
		got = poll(&entry, 1, now_ms < until_ms ? (int)(until_ms - now_ms) : 0);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
	}
	if (watched >= 0)
		close(watched);
	return got > 0;
}

void life_stop(struct appliance *appliance)
{
	const uint64_t until_ms = clock_boot_ms() + life_patience_stopping_ms;
	for (enum process process = process_count; --process >= process_LOGGER;) {
		struct child *child = &appliance->children[process];
		if (child->pid == 0)
			continue;
		close(child->control);
		if (!wait_for(child->pid, until_ms)) {
			fprintf(stderr, "keyward-warden: %s did not end when asked and is killed\n", table_row(process)->program);
			kill(child->pid, SIGKILL);
		}
		waitpid(child->pid, NULL, 0);
		child->pid = 0;
	}
}

uint64_t life_next_ms(const struct appliance *appliance)
{
	uint64_t next = UINT64_MAX;
	for (enum process process = process_LOGGER; process < process_count; process++) {
		const struct child *child = &appliance->children[process];
		const uint64_t due = child->pid != 0 ? silence_ends_ms(child) : child->due_ms;
		if (!(child->pid == 0 && child->is_down) && due < next)
			next = due;
	}
	return next;
}
