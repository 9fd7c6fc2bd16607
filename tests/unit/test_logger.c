/* SPDX-License-Identifier: Apache-2.0
 * The real logger in its real confinement, started as the warden starts it; the test is the warden and the senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"
#include "firmware/confine/child.h"
#include "firmware/warden/spawn.h"

enum { patience_ms = 5000, line_size = 1024, file_size = 8 << 20 };

static char state_folder[64], programs[512], file_name[128];
static pid_t logger;
static int control, own_log[2], sender[process_count], reading[process_count], terminal;

static void wait_for(uint8_t octet)
{
	uint8_t heard = 0;
	while (heard != octet) {
		struct pollfd slot = {.fd = control, .events = POLLIN};
		assert_int_equal(poll(&slot, 1, patience_ms), 1);
		assert_int_equal(recv(control, &heard, 1, 0), 1);
	}
}

static void give(enum process process)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = {.room = {0}};
	uint8_t octet = (uint8_t)process;
	struct iovec piece = {.iov_base = &octet, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = rights.room, .msg_controllen = sizeof rights.room};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &reading[process], sizeof(int));
	assert_int_equal(sendmsg(control, &message, 0), 1);
}

static void open_sender(enum process process)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	sender[process] = ends[0];
	reading[process] = ends[1];
}

/* Its standard error, the terminal, is a pipe that the test reads. */
static void start(void)
{
	int ends[2], pipe_ends[2];
	const int own_error = dup(STDERR_FILENO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	control = ends[0];
	terminal = pipe_ends[0];
	dup2(pipe_ends[1], STDERR_FILENO);
	const struct spawn spawn = {.process = process_LOGGER,
				    .control = ends[1],
				    .log = own_log[1],
				    .settings = own_log[0], /* the logger has none and closes it */
				    .programs = programs,
				    .state = state_folder};
	logger = spawn_start(&spawn);
	dup2(own_error, STDERR_FILENO);
	close(own_error);
	close(pipe_ends[1]);
	close(ends[1]);
	assert_true(logger > 0);
	wait_for(child_says_serving);
	give(process_SIGNER);
	give(process_LISTENER);
}

/* Closing the control channel has it write what is at hand and end. */
static void end(void)
{
	int how;
	close(control);
	assert_int_equal(waitpid(logger, &how, 0), logger);
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	close(terminal);
	logger = 0;
}

static int set_up(void **state)
{
	(void)state;
	char log_folder[96];
	snprintf(state_folder, sizeof state_folder, "/tmp/keyward-logger.XXXXXX");
	if (mkdtemp(state_folder) == NULL)
		return -1;
	snprintf(log_folder, sizeof log_folder, "%s/log", state_folder);
	snprintf(file_name, sizeof file_name, "%s/keyward.log", log_folder);
	if (mkdir(log_folder, 0700) != 0 || chown(log_folder, 62001, 62001) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, own_log) != 0)
		return -1;
	open_sender(process_SIGNER);
	open_sender(process_LISTENER);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	char command[256];
	if (logger > 0) {
		kill(logger, SIGKILL);
		waitpid(logger, NULL, 0);
		logger = 0;
	}
	snprintf(command, sizeof command, "umount %s/log 2>/dev/null; rm -rf %s", state_folder, state_folder);
	return system(command) == 0 ? 0 : -1;
}

static void say(enum process process, uint8_t level, struct bytes text)
{
	const struct message_log_line line = {.level = level, .text = text};
	assert_false(is_refused(channel_send(sender[process], 0, message_log_line, &line)));
}

static const char *read_all(int from)
{
	static char text[1 << 20];
	size_t size = 0;
	ssize_t got;
	while (size < sizeof text - 1 && (got = read(from, text + size, sizeof text - 1 - size)) > 0)
		size += (size_t)got;
	text[size] = '\0';
	return text;
}

/* Reads on until the words were there. */
static bool terminal_shows(const char *words)
{
	static char seen[1 << 16];
	size_t size = 0;
	ssize_t got;
	while (strstr(seen, words) == NULL && size < sizeof seen - 1 &&
	       (got = read(terminal, seen + size, sizeof seen - 1 - size)) > 0) {
		size += (size_t)got;
		seen[size] = '\0';
	}
	return strstr(seen, words) != NULL;
}

static bool file_has(const char *suffix, const char *words)
{
	char name[160];
	snprintf(name, sizeof name, "%s%s", file_name, suffix);
	const int file = open(name, O_RDONLY | O_CLOEXEC);
	const bool has = file >= 0 && strstr(read_all(file), words) != NULL;
	if (file >= 0)
		close(file);
	return has;
}

