/* SPDX-License-Identifier: Apache-2.0
 * Bytes to the warden, channels from it. Trusts the warden, but not its own reading of it. */
#include "firmware/confine/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/confine/child.h"
#include "firmware/confine/place.h"

static enum process who;

void control_open(enum process self)
{
	who = self;
}

enum process control_self(void)
{
	return who;
}

void control_say(int byte)
{
	const uint8_t octet = (uint8_t)byte;
	ssize_t sent;
	do {
		sent = send(child_fd_control, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EPIPE)
		return; /* the warden hung up, which the loop will see */
	if (sent < 0 && byte != child_says_alive)
		status_broken("the warden does not listen");
}

void control_say_lost(enum process neighbour)
{
	const char *name = place_program(neighbour);
	child_log(3, "%s broke the protocol; its channel is closed", name == NULL ? "keyward-warden" : name);
	control_say(child_says_lost | (int)neighbour);
}

bool control_take(enum process *neighbour, int *channel)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	uint8_t octet;
	struct iovec piece = {.iov_base = &octet, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	ssize_t got;
	/* a warden that closes with heartbeats unread resets; what it sent before still lies there */
	do {
		got = recvmsg(child_fd_control, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && (errno == EINTR || errno == ECONNRESET));
	if (got <= 0)
		return false;
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || header == NULL || header->cmsg_level != SOL_SOCKET ||
	    header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)) || octet == 0 ||
	    octet >= process_count)
		status_broken("the warden sent something else than a channel");
	memcpy(channel, CMSG_DATA(header), sizeof *channel);
	*neighbour = (enum process)octet;
	return true;
}
