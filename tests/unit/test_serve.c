/* SPDX-License-Identifier: Apache-2.0
 * The loop of every child, as the registrar's or the signer's, with the test as its warden and its neighbours. It
 * runs in a forked child without confinement, which tests/confinement looks at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/confine/child.h"
#include "firmware/confine/control.h"

enum { parked = 100, silence_ms = 300, patience_ms = 5000 };

static uint8_t room[wire_packet_room];
static pid_t child;
static int control, journal;

/* ---- the child: a signer that answers entry_read, slowly for entry 1000 and never within the round for 2000 ---- */

static uint32_t put_off_call;
static int put_off_channel = -1;

static status read_entry(int channel, uint32_t call, const void *request)
{
	const struct message_entry_read *read = request;
	const struct message_entry_given given = {.entry = read->entry, .state = 'i'};
	if (read->entry == 404)
		return REFUSE(entry_unknown);
	if (read->entry == 1000)
		usleep(2 * silence_ms * 1000);
	if (read->entry == 2000) {
		put_off_call = call;
		put_off_channel = channel;
		return OK;
	}
	return channel_send(channel, call, message_entry_given, &given);
}

static void answer_put_off(void)
{
	const struct message_entry_given given = {.entry = 2000, .state = 'i'};
	if (put_off_channel >= 0)
		(void)is_refused(channel_send(put_off_channel, put_off_call, message_entry_given, &given));
	put_off_channel = -1;
}

static void be_wired(enum process neighbour, int channel)
{
	child_log(6, "wired %d", neighbour);
	close(channel);
}

_Noreturn static void be_child(unsigned threads, int control_end, int log_end)
{
	static const struct route routes[] = {{message_entry_read, read_entry}};
	struct service service = {.routes = routes, .route_count = 1, .threads = threads, .wired = be_wired,
				  .settle = answer_put_off};
	if (dup2(control_end, child_fd_control) < 0 || dup2(log_end, child_fd_log) < 0)
		_exit(1);
	close_range(child_fd_log + 1, ~0U, 0);
	control_open(process_SIGNER);
	child_serve(&service);
}

/* ---- the test as its warden ---- */

static void pair(int ends[2])
{
	int made[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, made), 0);
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, parked);
		close(made[i]);
	}
}

static int start(unsigned threads)
{
	int controls[2], logs[2];
	pair(controls);
	pair(logs);
	child = fork();
	if (child == 0)
		be_child(threads, controls[1], logs[1]);
	close(controls[1]);
	close(logs[1]);
	control = controls[0];
	journal = logs[0];
	return child > 0 ? 0 : -1;
}

static int start_alone(void **state)
{
	(void)state;
	return start(0);
}

static int start_with_threads(void **state)
{
	(void)state;
	return start(3);
}

static int child_status(void)
{
	int how = -1;
	if (child > 0)
		assert_int_equal(waitpid(child, &how, 0), child);
	child = -1;
	return how;
}

static int stop(void **state)
{
	(void)state;
	if (child > 0)
		kill(child, SIGKILL);
	child_status();
	close(control);
	close(journal);
	return 0;
}

static void give(uint8_t octet, int channel)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} rights = {.room = {0}};
	struct iovec piece = {.iov_base = &octet, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = rights.room, .msg_controllen = sizeof rights.room};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &channel, sizeof channel);
	assert_int_equal(sendmsg(control, &message, 0), 1);
}

static int wire(enum process neighbour)
{
	int ends[2];
	pair(ends);
	give((uint8_t)neighbour, ends[1]);
	close(ends[1]);
	return ends[0];
}

/* The next byte of the child that is no heartbeat; 0 when there is none for a while. */
static uint8_t hear(int wait_ms)
{
	const uint64_t until = clock_boot_ms() + (uint64_t)wait_ms;
	uint64_t now;
	while ((now = clock_boot_ms()) < until) {
		struct pollfd slot = {.fd = control, .events = POLLIN};
		uint8_t octet;
		if (poll(&slot, 1, (int)(until - now)) > 0 && recv(control, &octet, 1, 0) == 1 &&
		    octet != child_says_alive)
			return octet;
	}
	return 0;
}

static void ask(int channel, uint32_t call, uint64_t entry)
{
	const struct message_entry_read request = {.entry = entry};
	assert_false(is_refused(channel_send(channel, call, message_entry_read, &request)));
}

/* The call that was answered, and its entry or refusal. */
static uint32_t answered(int channel, uint64_t *entry, enum refusal *refusal)
{
	struct buffer in = BUFFER(room);
	struct message_entry_given given = {.entry = 0};
	struct message_refused refused = {.refusal = 0};
	struct packet packet;
	assert_false(is_refused(channel_receive(channel, &in, &packet)));
	if (packet.id == message_refused)
		assert_false(is_refused(wire_decode(packet.id, packet.body, &refused)));
	else
		assert_false(is_refused(wire_decode(message_entry_given, packet.body, &given)));
	*entry = given.entry;
	*refusal = (enum refusal)refused.refusal;
	return packet.call;
}

