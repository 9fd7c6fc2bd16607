/* SPDX-License-Identifier: Apache-2.0
 * Stands in the place of a process under the real warden, unconfined, and writes down what it was given. It plays by
 * the file play.PROGRAM beside itself, one word a line, and writes into said.PROGRAM, one line each. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/clock.h"
#include "firmware/boundary/status.h"
#include "firmware/boundary/wire.h"
#include "firmware/confine/child.h"

extern char **environ;

static char folder[PATH_MAX];
static const char *program;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char path[PATH_MAX + 64], line[1024];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof line - 1)
		abort();
	line[size] = '\n';
	snprintf(path, sizeof path, "%s/said.%s", folder, program);
	int out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out < 0 || write(out, line, (size_t)size + 1) != size + 1)
		abort();
	close(out);
}

static bool plays(const char *word)
{
	char path[PATH_MAX + 64], line[128];
	bool is_there = false;
	snprintf(path, sizeof path, "%s/play.%s", folder, program);
	FILE *play = fopen(path, "re");
	while (play != NULL && fgets(line, sizeof line, play) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		is_there = is_there || strcmp(line, word) == 0;
	}
	if (play != NULL)
		fclose(play);
	return is_there;
}

/* Taken before anything is opened. */
static void say_descriptors(void)
{
	char list[512] = "";
	size_t used = 0;
	for (int i = 0; i < 1024; i++) {
		struct stat about;
		if (fstat(i, &about) != 0)
			continue;
		const char kind = S_ISSOCK(about.st_mode)  ? 's'
				  : S_ISDIR(about.st_mode) ? 'd'
				  : S_ISCHR(about.st_mode) ? 'c'
							   : 'f';
		used += (size_t)snprintf(list + used, sizeof list - used, " %d%c", i, i <= 2 ? '-' : kind);
	}
	say("descriptors%s", list);
}

static void say_limits(void)
{
	struct rlimit memory, files, core;
	if (getrlimit(RLIMIT_AS, &memory) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0 || getrlimit(RLIMIT_CORE, &core) != 0)
		abort();
	say("limits %llu MiB %llu files %llu core", (unsigned long long)memory.rlim_max >> 20,
	    (unsigned long long)files.rlim_max, (unsigned long long)core.rlim_max);
}

static void say_namespaces(void)
{
	static const char *const names[] = {"mnt", "net", "ipc", "uts", "cgroup"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[64], at[64];
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		const ssize_t size = readlink(path, at, sizeof at - 1);
		at[size < 0 ? 0 : size] = '\0';
		say("namespace %s %s", names[i], at);
	}
}

