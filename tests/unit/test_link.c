/* SPDX-License-Identifier: Apache-2.0
 * Calls over a link whose neighbour answers late, wrongly or not at all, dies, and comes back. The neighbour is a
 * thread of the test with the other end of the channel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "firmware/boundary/clock.h"
#include "firmware/boundary/link.h"

enum { patience_ms = 5000, little_ms = 150 };

static struct link *link_here;
static int far = -1;
static _Atomic int lost_count;

static void count_lost(enum process neighbour)
{
	assert_int_equal(neighbour, process_SIGNER);
	lost_count++;
}

static int wire(void)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	link_wire(link_here, ends[0]);
	return ends[1];
}

static int set_up(void **state)
{
	(void)state;
	far = wire();
	lost_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(far);
	return 0;
}

/* A call in a thread of its own, for the test to play the neighbour meanwhile. */
struct asked {
	pthread_t thread;
	uint64_t entry;
	unsigned patience;
	bool is_repeatable;
	uint8_t room[wire_packet_room];
	struct buffer answered;
	struct message_entry_given given;
	status result;
};

static void *ask(void *argument)
{
	struct asked *asked = argument;
	const struct message_entry_read request = {.entry = asked->entry};
	const struct call call = {message_entry_read, &request, asked->patience, asked->is_repeatable};
	asked->answered = BUFFER(asked->room);
	asked->result = link_call(link_here, &call, &asked->answered, &asked->given);
	return NULL;
}

static struct asked *begin(uint64_t entry, unsigned patience, bool is_repeatable)
{
	struct asked *asked = calloc(1, sizeof *asked);
	assert_non_null(asked);
	asked->entry = entry;
	asked->patience = patience;
	asked->is_repeatable = is_repeatable;
	assert_int_equal(pthread_create(&asked->thread, NULL, ask, asked), 0);
	return asked;
}

static enum refusal end(struct asked *asked)
{
	assert_int_equal(pthread_join(asked->thread, NULL), 0);
	return asked->result.refusal;
}

struct question {
	uint32_t call;
	uint64_t entry;
};

static struct question hear(int channel)
{
	static uint8_t room[wire_packet_room];
	struct buffer in = BUFFER(room);
	struct message_entry_read request;
	struct packet packet;
	assert_false(is_refused(channel_receive(channel, &in, &packet)));
	assert_int_equal(packet.id, message_entry_read);
	assert_false(is_refused(wire_decode(packet.id, packet.body, &request)));
	return (struct question){packet.call, request.entry};
}

static void answer(int channel, struct question question)
{
	const struct message_entry_given given = {
		.entry = question.entry, .state = 'i', .leaf = bytes_from_text("leaf"), .checkpoint = bytes_from_text("note")};
	assert_false(is_refused(channel_send(channel, question.call, message_entry_given, &given)));
}

static void a_call_gets_its_answer(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, true);
	answer(far, hear(far));
	assert_int_equal(end(asked), refusal_none);
	assert_int_equal(asked->given.entry, 7);
	assert_true(bytes_equal_text(asked->given.checkpoint, "note"));
	/* views point into the caller's own room */
	assert_true(asked->given.leaf.data >= asked->room && asked->given.leaf.data < asked->room + sizeof asked->room);
	assert_int_equal(asked->answered.size, 0);
	free(asked);
}

static void answers_in_another_order_find_their_callers(void **state)
{
	(void)state;
	enum { many = 8 };
	struct asked *asked[many];
	struct question questions[many];
	for (uint64_t i = 0; i < many; i++)
		asked[i] = begin(i, patience_ms, true);
	for (int i = 0; i < many; i++)
		questions[i] = hear(far);
	for (int i = many; i-- > 0;)
		answer(far, questions[i]);
	for (uint64_t i = 0; i < many; i++) {
		assert_int_equal(end(asked[i]), refusal_none);
		assert_int_equal(asked[i]->given.entry, i);
		free(asked[i]);
	}
}

static void a_refused_answer_is_that_refusal_with_its_detail(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, true);
	assert_false(is_refused(channel_refuse(far, hear(far).call, REFUSE(entry_unknown), "it has 3 entries")));
	assert_int_equal(end(asked), refusal_entry_unknown);
	assert_true(bytes_equal_text(buffer_view(&asked->answered), "it has 3 entries"));
	assert_int_equal(lost_count, 0);
	free(asked);
}

