/* SPDX-License-Identifier: Apache-2.0
 * The body of a hijacked process: put in the place of a program, it is started by the real warden with the real
 * descriptors and hands every one of them to the test, which from then on is that process with full freedom. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { first_descriptor = 3, most_descriptors = 16 };

static int connect_to_test(const char *self)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *slash = strrchr(self, '/');
	if (slash == NULL || snprintf(address.sun_path, sizeof address.sun_path, "%.*s/seat-%s", (int)(slash - self), self,
				      slash + 1) >= (int)sizeof address.sun_path)
		return -1;
	const int seat = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return connect(seat, (const struct sockaddr *)&address, sizeof address) == 0 ? seat : -1;
}

static int hand_over(int seat)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * most_descriptors)];
	} control;
	int descriptors[most_descriptors];
	size_t count = 0;
	for (int at = first_descriptor; at < seat && count < most_descriptors; at++)
		if (fcntl(at, F_GETFD) >= 0)
			descriptors[count++] = at;
	memset(&control, 0, sizeof control);
	char byte = (char)count;
	struct iovec piece = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
	if (sendmsg(seat, &message, 0) != 1)
		return 1;
	for (size_t i = 0; i < count; i++)
		close(descriptors[i]);
	return 0;
}

int main(void)
{
	char self[512];
	const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
	if (size <= 0)
		return 1;
	self[size] = 0;
	const int seat = connect_to_test(self);
	if (seat < 0 || hand_over(seat) != 0)
		return 1;
	char byte;
	return read(seat, &byte, 1) == 0 ? 0 : 1; /* lives as long as the test does */
}