static void say_settings(void)
{
	struct stat about;
	const int seals = fcntl(child_fd_settings, F_GET_SEALS);
	const bool is_sealed = seals == (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	uint8_t byte = 0;
	uint64_t sum = 14695981039346656037U;
	if (fstat(child_fd_settings, &about) != 0)
		abort();
	for (off_t i = 0; i < about.st_size && pread(child_fd_settings, &byte, 1, i) == 1; i++)
		sum = (sum ^ byte) * 1099511628211U;
	say("settings %lld bytes sum %llx %s %s", (long long)about.st_size, (unsigned long long)sum,
	    is_sealed ? "sealed" : "open", write(child_fd_settings, &byte, 1) < 0 ? "refuses" : "writes");
}

/* The listening socket as it was given. */
static void say_socket(void)
{
	int listens = 0, corked = 0;
	socklen_t size = sizeof listens;
	if (getsockopt(child_fd_own, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 ||
	    getsockopt(child_fd_own, IPPROTO_TCP, TCP_CORK, &corked, &size) != 0)
		return;
	say("socket %s, %s, %s", listens ? "listens" : "is shut", fcntl(child_fd_own, F_GETFL) & O_NONBLOCK ? "open" : "blocks",
	    corked ? "corked" : "free");
}

static void say_facts(int argument_count, char **arguments)
{
	int death = 0, masked = 0;
	sigset_t mask;
	say_descriptors();
	say("started %d", (int)getpid());
	say("arguments %d %s", argument_count, arguments[0]);
	say("environment %s", environ[0] == NULL ? "empty" : environ[0]);
	say("session %s", getsid(0) == getpid() ? "own" : "shared");
	if (prctl(PR_GET_PDEATHSIG, &death) != 0 || sigprocmask(SIG_SETMASK, NULL, &mask) != 0)
		abort();
	for (int number = 1; number < 32; number++)
		masked += sigismember(&mask, number);
	say("death signal %d, masked %d", death, masked);
	say_limits();
	say_namespaces();
	say_settings();
	say_socket();
}

static void tell(uint8_t word)
{
	if (send(child_fd_control, &word, 1, MSG_NOSIGNAL) != 1)
		exit(0);
}

static int channels[process_count];

/* Takes one byte and its descriptor; ends when the warden closed. */
static void take_wire(void)
{
	uint8_t byte = 0;
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	int end = -1;
	if (recvmsg(child_fd_control, &message, MSG_CMSG_CLOEXEC) != 1) {
		say("asked to end");
		if (plays("stubborn"))
			pause();
		exit(0);
	}
	if (CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&end, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof end);
	if (byte >= process_count || end < 0)
		abort();
	if (channels[byte] != 0)
		close(channels[byte]);
	channels[byte] = end;
	say("wired %u", byte);
	if (send(end, program, strlen(program), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		say("cannot write to %u", byte);
	static bool has_lost;
	if (!has_lost && plays("lose") && byte == process_REGISTRAR) {
		has_lost = true;
		close(end);
		channels[byte] = 0;
		tell((uint8_t)(child_says_lost | byte));
	}
}

/* Leaves each socket that it holds in the worst state, the control channel last, since the warden kills for it. Once. */
static void shut_down(int first, int last)
{
	enum { on = 1 };
	char path[PATH_MAX + 64];
	const int corked = on;
	snprintf(path, sizeof path, "%s/play.%s", folder, program);
	if (unlink(path) != 0)
		abort();
	for (int i = last; i >= first; i--) {
		if (setsockopt(i, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked) == 0 && fcntl(i, F_SETFL, 0) != 0)
			abort();
		if (shutdown(i, SHUT_RDWR) == 0 && i > child_fd_control)
			say("shut down %d", i);
	}
}

/* The text of a log line, with whatever stands around it in the packet. */
static void say_line(const char *packet, size_t size)
{
	char text[600];
	size_t used = 0;
	for (size_t i = 0; i < size; i++)
		if (packet[i] >= ' ' && packet[i] <= '~')
			text[used++] = packet[i];
	text[used] = '\0';
	say("the warden's line: %s", text);
}

static void take_greeting(unsigned neighbour)
{
	char name[600];
	const ssize_t got = recv(channels[neighbour], name, sizeof name - 1, MSG_DONTWAIT);
	if (got > 0) {
		name[got] = '\0';
		if (strcmp(program, "keyward-logger") == 0 && neighbour == process_WARDEN)
			say_line(name, (size_t)got);
		say("greeted by %u as %s", neighbour, got < 40 && name[0] == 'k' ? name : "a log line");
	} else if (got == 0) {
		say("closed %u", neighbour);
		close(channels[neighbour]);
		channels[neighbour] = 0;
	}
}

static void serve(void)
{
	for (uint64_t told_ms = 0;;) {
		struct pollfd entries[process_count + 1] = {{.fd = child_fd_control, .events = POLLIN}};
		for (unsigned i = 0; i < process_count; i++)
			entries[i + 1] = (struct pollfd){.fd = channels[i] == 0 ? -1 : channels[i], .events = POLLIN};
		poll(entries, process_count + 1, 100);
		if (entries[0].revents != 0)
			take_wire();
		for (unsigned i = 0; i < process_count; i++)
			if (entries[i + 1].revents != 0 && channels[i] != 0)
				take_greeting(i);
		if (plays("person-later"))
			exit(status_exit_person);
		if (plays("absent-later"))
			exit(status_exit_absent);
		if (plays("wrong-word"))
			tell('?');
		if (plays("end"))
			exit(3);
		if (plays("shut-socket"))
			shut_down(child_fd_own, child_fd_own);
		if (plays("shut-all")) {
			shut_down(child_fd_control, 63);
			exit(3);
		}
		if (!plays("mute") && clock_boot_ms() - told_ms > 500) {
			told_ms = clock_boot_ms();
			tell(child_says_alive);
		}
	}
}

int main(int argument_count, char **arguments)
{
	const ssize_t size = readlink("/proc/self/exe", folder, sizeof folder - 1);
	if (size <= 0)
		return 1;
	folder[size] = '\0';
	*strrchr(folder, '/') = '\0';
	program = arguments[0];
	say_facts(argument_count, arguments);
	if (send(child_fd_log, "log line", 8, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		say("cannot log");
	if (plays("person") || plays("absent")) {
		dprintf(STDERR_FILENO, "%s: the words for a person\n", program);
		return plays("person") ? status_exit_person : status_exit_absent;
	}
	if (plays("unconfined-serving"))
		tell(child_says_serving);
	tell(child_says_confined);
	if (plays("end-early"))
		return 3;
	if (!plays("never-serving"))
		tell(child_says_serving);
	serve();
}
