/* SPDX-License-Identifier: Apache-2.0
 * Sets the stage: a copied folder of programs with one impostor, the product's own start script, and the seat's side of the
 * control channel. */
#include "tests/hostile/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firmware/confine/child.h"

enum { start_limit_s = 60, answer_limit_ms = 20000 };

static const char *const programs[process_count] = {
	[process_LOGGER] = "keyward-logger",       [process_SEALER] = "keyward-sealer",
	[process_SIGNER] = "keyward-signer",       [process_VERIFIER] = "keyward-verifier",
	[process_PROBER] = "keyward-prober",       [process_REGISTRAR] = "keyward-registrar",
	[process_LISTENER] = "keyward-listener",
};

/* The appliance of this program, so that none is left behind. */
static pid_t running;

static _Noreturn void give_up(const char *what)
{
	printf("Bail out! the stage cannot be set: %s: %s\n", what, strerror(errno));
	if (running > 0 && kill(running, SIGTERM) == 0)
		waitpid(running, NULL, 0);
	exit(1);
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[2048];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		give_up(command);
}

/* One packet with its descriptors; the number of octets, 0 at the end. */
static size_t receive_descriptors(int from, uint8_t *byte, int *descriptors, size_t *count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * 16)];
	} control;
	struct iovec piece = {.iov_base = byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	const ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	*count = 0;
	if (got <= 0)
		return 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t size = header->cmsg_len - CMSG_LEN(0);
		memcpy(descriptors, CMSG_DATA(header), size);
		*count = size / sizeof(int);
	}
	return (size_t)got;
}

static int seat_listen(const struct stage *stage)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (snprintf(address.sun_path, sizeof address.sun_path, "%s/bin/seat-%s", stage->folder,
		     programs[stage->seat]) >= (int)sizeof address.sun_path)
		give_up("the path of the seat is too long");
	const int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (listening < 0 || bind(listening, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(listening, 4) != 0)
		give_up("the seat's socket");
	return listening;
}

static void seat_take(struct stage *stage)
{
	struct pollfd waiting = {.fd = stage->listening, .events = POLLIN};
	if (poll(&waiting, 1, start_limit_s * 1000) != 1)
		give_up("the impostor was not started");
	const int seat = accept(stage->listening, NULL, NULL);
	uint8_t byte;
	int got[16];
	size_t count;
	if (seat < 0 || receive_descriptors(seat, &byte, got, &count) != 1 || count < 3)
		give_up("the impostor handed nothing over");
	stage->control = got[0];
	stage->log = got[1];
	stage->settings_fd = got[2];
	for (size_t i = 3; i < count; i++)
		stage->own[stage->own_count++] = got[i];
	struct stat about;
	if (fstat(stage->settings_fd, &about) == 0 && about.st_size > 0) {
		void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, stage->settings_fd, 0);
		if (map != MAP_FAILED)
			stage->settings = bytes_from(map, (size_t)about.st_size);
	}
}

static void say(const struct stage *stage, uint8_t byte)
{
	if (send(stage->control, &byte, 1, MSG_NOSIGNAL) != 1)
		return; /* the warden is gone; the test notices by itself */
}

/* The seat's life on the control channel: reports, heartbeats, new channels. */
static void *beat(void *argument)
{
	struct stage *stage = argument;
	say(stage, child_says_confined);
	say(stage, child_says_serving);
	for (;;) {
		struct pollfd waiting = {.fd = stage->control, .events = POLLIN};
		const int ready = poll(&waiting, 1, 1000);
		say(stage, child_says_alive);
		if (ready != 1)
			continue;
		uint8_t neighbour;
		int channel[16];
		size_t count;
		if (receive_descriptors(stage->control, &neighbour, channel, &count) == 0)
			return NULL;
		if (count != 1 || neighbour >= process_count)
			continue;
		pthread_mutex_lock(&stage->lock);
		if (stage->channel[neighbour] >= 0)
			close(stage->channel[neighbour]);
		stage->channel[neighbour] = channel[0];
		pthread_cond_broadcast(&stage->wired);
		pthread_mutex_unlock(&stage->lock);
	}
}