static void a_neighbour_that_dies_and_comes_back_is_asked_again(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, true);
	assert_int_equal(hear(far).entry, 7);
	close(far);
	far = wire();
	answer(far, hear(far));
	assert_int_equal(end(asked), refusal_none);
	assert_int_equal(lost_count, 0); /* a death is not a broken promise */
	free(asked);
}

static void a_call_made_while_the_neighbour_is_away_waits_for_it(void **state)
{
	(void)state;
	close(far);
	struct asked *asked = begin(7, patience_ms, false);
	usleep(little_ms * 1000);
	far = wire();
	answer(far, hear(far));
	assert_int_equal(end(asked), refusal_none);
	free(asked);
}

static void a_call_that_must_not_be_sent_twice_ends_when_the_neighbour_dies(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, false);
	const uint64_t before = clock_boot_ms();
	hear(far);
	close(far);
	assert_int_equal(end(asked), refusal_neighbour_away);
	assert_true(clock_boot_ms() - before < patience_ms / 2);
	far = wire();
	asked = (free(asked), begin(8, patience_ms, false));
	const struct question question = hear(far);
	assert_int_equal(question.entry, 8); /* and 7 never came again */
	answer(far, question);
	assert_int_equal(end(asked), refusal_none);
	free(asked);
}

static void a_rewiring_ends_a_call_that_must_not_be_sent_twice(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, false);
	hear(far);
	const int fresh = wire();
	assert_int_equal(end(asked), refusal_neighbour_away);
	close(far);
	far = fresh;
	free(asked);
}

static void patience_ends_with_a_neighbour_that_stays_away_or_silent(void **state)
{
	(void)state;
	struct asked *silent = begin(1, little_ms, true);
	const struct question late = hear(far);
	assert_int_equal(end(silent), refusal_neighbour_away);
	/* an answer too late is dropped, and the channel lives on */
	answer(far, late);
	struct asked *next = begin(2, patience_ms, true);
	answer(far, hear(far));
	assert_int_equal(end(next), refusal_none);
	assert_int_equal(next->given.entry, 2);
	close(far);
	struct asked *away = begin(3, little_ms, true);
	assert_int_equal(end(away), refusal_neighbour_away);
	assert_int_equal(lost_count, 0);
	far = -1;
	free(silent);
	free(next);
	free(away);
}

static void expect_hang_up(int channel)
{
	uint8_t octet;
	assert_int_equal(recv(channel, &octet, 1, 0), 0);
}

static void an_answer_of_another_kind_costs_the_channel(void **state)
{
	(void)state;
	const struct message_ledger_given other = {.size = 1};
	struct asked *asked = begin(7, patience_ms, true);
	assert_false(is_refused(channel_send(far, hear(far).call, message_ledger_given, &other)));
	assert_int_equal(end(asked), refusal_message_malformed);
	expect_hang_up(far);
	assert_int_equal(lost_count, 1);
	free(asked);
}

static void an_answer_that_does_not_decode_costs_the_channel(void **state)
{
	(void)state;
	struct asked *asked = begin(7, patience_ms, true);
	struct asked *other = begin(8, patience_ms, true);
	const uint32_t call = hear(far).call;
	const uint8_t cut[] = {
		(uint8_t)(call >> 24), (uint8_t)(call >> 16), (uint8_t)(call >> 8), (uint8_t)call, 0, message_entry_given, 1};
	hear(far);
	assert_int_equal(send(far, cut, sizeof cut, 0), sizeof cut);
	expect_hang_up(far);
	close(far);
	far = wire();
	answer(far, hear(far)); /* the call that was not wronged is made again */
	const enum refusal first = end(asked), second = end(other);
	assert_true((first == refusal_none) != (second == refusal_none));
	assert_true(first == refusal_message_malformed || second == refusal_message_malformed);
	assert_int_equal(lost_count, 1);
	free(asked);
	free(other);
}

static void a_packet_that_is_no_message_costs_the_channel(void **state)
{
	(void)state;
	assert_int_equal(send(far, "?", 1, 0), 1); /* nobody waits yet: the next call finds it */
	struct asked *asked = begin(7, patience_ms, true);
	assert_int_equal(hear(far).entry, 7);
	expect_hang_up(far);
	close(far);
	far = wire();
	answer(far, hear(far));
	assert_int_equal(end(asked), refusal_none);
	assert_int_equal(lost_count, 1);
	free(asked);
}

