/* SPDX-License-Identifier: Apache-2.0
 * Packets as a hostile peer would send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* after the three above */
#include <cmocka.h>

#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"

static uint8_t room[wire_packet_room];
static int ours, theirs;

static int set_up(void **state)
{
	int ends[2];
	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	ours = ends[0];
	theirs = ends[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ours);
	close(theirs);
	return 0;
}

static status receive(struct packet *packet)
{
	struct buffer in = BUFFER(room);
	return channel_receive(ours, &in, packet);
}

static void a_message_arrives_with_its_numbers(void **state)
{
	(void)state;
	const struct message_log_line line = {.level = 5, .text = bytes_from_text("hello")};
	struct message_log_line back;
	struct packet packet;
	assert_false(is_refused(channel_send(theirs, 0xdeadbeef, message_log_line, &line)));
	assert_false(is_refused(receive(&packet)));
	assert_int_equal(packet.call, 0xdeadbeef);
	assert_int_equal(packet.id, message_log_line);
	assert_false(is_refused(wire_decode(packet.id, packet.body, &back)));
	assert_true(bytes_equal_text(back.text, "hello"));
}

static void the_longest_message_of_the_table_goes_through(void **state)
{
	(void)state;
	static uint8_t body[98304];
	const struct message_response response = {.http_status = 200, .body = BYTES_OF(body)};
	struct packet packet;
	assert_false(is_refused(channel_send(theirs, 1, message_response, &response)));
	assert_false(is_refused(receive(&packet)));
	assert_true(packet.body.size > sizeof body);
}

static void a_peer_that_is_gone_is_neighbour_away(void **state)
{
	(void)state;
	struct packet packet;
	close(theirs);
	assert_int_equal(receive(&packet).refusal, refusal_neighbour_away);
	assert_int_equal(channel_refuse(ours, 1, REFUSE(busy), NULL).refusal, refusal_neighbour_away);
	theirs = -1;
}

static void a_packet_shorter_than_its_header_is_refused(void **state)
{
	(void)state;
	struct packet packet;
	for (size_t size = 1; size < wire_header_size; size++) {
		assert_int_equal(send(theirs, "\0\0\0\0\0\1", size, 0), size);
		assert_int_equal(receive(&packet).refusal, refusal_message_malformed);
	}
}

static void a_number_that_is_no_message_is_refused(void **state)
{
	(void)state;
	static const uint8_t numbers[][2] = {
		{0, 0}, {0xff, 0xff}, {message_count >> 8, message_count & 0xff}, {1, 1}, {0, message_device_voucher}};
	struct packet packet;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const uint8_t text[] = {0, 0, 0, 1, numbers[i][0], numbers[i][1]};
		assert_int_equal(send(theirs, text, sizeof text, 0), sizeof text);
		assert_int_equal(receive(&packet).refusal, refusal_message_malformed);
	}
}

static void case_83_a_packet_longer_than_any_message_is_refused(void **state)
{
	(void)state;
	const size_t size = wire_packet_room + 1;
	uint8_t *text = calloc(1, size);
	struct packet packet;
	assert_non_null(text);
	text[5] = message_log_line;
	assert_int_equal(send(theirs, text, size, 0), size);
	assert_int_equal(receive(&packet).refusal, refusal_message_malformed);
	free(text);
}

static size_t open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;
	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static void case_83_a_descriptor_sent_along_is_refused_and_not_taken(void **state)
{
	(void)state;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.room = {0}};
	uint8_t text[] = {0, 0, 0, 1, 0, message_ledger_ask};
	struct iovec piece = {.iov_base = text, .iov_len = sizeof text};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct packet packet;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &theirs, sizeof theirs);
	const size_t before = open_descriptors();
	assert_int_equal(sendmsg(theirs, &message, 0), sizeof text);
	assert_int_equal(receive(&packet).refusal, refusal_message_malformed);
	assert_int_equal(open_descriptors(), before);
}

static void a_refusal_travels_by_its_number_and_detail(void **state)
{
	(void)state;
	struct message_refused refused;
	struct packet packet;
	assert_false(is_refused(channel_refuse(theirs, 3, REFUSE(nonce_bad), "why")));
	assert_false(is_refused(receive(&packet)));
	assert_int_equal(packet.id, message_refused);
	assert_false(is_refused(wire_decode(packet.id, packet.body, &refused)));
	assert_int_equal(channel_refusal(&refused).refusal, refusal_nonce_bad);
	assert_true(bytes_equal_text(refused.detail, "why"));
}

static void a_refusal_that_is_none_becomes_internal(void **state)
{
	(void)state;
	static const uint32_t numbers[] = {refusal_none, refusal_count, UINT32_MAX};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		const struct message_refused refused = {.refusal = numbers[i]};
		assert_int_equal(channel_refusal(&refused).refusal, refusal_internal);
	}
}

static void a_message_over_a_limit_is_not_sent(void **state)
{
	(void)state;
	static const char text[1025] = "";
	const struct message_log_line line = {.level = 5, .text = BYTES_OF(text)};
	assert_int_equal(channel_send(theirs, 1, message_log_line, &line).refusal, refusal_message_malformed);
}

#define IN_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PAIR(a_message_arrives_with_its_numbers),
		IN_PAIR(the_longest_message_of_the_table_goes_through),
		IN_PAIR(a_peer_that_is_gone_is_neighbour_away),
		IN_PAIR(a_packet_shorter_than_its_header_is_refused),
		IN_PAIR(a_number_that_is_no_message_is_refused),
		IN_PAIR(case_83_a_packet_longer_than_any_message_is_refused),
		IN_PAIR(case_83_a_descriptor_sent_along_is_refused_and_not_taken),
		IN_PAIR(a_refusal_travels_by_its_number_and_detail),
		IN_PAIR(a_refusal_that_is_none_becomes_internal),
		IN_PAIR(a_message_over_a_limit_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
