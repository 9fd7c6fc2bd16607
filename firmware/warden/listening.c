/* SPDX-License-Identifier: Apache-2.0
 * Makes the listening socket; a port in use is a sentence, not a half-started appliance. */
#include "firmware/warden/listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { queue_length = 1024 };

static socklen_t fill_address(const char *address, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)out;
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof *four;
	}
	if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1)
		return 0;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof *six;
}

int listening_open(const char *address, uint16_t port)
{
	struct sockaddr_storage to;
	const int yes = 1;
	const socklen_t size = fill_address(address, port, &to);
	int socket_fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the address is free again while old connections of a stopped appliance still linger */
	if (socket_fd >= 0 && setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    bind(socket_fd, (const struct sockaddr *)&to, size) == 0 && listen(socket_fd, queue_length) == 0)
		return socket_fd;
	if (errno == EADDRINUSE)
		fprintf(stderr, "Port %u of %s is in use by another program\n", port, address);
	else
		fprintf(stderr, "Port %u of %s cannot be listened on: %s\n", port, address, strerror(errno));
	if (socket_fd >= 0)
		close(socket_fd);
	return -1;
}

bool listening_mend(int listening)
{
	const int no = 0;
	return fcntl(listening, F_SETFL, O_NONBLOCK) == 0 &&
	       setsockopt(listening, IPPROTO_TCP, TCP_NODELAY, &no, sizeof no) == 0 &&
	       setsockopt(listening, IPPROTO_TCP, TCP_CORK, &no, sizeof no) == 0 && listen(listening, queue_length) == 0;
}