/* The first caller receives for all; when its patience ends, another takes its place at the channel. */
static void the_place_at_the_channel_passes_on(void **state)
{
	(void)state;
	struct asked *first = begin(1, little_ms, true);
	hear(far);
	struct asked *second = begin(2, patience_ms, true), *third = begin(3, patience_ms, true);
	const struct question questions[] = {hear(far), hear(far)};
	assert_int_equal(end(first), refusal_neighbour_away);
	answer(far, questions[1]);
	answer(far, questions[0]);
	assert_int_equal(end(second), refusal_none);
	assert_int_equal(end(third), refusal_none);
	assert_int_equal(second->given.entry, 2);
	assert_int_equal(third->given.entry, 3);
	free(first);
	free(second);
	free(third);
}

static void a_request_over_its_limits_is_not_sent(void **state)
{
	(void)state;
	static const char order[65] = {[0 ... 64] = 'a'};
	static uint8_t text[wire_packet_room];
	const struct message_issue request = {.order = BYTES_OF(order)};
	const struct call call = {message_issue, &request, patience_ms, true};
	struct message_issued issued;
	struct buffer room = BUFFER(text);
	assert_int_equal(link_call(link_here, &call, &room, &issued).refusal, refusal_message_malformed);
	const struct call no_message = {message_device_voucher, &request, patience_ms, true};
	assert_int_equal(link_call(link_here, &no_message, &room, &issued).refusal, refusal_message_malformed);
}

/* Answers every call, and dies now and then in the middle of many. */
static void *live_and_die(void *argument)
{
	const int lives = 30, calls = 20;
	_Atomic bool *is_over = argument;
	for (int life = 0; life < lives && !*is_over; life++) {
		const int channel = wire();
		for (int i = 0; i < calls && !*is_over; i++) {
			struct timeval limit = {.tv_usec = 100000};
			uint8_t room[64];
			setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
			if (recv(channel, room, sizeof room, MSG_PEEK) > 0)
				answer(channel, hear(channel));
		}
		if (life + 1 == lives || *is_over)
			while (!*is_over)
				answer(channel, hear(channel));
		close(channel);
	}
	return NULL;
}

static void many_threads_get_all_their_answers_from_a_neighbour_that_dies_often(void **state)
{
	(void)state;
	enum { many = 8, each = 50 };
	_Atomic bool is_over = false;
	pthread_t neighbour;
	close(far);
	far = -1;
	assert_int_equal(pthread_create(&neighbour, NULL, live_and_die, &is_over), 0);
	for (uint64_t round = 0; round < each; round++) {
		struct asked *asked[many];
		for (uint64_t i = 0; i < many; i++)
			asked[i] = begin(round * many + i, 4 * patience_ms, true);
		for (uint64_t i = 0; i < many; i++) {
			assert_int_equal(end(asked[i]), refusal_none);
			assert_int_equal(asked[i]->given.entry, round * many + i);
			free(asked[i]);
		}
	}
	is_over = true;
	struct asked *last = begin(1, little_ms, true); /* wakes a neighbour that waits for a call */
	end(last);
	free(last);
	assert_int_equal(pthread_join(neighbour, NULL), 0);
}

#define LINKED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINKED(a_call_gets_its_answer),
		LINKED(answers_in_another_order_find_their_callers),
		LINKED(a_refused_answer_is_that_refusal_with_its_detail),
		LINKED(a_neighbour_that_dies_and_comes_back_is_asked_again),
		LINKED(a_call_made_while_the_neighbour_is_away_waits_for_it),
		LINKED(a_call_that_must_not_be_sent_twice_ends_when_the_neighbour_dies),
		LINKED(a_rewiring_ends_a_call_that_must_not_be_sent_twice),
		LINKED(patience_ends_with_a_neighbour_that_stays_away_or_silent),
		LINKED(an_answer_of_another_kind_costs_the_channel),
		LINKED(an_answer_that_does_not_decode_costs_the_channel),
		LINKED(a_packet_that_is_no_message_costs_the_channel),
		LINKED(the_place_at_the_channel_passes_on),
		LINKED(a_request_over_its_limits_is_not_sent),
		LINKED(many_threads_get_all_their_answers_from_a_neighbour_that_dies_often),
	};
	link_report(count_lost);
	link_here = link_new(process_SIGNER);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
