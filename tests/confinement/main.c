/* SPDX-License-Identifier: Apache-2.0
 * Holds running processes against matrix.def. Prints TAP lines without a plan.
 * usage: matrix RUN-PROCESS STATE-FOLDER FIRST END    acts FIRST to END - 1
 *        matrix --calls RUN-PROCESS                   the filters against calls.def
 *        matrix --count                               how many acts there are */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/confinement/filter_back.h"
#include "tests/confinement/find.h"
#include "tests/confinement/inject.h"

enum kind { kind_none, kind_number, kind_text, kind_data, kind_room, kind_warden, kind_other, kind_self, kind_fresh };
enum { most_arguments = 6, socket_type = SOCK_STREAM };

struct argument {
	enum kind kind;
	uint64_t number; /* or the size */
	const char *text;
};

struct act {
	int number_of_case;
	const char *name;
	long call;
	struct argument arguments[most_arguments];
	const char *expected;
};

#define N(value) {kind_number, (uint64_t)(int64_t)(value), NULL}
#define T(words) {kind_text, 0, words}
#define D(octets) {kind_data, sizeof(octets) - 1, octets}
#define ROOM(size) {kind_room, size, NULL}
#define WARDEN {kind_warden, 0, NULL}
#define OTHER {kind_other, 0, NULL}
#define SELF {kind_self, 0, NULL}
#define FRESH {kind_fresh, 0, NULL}
#define ARGS(...) {__VA_ARGS__}
#define ACT(case_, name, call, arguments, expected) {case_, #name, SYS_##call, arguments, expected},
static const struct act acts[] = {
#include "tests/confinement/matrix.def"
};
enum { act_count = sizeof acts / sizeof acts[0] };

/* In the order of the letters of matrix.def. */
static const enum process columns[] = {process_LOGGER,   process_SEALER,    process_SIGNER,  process_VERIFIER,
				       process_PROBER,   process_REGISTRAR, process_LISTENER};
enum { column_count = sizeof columns / sizeof columns[0] };

struct appliance {
	pid_t warden;
	const char *state;
};

static uint64_t write_text(struct inject *inject, const struct appliance *appliance, const char *text)
{
	char whole[512];
	snprintf(whole, sizeof whole, "%s%s", text[0] == '@' ? appliance->state : "", text + (text[0] == '@'));
	return inject_write(inject, whole, strlen(whole) + 1);
}

static uint64_t make_socket(struct inject *inject)
{
	const uint64_t arguments[6] = {AF_UNIX, socket_type};
	return (uint64_t)inject_call(inject, SYS_socket, arguments);
}

static uint64_t place_argument(struct inject *inject, const struct appliance *appliance, enum process process,
			       const struct argument *argument)
{
	static const char zeros[256];
	switch (argument->kind) {
	case kind_number:
		return argument->number;
	case kind_text:
		return write_text(inject, appliance, argument->text);
	case kind_data:
		return inject_write(inject, argument->text, argument->number);
	case kind_room:
		return inject_write(inject, zeros, argument->number);
	case kind_warden:
		return (uint64_t)appliance->warden;
	case kind_other:
		return (uint64_t)find_confined(appliance->warden,
					       process == process_LOGGER ? process_LISTENER : process_LOGGER);
	case kind_self:
		return (uint64_t)inject->pid;
	case kind_fresh:
		return make_socket(inject);
	case kind_none:
		break;
	}
	return 0;
}

static bool makes_descriptor(long call)
{
	return call == SYS_openat || call == SYS_socket;
}

static void close_in(struct inject *inject, uint64_t descriptor)
{
	const uint64_t arguments[6] = {descriptor};
	if (!inject->is_gone && (int64_t)descriptor >= 0)
		inject_call(inject, SYS_close, arguments);
}

static int64_t perform(struct inject *inject, const struct appliance *appliance, enum process process, const struct act *act)
{
	uint64_t arguments[most_arguments] = {0};
	bool has_socket = false;
	for (size_t i = 0; i < most_arguments && !inject->is_gone; i++) {
		arguments[i] = place_argument(inject, appliance, process, &act->arguments[i]);
		has_socket = has_socket || act->arguments[i].kind == kind_fresh;
	}
	if (has_socket && (inject->is_gone || (int64_t)arguments[0] < 0))
		return (int64_t)arguments[0];
	const int64_t result = inject_call(inject, act->call, arguments);
	if (makes_descriptor(act->call))
		close_in(inject, (uint64_t)result);
	if (has_socket)
		close_in(inject, arguments[0]);
	return result;
}