static void who_spoke_is_known_by_the_channel(void **state)
{
	(void)state;
	start();
	say(process_SIGNER, 6, bytes_from_text("one"));
	say(process_LISTENER, 6, bytes_from_text("signer: two\nerror signer: three"));
	end();
	assert_true(file_has("", " info signer: one\n"));
	assert_true(file_has("", " info listener: signer: two\\x0aerror signer: three\n"));
}

static void warnings_and_errors_are_repeated_on_the_terminal_escaped(void **state)
{
	(void)state;
	start();
	say(process_SIGNER, 6, bytes_from_text("quiet"));
	say(process_SIGNER, 4, bytes_from_text("loud \x1b[31m"));
	say(process_SIGNER, 3, bytes_from_text("louder"));
	close(control);
	const char *seen = read_all(terminal);
	assert_null(strstr(seen, "quiet"));
	assert_non_null(strstr(seen, " warning signer: loud \\x1b[31m\n"));
	assert_non_null(strstr(seen, " error signer: louder\n"));
	assert_null(strchr(seen, '\x1b'));
}

static void a_logger_that_starts_again_goes_on_where_the_last_one_stopped(void **state)
{
	(void)state;
	start();
	say(process_SIGNER, 6, bytes_from_text("before"));
	end();
	say(process_SIGNER, 6, bytes_from_text("between"));
	start();
	say(process_SIGNER, 6, bytes_from_text("after"));
	end();
	assert_true(file_has("", ": before\n") && file_has("", ": between\n") && file_has("", ": after\n"));
}

static void a_sender_that_breaks_the_protocol_is_named_and_the_others_go_on(void **state)
{
	(void)state;
	start();
	assert_int_equal(send(sender[process_SIGNER], "\0\0\0\0\xff\xff", 6, 0), 6);
	wait_for(child_says_lost | process_SIGNER);
	say(process_LISTENER, 6, bytes_from_text("still here"));
	give(process_SIGNER); /* as the warden does */
	say(process_SIGNER, 6, bytes_from_text("back again"));
	end();
	assert_true(file_has("", " info listener: still here\n") && file_has("", " info signer: back again\n"));
}

static void a_full_file_is_rotated_and_four_are_kept(void **state)
{
	(void)state;
	static uint8_t text[line_size];
	const int lines_in_file = file_size / (4 * line_size) + 1;
	struct stat about;
	char name[160];
	memset(text, 0x1b, sizeof text);
	start();
	for (int i = 0; i < 5 * lines_in_file; i++)
		say(process_SIGNER, 6, BYTES_OF(text));
	end();
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof name, i == 0 ? "%s" : "%s.%d", file_name, i);
		assert_int_equal(stat(name, &about) == 0, i < 4);
		assert_true(i >= 4 || (about.st_size <= file_size + 8192 && (about.st_mode & 0777) == 0600));
	}
}

static void case_91_a_full_disk_costs_lines_that_are_counted_and_the_logger_lives(void **state)
{
	(void)state;
	static uint8_t text[line_size];
	char folder[96], filler[128];
	memset(text, 'x', sizeof text);
	snprintf(folder, sizeof folder, "%s/log", state_folder);
	snprintf(filler, sizeof filler, "%s/filler", folder);
	if (mount("none", folder, "tmpfs", 0, "size=128k,mode=0700,uid=62001,gid=62001") != 0)
		skip();
	const int file = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	for (int i = 0; i < 64; i++)
		assert_int_equal(write(file, text, sizeof text), sizeof text);
	close(file);
	start();
	for (int i = 0; i < 200; i++)
		say(process_SIGNER, 6, BYTES_OF(text));
	say(process_SIGNER, 4, bytes_from_text("the disk is full"));
	assert_true(terminal_shows("error logger: the log cannot be written")); /* said where a person looks */
	assert_true(terminal_shows("warning signer: the disk is full"));
	assert_int_equal(unlink(filler), 0);
	say(process_SIGNER, 6, bytes_from_text("room again"));
	end();
	assert_true(file_has("", " warning logger: ") && file_has("", " lines could not be written\n"));
	assert_true(file_has("", " info signer: room again\n"));
}

#define LOGGING(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGGING(who_spoke_is_known_by_the_channel),
		LOGGING(warnings_and_errors_are_repeated_on_the_terminal_escaped),
		LOGGING(a_logger_that_starts_again_goes_on_where_the_last_one_stopped),
		LOGGING(a_sender_that_breaks_the_protocol_is_named_and_the_others_go_on),
		LOGGING(a_full_file_is_rotated_and_four_are_kept),
		LOGGING(case_91_a_full_disk_costs_lines_that_are_counted_and_the_logger_lives),
	};
	char self[256];
	const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
	if (size <= 0)
		return 1;
	self[size] = '\0';
	snprintf(programs, sizeof programs, "%s/../bin", dirname(self));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