static void expect(int channel, uint32_t call, uint64_t entry)
{
	uint64_t found;
	enum refusal refusal;
	assert_int_equal(answered(channel, &found, &refusal), call);
	assert_int_equal(found, entry);
	assert_int_equal(refusal, refusal_none);
}

static bool is_hung_up(int channel)
{
	struct pollfd slot = {.fd = channel, .events = POLLIN};
	return poll(&slot, 1, patience_ms) > 0 && recv(channel, room, sizeof room, 0) <= 0;
}

static bool has_logged(const char *words)
{
	for (;;) {
		struct pollfd slot = {.fd = journal, .events = POLLIN};
		struct buffer in = BUFFER(room);
		struct message_log_line line;
		struct packet packet;
		if (poll(&slot, 1, silence_ms) <= 0 || is_refused(channel_receive(journal, &in, &packet)))
			return false;
		assert_false(is_refused(wire_decode(message_log_line, packet.body, &line)));
		if (memmem(line.text.data, line.text.size, words, strlen(words)) != NULL)
			return true;
	}
}

/* ---- the tests ---- */

static void a_request_is_answered_by_its_route(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	uint64_t entry;
	enum refusal refusal;
	ask(registrar, 5, 77);
	expect(registrar, 5, 77);
	ask(registrar, 6, 404);
	assert_int_equal(answered(registrar, &entry, &refusal), 6);
	assert_int_equal(refusal, refusal_entry_unknown);
	close(registrar);
}

static void an_answer_may_be_put_off_until_the_round_is_settled(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	ask(registrar, 5, 2000);
	ask(registrar, 6, 1);
	expect(registrar, 6, 1);
	expect(registrar, 5, 2000);
	close(registrar);
}

/* What a neighbour may not do costs its channel: the child logs it, and asks for a new one, which then works. */
static void expect_lost(enum process neighbour, int channel)
{
	assert_true(is_hung_up(channel));
	assert_int_equal(hear(patience_ms), child_says_lost | (int)neighbour);
	assert_true(has_logged("broke the protocol"));
	close(channel);
	const int fresh = wire(process_REGISTRAR);
	ask(fresh, 9, 3);
	expect(fresh, 9, 3);
	close(fresh);
}

static void a_request_of_a_neighbour_that_is_not_its_sender_costs_the_channel(void **state)
{
	(void)state;
	const int listener = wire(process_LISTENER);
	ask(listener, 1, 3); /* is the registrar's to ask */
	expect_lost(process_LISTENER, listener);
}

static void a_request_without_a_route_costs_the_channel(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	const struct message_ledger_ask request;
	assert_false(is_refused(channel_send(registrar, 1, message_ledger_ask, &request)));
	expect_lost(process_REGISTRAR, registrar);
}

static void an_answer_sent_as_a_request_costs_the_channel(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	assert_false(is_refused(channel_refuse(registrar, 1, REFUSE(busy), NULL)));
	expect_lost(process_REGISTRAR, registrar);
}

static void a_number_that_is_no_message_costs_the_channel(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	assert_int_equal(send(registrar, "\0\0\0\1\xff\xff", 6, 0), 6);
	expect_lost(process_REGISTRAR, registrar);
}

static void a_request_that_does_not_decode_costs_the_channel(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	const uint8_t cut[] = {0, 0, 0, 1, 0, message_entry_read, 1, 2, 3};
	assert_int_equal(send(registrar, cut, sizeof cut, 0), sizeof cut);
	expect_lost(process_REGISTRAR, registrar);
}

static void a_neighbour_that_hangs_up_is_not_accused(void **state)
{
	(void)state;
	close(wire(process_REGISTRAR));
	assert_int_equal(hear(silence_ms), 0);
	const int registrar = wire(process_REGISTRAR);
	ask(registrar, 1, 3);
	expect(registrar, 1, 3);
	close(registrar);
}

static void the_last_words_on_a_replaced_channel_are_heard_first(void **state)
{
	(void)state;
	const int old = wire(process_REGISTRAR);
	ask(old, 1, 1000); /* keeps it busy until the rest lies there */
	for (uint32_t i = 2; i < 50; i++)
		ask(old, i, i);
	const int fresh = wire(process_REGISTRAR);
	ask(fresh, 60, 60);
	expect(fresh, 60, 60);
	expect(old, 1, 1000);
	for (uint32_t i = 2; i < 50; i++)
		expect(old, i, i);
	assert_true(is_hung_up(old));
	close(old);
	close(fresh);
}

