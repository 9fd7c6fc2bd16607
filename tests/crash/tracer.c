/* SPDX-License-Identifier: Apache-2.0
 * Tells every step of a running, confined process that reaches a disk or a neighbour, in the order in which the steps
 * are made; or ends it, kill -9, when it is about to make one. All of its threads are traced.
 * usage: crash-tracer PROCESS [AFTER CALL WHAT COUNT]
 *   ended at the COUNTth CALL of WHAT, several in a row as one, after it got the message AFTER
 *   attached               from here on nothing is missed
 *   N make CALL WHAT HEX   about to be made; WHAT is a path or the name of a message, HEX what is written or sent
 *   N made CALL WHAT RESULT
 *   0 got recvmsg WHAT HEX */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"

enum { most_threads = 256, what_room = 256, at_id = 4, syscall_stop = SIGTRAP | 0x80 };

static const struct step {
	long number;
	const char *name;
	bool has_data;
} steps[] = {
    {SYS_pwrite64, "pwrite64", true},  {SYS_write, "write", true},    {SYS_fdatasync, "fdatasync", false},
    {SYS_fsync, "fsync", false},       {SYS_syncfs, "syncfs", false}, {SYS_ftruncate, "ftruncate", false},
    {SYS_renameat, "renameat", false}, {SYS_sendto, "sendto", true},
};

/* What a thread is in the middle of. */
struct thread {
	pid_t id;
	unsigned number; /* of the step; 0: none */
	const struct step *step;
	char what[what_room];
	uint64_t message; /* recvmsg: where its header is; 0: another call */
};

static struct thread threads[most_threads];
static pid_t process;
static unsigned made;
/* Where the process is to end. */
static struct {
	const char *after, *call, *what;
	unsigned count;
	bool counts;
} end;
static uint8_t data[wire_packet_room + (1 << 20)];

static struct thread *find_thread(pid_t id)
{
	size_t at = 0;
	while (at < most_threads - 1 && threads[at].id != id && threads[at].id != 0)
		at++;
	threads[at].id = id;
	return &threads[at];
}

static size_t read_memory(uint64_t at, void *out, size_t size)
{
	const struct iovec here = {.iov_base = out, .iov_len = size};
	const struct iovec there = {.iov_base = (void *)at, .iov_len = size};
	const ssize_t got = process_vm_readv(process, &here, 1, &there, 1, 0);
	return got < 0 ? 0 : (size_t)got;
}

static const char *name_message(size_t size)
{
	const struct wire_entry *entry =
	    size < wire_header_size ? NULL : wire_entry((enum message)(data[at_id] << 8 | data[at_id + 1]));
	return entry == NULL ? "-" : entry->name;
}

/* The path of a file as the process sees it; false: no file. */
static bool name_file(uint64_t descriptor, char what[what_room])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/%d/fd/%llu", (int)process, (unsigned long long)descriptor);
	const ssize_t size = readlink(link, what, what_room - 1);
	what[size < 0 ? 0 : size] = 0;
	return what[0] == '/';
}

static void tell(unsigned number, const char *verb, const char *call, const char *what, size_t size)
{
	printf("%u %s %s %s ", number, verb, call, what);
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
	printf("\n");
	fflush(stdout);
}

static bool is_end(const char *call, const char *what)
{
	static char before[what_room + 16];
	char now[sizeof before];
	snprintf(now, sizeof now, "%s %s", call, what);
	const bool is_wanted = end.counts && end.count != 0 && strcmp(now, before) != 0 &&
			       strcmp(call, end.call) == 0 && strcmp(what, end.what) == 0;
	memcpy(before, now, sizeof before);
	return is_wanted && --end.count == 0;
}

static const struct step *find_step(uint64_t call)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i].number == (long)call)
			return &steps[i];
	return NULL;
}

/* Heartbeats and log lines come when they like, so they are no steps. */
static bool is_step(const struct step *step, const uint64_t arguments[6], struct thread *thread, size_t *size)
{
	*size = step->has_data
		    ? read_memory(arguments[1], data, arguments[2] < sizeof data ? arguments[2] : sizeof data)
		    : 0;
	const bool is_file = name_file(arguments[0], thread->what);
	if (step->number == SYS_sendto)
		snprintf(thread->what, sizeof thread->what, "%s", name_message(*size));
	return step->number == SYS_sendto ? strcmp(thread->what, "-") != 0 && strcmp(thread->what, "log_line") != 0
					  : is_file;
}

static void enter(struct thread *thread, uint64_t call, const uint64_t arguments[6])
{
	size_t size = 0;
	thread->step = find_step(call);
	thread->number = 0;
	thread->message = call == SYS_recvmsg ? arguments[1] : 0;
	if (thread->step == NULL || !is_step(thread->step, arguments, thread, &size))
		return;
	thread->number = ++made;
	tell(made, "make", thread->step->name, thread->what, size);
	if (is_end(thread->step->name, thread->what))
		kill(process, SIGKILL);
}

static void leave(struct thread *thread, int64_t result)
{
	struct msghdr header;
	struct iovec piece;
	if (thread->number != 0)
		printf("%u made %s %s %lld\n", thread->number, thread->step->name, thread->what, (long long)result);
	if (thread->message == 0 || result < wire_header_size ||
	    read_memory(thread->message, &header, sizeof header) == 0 ||
	    read_memory((uint64_t)header.msg_iov, &piece, sizeof piece) == 0)
		return;
	const size_t size = read_memory((uint64_t)piece.iov_base, data, (size_t)result);
	const char *name = name_message(size);
	end.counts = end.counts || (end.after != NULL && strcmp(name, end.after) == 0);
	tell(0, "got", "recvmsg", name, size);
}

/* Gives the signal to go on with. */
static int attend(pid_t id, int how)
{
	struct __ptrace_syscall_info info;
	const int signal = WSTOPSIG(how);
	if (how >> 16 != 0)
		return 0;
	if (signal != syscall_stop)
		return signal;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0)
		return 0;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(find_thread(id), info.entry.nr, (const uint64_t *)info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(find_thread(id), info.exit.rval);
	return 0;
}

static bool attach(void)
{
	char path[64];
	bool is_attached = false;
	snprintf(path, sizeof path, "/proc/%d/task", (int)process);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		const pid_t id = (pid_t)atoi(entry->d_name);
		int how;
		if (id <= 0 || ptrace(PTRACE_SEIZE, id, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) != 0)
			continue;
		is_attached = ptrace(PTRACE_INTERRUPT, id, NULL, NULL) == 0 && waitpid(id, &how, __WALL) == id &&
			      WIFSTOPPED(how) && ptrace(PTRACE_SYSCALL, id, NULL, NULL) == 0;
	}
	if (folder != NULL)
		closedir(folder);
	return is_attached;
}

int main(int count, char **words)
{
	int how;
	pid_t id;
	if (count != 2 && count != 6) {
		fprintf(stderr, "usage: crash-tracer PROCESS [AFTER CALL WHAT COUNT]\n");
		return 64;
	}
	process = (pid_t)atoi(words[1]);
	if (count == 6) {
		end.after = words[2];
		end.call = words[3];
		end.what = words[4];
		end.count = (unsigned)atoi(words[5]);
	}
	if (!attach()) {
		fprintf(stderr, "crash-tracer: %d cannot be traced\n", (int)process);
		return 1;
	}
	printf("attached\n");
	fflush(stdout);
	while ((id = waitpid(-1, &how, __WALL)) > 0 || errno == EINTR)
		if (id > 0 && WIFSTOPPED(how))
			ptrace(PTRACE_SYSCALL, id, NULL, attend(id, how));
	return 0;
}