static const char *words_of(char letter)
{
	return letter == 'K' ? "is_ended" : letter == 'E' ? "is_refused" : "is_allowed";
}

static bool report(const struct act *act, enum process process, char expected, char found, const char *why)
{
	const char *program = place_program(process) + strlen("keyward-");
	printf("%s - case_%d_a_%s_that_%s_%s # %s\n", expected == found ? "ok" : "not ok", act->number_of_case, program, act->name,
	       words_of(expected), why);
	if (expected != found)
		printf("# expected %c, found %c\n", expected, found);
	fflush(stdout);
	return expected == found;
}

static bool try_one(const struct appliance *appliance, const struct act *act, size_t column)
{
	const enum process process = columns[column];
	const char expected = act->expected[column];
	struct inject inject;
	const pid_t pid = find_confined(appliance->warden, process);
	if (pid == 0 || !inject_attach(&inject, pid))
		return report(act, process, expected, '?', "it does not run, or cannot be traced");
	const int64_t result = perform(&inject, appliance, process, act);
	inject_detach(&inject);
	if (inject.is_gone)
		return report(act, process, expected, inject.ended_by == SIGSYS ? 'K' : '?',
			      inject.ended_by == 0 ? "it exited" : strsignal(inject.ended_by));
	return report(act, process, expected, result < 0 ? 'E' : 'A', result < 0 ? strerrorname_np((int)-result) : "success");
}

/* The sealer comes last: without it, a signer that starts again would not get the PIN. */
static bool try_acts(const struct appliance *appliance, size_t first, size_t end)
{
	bool is_good = true;
	for (size_t i = first; i < end; i++)
		for (size_t column = 0; column < column_count; column++)
			if (columns[column] != process_SEALER)
				is_good = try_one(appliance, &acts[i], column) && is_good;
	for (size_t i = first; i < end; i++)
		for (size_t column = 0; column < column_count; column++)
			if (columns[column] == process_SEALER)
				is_good = try_one(appliance, &acts[i], column) && is_good;
	return is_good;
}

/* ---- the filters, call by call ---- */

static const char letters[] = "LSGVPRN";

static const struct {
	int number;
	const char *who;
} calls[] = {
#define CALL(name, who) {SCMP_SYS(name), who},
#include "tests/confinement/calls.def"
#undef CALL
};

static bool is_listed(unsigned number, char letter)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (calls[i].number == (int)number && strchr(calls[i].who, letter) != NULL)
			return true;
	return false;
}

static bool check_filter(pid_t warden, size_t column)
{
	static struct filter_back filter;
	enum { beyond_all_calls = 2048 };
	const char *program = place_program(columns[column]);
	const pid_t pid = find_confined(warden, columns[column]);
	bool is_good = pid != 0 && filter_back_read(pid, &filter);
	if (!is_good)
		printf("# its only filter cannot be read back\n");
	for (unsigned number = 0; is_good && number < beyond_all_calls; number++) {
		const bool may_live = filter_back_may_live(&filter, number);
		if (may_live == is_listed(number, letters[column]))
			continue;
		is_good = false;
		printf("# %s: system call %u (%s) %s\n", program, number,
		       seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)number),
		       may_live ? "is let through" : "ends the process");
	}
	printf("%s - the_filter_of_the_running_%s_lets_through_the_calls_of_its_list_and_no_other\n", is_good ? "ok" : "not ok",
	       program + strlen("keyward-"));
	return is_good;
}

static bool check_filters(pid_t warden)
{
	bool is_good = true;
	for (size_t column = 0; column < column_count; column++)
		is_good = check_filter(warden, column) && is_good;
	return is_good;
}

static pid_t find_warden(const char *run_process)
{
	const pid_t warden = find_child((pid_t)atoi(run_process), "keyward-warden");
	if (warden == 0) {
		printf("not ok - the warden runs\n");
		exit(1);
	}
	return warden;
}

int main(int count, char **words)
{
	if (count == 2 && strcmp(words[1], "--count") == 0) {
		printf("%d\n", (int)act_count);
		return 0;
	}
	if (count == 3 && strcmp(words[1], "--calls") == 0)
		return check_filters(find_warden(words[2])) ? 0 : 1;
	if (count != 5) {
		fprintf(stderr, "usage: matrix RUN-PROCESS STATE-FOLDER FIRST END | --calls RUN-PROCESS | --count\n");
		return 64;
	}
	const struct appliance appliance = {.warden = find_warden(words[1]), .state = words[2]};
	const size_t first = (size_t)atoi(words[3]), end = (size_t)atoi(words[4]);
	return try_acts(&appliance, first, end < act_count ? end : act_count) ? 0 : 1;
}