static void a_neighbour_that_does_not_take_its_answers_holds_up_nobody_else(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	const uint8_t question[] = {0, 0, 0, 1, 0, message_entry_read, 0, 0, 0, 0, 0, 0, 0, 7};
	unsigned asked = 0, unanswered;
	/* the child's answers fill their queue, and then the questions theirs */
	for (int rounds = 0; rounds < 20; rounds++) {
		while (send(registrar, question, sizeof question, MSG_DONTWAIT) > 0)
			asked++;
		usleep(10000);
	}
	const int listener = wire(process_LISTENER);
	ask(listener, 1, 3);
	assert_true(is_hung_up(listener)); /* the child is alive and judged the listener's request */
	for (unanswered = asked; unanswered > 0; unanswered--)
		expect(registrar, 1, 7);
	close(listener);
	close(registrar);
}

static void a_heartbeat_comes_each_second(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct pollfd slot = {.fd = control, .events = POLLIN};
		uint8_t octet;
		assert_int_equal(poll(&slot, 1, 1500), 1);
		assert_int_equal(recv(control, &octet, 1, 0), 1);
		assert_int_equal(octet, child_says_alive);
	}
}

static void a_channel_to_a_neighbour_that_it_calls_is_handed_over(void **state)
{
	(void)state;
	const int sealer = wire(process_SEALER);
	assert_true(has_logged("wired 3"));
	assert_true(is_hung_up(sealer));
	close(sealer);
}

static void a_channel_to_a_process_that_is_no_neighbour_ends_it(void **state)
{
	(void)state;
	close(wire(process_VERIFIER));
	const int how = child_status();
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == status_exit_broken);
}

static void a_byte_that_is_no_process_or_brings_no_channel_ends_it(void **state)
{
	(void)state;
	assert_int_equal(send(control, "\x01", 1, 0), 1);
	const int how = child_status();
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == status_exit_broken);
}

static void the_warden_hanging_up_ends_it_after_what_is_at_hand(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	ask(registrar, 1, 1000);
	for (uint32_t i = 2; i < 50; i++)
		ask(registrar, i, i);
	shutdown(control, SHUT_RDWR);
	expect(registrar, 1, 1000);
	for (uint32_t i = 2; i < 50; i++)
		expect(registrar, i, i);
	const int how = child_status();
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	close(registrar);
}

static void threads_answer_side_by_side(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	ask(registrar, 1, 1000); /* slow */
	ask(registrar, 2, 2);
	expect(registrar, 2, 2);
	expect(registrar, 1, 1000);
	close(registrar);
}

static void threads_move_to_a_new_channel_and_answer_nothing_old_on_it(void **state)
{
	(void)state;
	const int old = wire(process_REGISTRAR);
	ask(old, 1, 1000); /* still in the making when the channel changes */
	usleep(silence_ms * 1000 / 2);
	const int fresh = wire(process_REGISTRAR);
	for (uint32_t i = 2; i < 30; i++) {
		ask(fresh, i, i);
		expect(fresh, i, i);
	}
	usleep(2 * silence_ms * 1000);
	struct pollfd slot = {.fd = fresh, .events = POLLIN};
	assert_int_equal(poll(&slot, 1, 0), 0);
	assert_true(is_hung_up(old));
	close(old);
	close(fresh);
}

static void a_broken_protocol_costs_the_channel_with_threads_too(void **state)
{
	(void)state;
	const int registrar = wire(process_REGISTRAR);
	assert_int_equal(send(registrar, "\0\0\0\1\xff\xff", 6, 0), 6);
	expect_lost(process_REGISTRAR, registrar);
	assert_int_equal(hear(silence_ms), 0); /* said once, not by each thread */
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, start_alone, stop)
#define THREADED(test) cmocka_unit_test_setup_teardown(test, start_with_threads, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(a_request_is_answered_by_its_route),
		ALONE(an_answer_may_be_put_off_until_the_round_is_settled),
		ALONE(a_request_of_a_neighbour_that_is_not_its_sender_costs_the_channel),
		ALONE(a_request_without_a_route_costs_the_channel),
		ALONE(an_answer_sent_as_a_request_costs_the_channel),
		ALONE(a_number_that_is_no_message_costs_the_channel),
		ALONE(a_request_that_does_not_decode_costs_the_channel),
		ALONE(a_neighbour_that_hangs_up_is_not_accused),
		ALONE(the_last_words_on_a_replaced_channel_are_heard_first),
		ALONE(a_neighbour_that_does_not_take_its_answers_holds_up_nobody_else),
		ALONE(a_heartbeat_comes_each_second),
		ALONE(a_channel_to_a_neighbour_that_it_calls_is_handed_over),
		ALONE(a_channel_to_a_process_that_is_no_neighbour_ends_it),
		ALONE(a_byte_that_is_no_process_or_brings_no_channel_ends_it),
		ALONE(the_warden_hanging_up_ends_it_after_what_is_at_hand),
		THREADED(threads_answer_side_by_side),
		THREADED(threads_move_to_a_new_channel_and_answer_nothing_old_on_it),
		THREADED(a_broken_protocol_costs_the_channel_with_threads_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
