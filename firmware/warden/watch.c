/* SPDX-License-Identifier: Apache-2.0
 * One poll loop over control channels and signals. Distrusts what children say: single bytes, of which the worst is a
 * lie about oneself. */
#include "firmware/warden/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/confine/child.h"
#include "firmware/warden/life.h"
#include "firmware/warden/wiring.h"

/* How long a stop for a person's sake waits for a logger that can still print why. */
enum { patience_for_logger_ms = 2000, longest_sleep_ms = 10000, words_a_round = 64 };

static int open_signals(void)
{
	sigset_t watched;
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &watched, NULL) != 0)
		return -1;
	return signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reap(struct appliance *appliance, uint64_t now_ms)
{
	int how;
	pid_t pid;
	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (enum process process = process_LOGGER; process < process_count; process++)
			if (appliance->children[process].pid == pid)
				life_end(appliance, process, how, now_ms);
}

static void take_signals(struct appliance *appliance, int signals, uint64_t now_ms)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			appliance->stop_due_ms = now_ms;
	reap(appliance, now_ms);
}

static void say_ready(struct appliance *appliance)
{
	const struct configuration *on = appliance->configuration;
	for (enum process process = process_LOGGER; process < process_count; process++)
		if (!appliance->children[process].is_serving)
			return;
	if (appliance->is_ready)
		return;
	appliance->is_ready = true;
	for (size_t i = 0; i < on->directory_count; i++)
		if (*on->directories[i].path == '\0')
			printf("ready: https://%s:%u/acme/%s/directory\n", on->listen_name, on->listen_port, on->directories[i].name);
	for (size_t i = 0; i < on->directory_count; i++) /* a path that is a secret is not written anywhere */
		if (*on->directories[i].path != '\0')
			printf("ready: the directory %s at its path\n", on->directories[i].name);
	fflush(stdout);
	journal_say(&appliance->journal, 6, "all processes serve");
}

/* False: the child does not keep to the protocol. */
static bool take_word(struct appliance *appliance, enum process process, uint8_t word, uint64_t now_ms)
{
	struct child *child = &appliance->children[process];
	child->heard_ms = now_ms;
	switch (word) {
	case child_says_confined:
		if (child->is_confined)
			return false;
		child->is_confined = true;
		return true;
	case child_says_serving:
		child->is_serving = child->has_served = true;
		return child->is_confined;
	case child_says_alive:
		return child->is_confined;
	default:
		return child->is_confined && (word & child_says_lost) != 0 &&
		       wiring_lose(appliance, process, (enum process)(word & ~child_says_lost));
	}
}

/* Words at hand, but not so many that one child keeps the warden from the others. A child that closed its control channel, or says something else, is killed; killing one that has
 * just ended does no harm, for it is not reaped yet. */
static void hear(struct appliance *appliance, enum process process, uint64_t now_ms)
{
	struct child *child = &appliance->children[process];
	for (unsigned left = words_a_round; left > 0; left--) {
		uint8_t words[2];
		const ssize_t got = recv(child->control, words, sizeof words, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got == 1 && take_word(appliance, process, words[0], now_ms))
			continue;
		if (got >= 1)
			journal_say(&appliance->journal, 3, "%s said what it may not say and is killed",
				    table_row(process)->program);
		kill(child->pid, SIGKILL);
		return;
	}
}

static int sleep_ms(const struct appliance *appliance, uint64_t now_ms)
{
	const uint64_t life = life_next_ms(appliance), wiring = wiring_next_ms(appliance);
	uint64_t next = life < wiring ? life : wiring;
	if (appliance->stop_due_ms != 0 && appliance->stop_due_ms < next)
		next = appliance->stop_due_ms;
	if (next <= now_ms)
		return 0;
	return next - now_ms > longest_sleep_ms ? longest_sleep_ms : (int)(next - now_ms);
}

/* One round: sleep until something happens, then hear all. */
static void listen_once(struct appliance *appliance, int signals)
{
	struct pollfd entries[process_count + 1];
	enum process whose[process_count + 1];
	nfds_t count = 0;
	entries[count++] = (struct pollfd){.fd = signals, .events = POLLIN};
	for (enum process process = process_LOGGER; process < process_count; process++) {
		if (appliance->children[process].pid == 0)
			continue;
		whose[count] = process;
		entries[count++] = (struct pollfd){.fd = appliance->children[process].control, .events = POLLIN};
	}
	if (poll(entries, count, sleep_ms(appliance, clock_boot_ms())) <= 0)
		return;
	for (nfds_t i = 1; i < count; i++)
		if (entries[i].revents != 0)
			hear(appliance, whose[i], clock_boot_ms());
	if (entries[0].revents != 0)
		take_signals(appliance, signals, clock_boot_ms());
}

/* Whether to stop now. One that needs a person has said so to the logger, which may be just starting. */
static bool is_over(struct appliance *appliance, uint64_t now_ms)
{
	if (appliance->stop_due_ms == 0 && appliance->culprit != process_ANY)
		appliance->stop_due_ms = now_ms + patience_for_logger_ms;
	if (appliance->stop_due_ms == 0)
		return false;
	const bool can_print = wiring_has_logger(appliance) || appliance->culprit == process_LOGGER;
	return now_ms >= appliance->stop_due_ms || (appliance->culprit != process_ANY && can_print);
}

int watch_run(struct appliance *appliance)
{
	const int signals = open_signals();
	if (signals < 0) {
		fprintf(stderr, "keyward-warden: no signals: %s\n", strerror(errno));
		return 1;
	}
	for (uint64_t now_ms = clock_boot_ms(); !is_over(appliance, now_ms); now_ms = clock_boot_ms()) {
		if (appliance->stop_due_ms == 0)
			life_attend(appliance, now_ms);
		life_judge_silence(appliance, now_ms);
		wiring_attend(appliance, now_ms);
		say_ready(appliance);
		listen_once(appliance, signals);
	}
	life_stop(appliance);
	close(signals);
	if (appliance->culprit == process_ANY)
		return 0;
	fprintf(stderr, "keyward-warden: %s needs a person to act, so the appliance stopped; the reason stands above\n",
		table_row(appliance->culprit)->program);
	return status_exit_person;
}
