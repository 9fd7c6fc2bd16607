/* SPDX-License-Identifier: Apache-2.0
 * Stands in the places of signer, verifier, registrar and listener under the real warden, beside the real sealer. As
 * signer it asks for the PIN twice and for a quote on every new channel, and writes down what it was told: said, beside
 * itself. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"
#include "firmware/confine/child.h"

static char folder[PATH_MAX];
static uint8_t octets[wire_packet_room];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char path[PATH_MAX + 64], line[512];
	va_list arguments;
	va_start(arguments, format);
	const int size = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	snprintf(path, sizeof path, "%s/said", folder);
	const int out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (out < 0 || size < 0 || write(out, line, (size_t)size) != size || write(out, "\n", 1) != 1)
		abort();
	close(out);
}

static bool answer_to(int channel, enum message id, const void *request, struct packet *packet)
{
	struct buffer room = BUFFER(octets);
	return !is_refused(channel_send(channel, 7, id, request)) &&
	       !is_refused(channel_receive(channel, &room, packet)) && packet->call == 7;
}

static bool is_refusal(const struct packet *packet)
{
	struct message_refused refused;
	if (packet->id != message_refused || is_refused(wire_decode(message_refused, packet->body, &refused)))
		return false;
	say("refused %s", status_entry(channel_refusal(&refused).refusal)->name);
	return true;
}

static void ask_pin(int channel)
{
	const struct message_pin_ask ask = {};
	struct message_pin_given given;
	struct packet packet;
	if (!answer_to(channel, message_pin_ask, &ask, &packet))
		say("hung up");
	else if (!is_refusal(&packet) && !is_refused(wire_decode(message_pin_given, packet.body, &given)))
		say("pin %.*s", (int)given.pin.size, (const char *)given.pin.data);
}

static void ask_quote(int channel)
{
	struct message_quote_ask ask;
	struct message_quote_given given;
	struct packet packet;
	memset(ask.extra_data, 0x5c, sizeof ask.extra_data);
	if (!answer_to(channel, message_quote_ask, &ask, &packet))
		say("hung up");
	else if (!is_refusal(&packet) && !is_refused(wire_decode(message_quote_given, packet.body, &given)))
		say("quote %s",
		    memmem(given.attest.data, given.attest.size, ask.extra_data, sizeof ask.extra_data) == NULL
			? "without the extra data"
			: "with the extra data");
}

static void ask_something_else(int channel)
{
	const struct message_entry_read wrong = {.entry = 1};
	struct packet packet;
	if (answer_to(channel, message_entry_read, &wrong, &packet))
		say("answered what it should not");
	else
		say("hung up on a foreign message");
}

static void serve_wire(void)
{
	uint8_t byte = 0;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
	    .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	char path[PATH_MAX + 64];
	int channel;
	if (recvmsg(child_fd_control, &message, MSG_CMSG_CLOEXEC) <= 0)
		exit(0);
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header == NULL || byte != process_SEALER)
		return;
	memcpy(&channel, CMSG_DATA(header), sizeof channel);
	say("wired");
	ask_pin(channel);
	ask_pin(channel);
	ask_quote(channel);
	snprintf(path, sizeof path, "%s/ask-something-else", folder);
	if (unlink(path) == 0)
		ask_something_else(channel);
	say("asked");
}

static void tell(uint8_t word)
{
	if (send(child_fd_control, &word, 1, MSG_NOSIGNAL) != 1)
		exit(0);
}

int main(void)
{
	const ssize_t size = readlink("/proc/self/exe", folder, sizeof folder - 1);
	if (size <= 0)
		return 1;
	folder[size] = 0;
	char *slash = strrchr(folder, '/');
	const bool is_signer = strcmp(slash, "/keyward-signer") == 0;
	*slash = 0;
	if (is_signer)
		say("signer %d", (int)getpid());
	tell(child_says_confined);
	tell(child_says_serving);
	for (;;) {
		struct pollfd control = {.fd = child_fd_control, .events = POLLIN};
		if (poll(&control, 1, 300) > 0) {
			if (is_signer)
				serve_wire();
			else if (recv(child_fd_control, octets, sizeof octets, 0) <= 0)
				return 0;
		}
		tell(child_says_alive);
	}
}