/* Neighbours of a seat, by the process table. */
static bool is_neighbour(enum process seat, enum process other)
{
	static const struct {
		enum process from, to;
	} calls[] = {
#define PROCESS(name, program, uid, settings, memory, files)
#define OWN(name, kind, argument)
#define NETWORK(name)
#define CALLS(name, neighbour) {process_##name, process_##neighbour},
#include "firmware/confine/processes.def"
#undef PROCESS
#undef OWN
#undef NETWORK
#undef CALLS
	};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if ((calls[i].from == seat && calls[i].to == other) || (calls[i].to == seat && calls[i].from == other))
			return true;
	return false;
}

static struct timespec deadline(time_t seconds)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += seconds;
	return at;
}

void stage_await(struct stage *stage, enum process neighbour)
{
	const struct timespec until = deadline(start_limit_s);
	pthread_mutex_lock(&stage->lock);
	while (stage->channel[neighbour] < 0)
		if (pthread_cond_timedwait(&stage->wired, &stage->lock, &until) != 0)
			give_up("a neighbour was not wired");
	pthread_mutex_unlock(&stage->lock);
}

/* Copied, not linked: the warden looks for the others beside its own file. */
static void lay_out(struct stage *stage, const char *build)
{
	snprintf(stage->folder, sizeof stage->folder, "/tmp/keyward-stage-XXXXXX");
	if (mkdtemp(stage->folder) == NULL)
		give_up("a folder");
	shell("mkdir %s/bin && cp %s/bin/keyward-* %s/bin/", stage->folder, build, stage->folder);
}

static void take_place(struct stage *stage, const char *build, const char *folder)
{
	memmove(stage->folder, folder, strlen(folder) + 1);
	for (size_t i = 0; i < process_count; i++)
		stage->channel[i] = -1;
	pthread_mutex_init(&stage->lock, NULL);
	pthread_cond_init(&stage->wired, NULL);
	shell("cp %s/helpers/impostor %s/bin/%s", build, folder, programs[stage->seat]);
	stage->listening = seat_listen(stage);
}

static void run_appliance(struct stage *stage, const char *configuration)
{
	char bin[300], run[300];
	snprintf(bin, sizeof bin, "%s/bin", stage->folder);
	snprintf(run, sizeof run, "%s/run", stage->folder);
	const pid_t test = getpid();
	stage->run = fork();
	if (stage->run == 0) {
		char log[300];
		snprintf(log, sizeof log, "%s/log", stage->folder);
		setpgid(0, 0);
		/* a test that is killed leaves no appliance behind; it may have been before this was asked for */
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != test)
			_exit(1);
		if (freopen(log, "w", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(1);
		execl("firmware/host/run", "run", bin, run, "--no-demonstration", "--configuration", configuration,
		      (char *)NULL);
		_exit(127);
	}
	if (stage->run < 0)
		give_up("fork");
	running = stage->run;
}

static void enter(struct stage *stage)
{
	seat_take(stage);
	if (pthread_create(&stage->heart, NULL, beat, stage) != 0)
		give_up("a thread");
}

static void await_all(struct stage *stage)
{
	for (enum process other = process_LOGGER; other < process_count; other++)
		if (is_neighbour(stage->seat, other))
			stage_await(stage, other);
}

void stage_start(struct stage *stage, const char *build, enum process seat, const char *configuration,
		 struct stage *second)
{
	memset(stage, 0, sizeof *stage);
	stage->seat = seat;
	lay_out(stage, build);
	take_place(stage, build, stage->folder);
	if (second != NULL)
		take_place(second, build, stage->folder);
	run_appliance(stage, configuration);
	enter(stage);
	if (second != NULL) {
		enter(second);
		await_all(second);
	}
	await_all(stage);
}

static void leave(struct stage *stage)
{
	if (stage->is_left)
		return;
	stage->is_left = true;
	pthread_cancel(stage->heart);
	pthread_join(stage->heart, NULL);
	close(stage->listening);
}

static void harm(int descriptor)
{
	const int corked = 1;
	if (setsockopt(descriptor, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked) == 0 && fcntl(descriptor, F_SETFL, 0) != 0)
		give_up("the flags of a socket");
	if (shutdown(descriptor, SHUT_RDWR) != 0 && errno != ENOTSOCK)
		give_up("a shutdown");
}

/* The control channel last: the warden kills for it. */
void stage_leave(struct stage *stage, const char *build, bool shutting_down)
{
	const char *program = programs[stage->seat];
	leave(stage);
	shell("cp %s/bin/%s %s/real && mv %s/real %s/bin/%s", build, program, stage->folder, stage->folder, stage->folder, program);
	for (size_t i = 0; shutting_down && i < process_count; i++)
		if (stage->channel[i] >= 0)
			harm(stage->channel[i]);
	for (size_t i = 0; shutting_down && i < stage->own_count; i++)
		harm(stage->own[i]);
	if (shutting_down)
		harm(stage->log);
	harm(stage->control);
}

bool stage_logs(const struct stage *stage, const char *words)
{
	enum { tries = 200 };
	char command[512];
	snprintf(command, sizeof command, "grep -qs '%s' %s/run/state/log/keyward.log", words, stage->folder);
	for (int i = 0; i < tries; i++) {
		if (system(command) == 0)
			return true;
		usleep(100000);
	}
	return false;
}

void stage_stop(struct stage *stage, struct stage *second)
{
	kill(stage->run, SIGTERM);
	for (int i = 0; i < 200 && waitpid(stage->run, NULL, WNOHANG) == 0; i++)
		usleep(50000);
	kill(-stage->run, SIGKILL);
	leave(stage);
	if (second != NULL)
		leave(second);
	shell("rm -rf %s", stage->folder);
}

/* Hangs up from our side too, so that stage_await waits for the next channel; which may be there already. */
static void hang_up(struct stage *stage, enum process neighbour, int channel)
{
	pthread_mutex_lock(&stage->lock);
	if (stage->channel[neighbour] == channel) {
		close(channel);
		stage->channel[neighbour] = -1;
	}
	pthread_mutex_unlock(&stage->lock);
}

static status read_answer(struct stage *stage, enum process neighbour, int channel, enum message expected, void *answer)
{
	static uint8_t room[wire_packet_room];
	struct buffer buffer = BUFFER(room);
	struct packet packet;
	struct pollfd waiting = {.fd = channel, .events = POLLIN};
	if (poll(&waiting, 1, answer_limit_ms) != 1)
		return REFUSE(busy);
	const status received = channel_receive(channel, &buffer, &packet);
	if (is_refused(received)) {
		hang_up(stage, neighbour, channel);
		return received;
	}
	if (packet.id == message_refused) {
		struct message_refused refused;
		TRY(wire_decode(message_refused, packet.body, &refused));
		printf("# refused: %.*s\n", (int)refused.detail.size, (const char *)refused.detail.data);
		return channel_refusal(&refused);
	}
	if (packet.id != expected)
		return REFUSE(message_malformed);
	return wire_decode(expected, packet.body, answer);
}

status stage_call(struct stage *stage, enum process neighbour, enum message id, const void *request, void *answer)
{
	static uint32_t call;
	stage_await(stage, neighbour);
	const int channel = stage->channel[neighbour];
	const status sent = channel_send(channel, ++call, id, request);
	if (is_refused(sent)) {
		hang_up(stage, neighbour, channel);
		return sent;
	}
	return read_answer(stage, neighbour, channel, wire_entry(id)->answer, answer);
}

status stage_send_raw(struct stage *stage, enum process neighbour, struct bytes packet)
{
	stage_await(stage, neighbour);
	const int channel = stage->channel[neighbour];
	if (send(channel, packet.data, packet.size, MSG_NOSIGNAL) < 0) {
		if (errno == EMSGSIZE)
			return REFUSE(message_malformed);
		hang_up(stage, neighbour, channel);
		return REFUSE(neighbour_away);
	}
	return read_answer(stage, neighbour, channel, message_none, NULL);
}
