/* SPDX-License-Identifier: Apache-2.0
 * The client. For tests only. */
#include "tests/http/tls_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

int tls_client_connect(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(fd >= 0);
	NEED(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
	return fd;
}

bool tls_client_try(uint16_t port, struct tls_client *client, const char *priorities)
{
	client->socket = tls_client_connect(port);
	NEED(gnutls_certificate_allocate_credentials(&client->credentials) == 0);
	NEED(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0);
	NEED(gnutls_priority_set_direct(client->session, priorities, NULL) == 0);
	NEED(gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials) == 0);
	gnutls_transport_set_int(client->session, client->socket);
	gnutls_handshake_set_timeout(client->session, 10000);
	int done;
	do {
		done = gnutls_handshake(client->session);
	} while (done < 0 && gnutls_error_is_fatal(done) == 0);
	return done == 0;
}

void tls_client_open(uint16_t port, struct tls_client *client)
{
	NEED(tls_client_try(port, client, "NORMAL"));
}

void tls_client_close(struct tls_client *client)
{
	gnutls_deinit(client->session);
	gnutls_certificate_free_credentials(client->credentials);
	close(client->socket);
}

bool tls_client_send(struct tls_client *client, const char *text, size_t size)
{
	for (size_t sent = 0; sent < size;) {
		const ssize_t now = gnutls_record_send(client->session, text + sent, size - sent);
		if (now == GNUTLS_E_AGAIN || now == GNUTLS_E_INTERRUPTED)
			continue;
		if (now <= 0)
			return false;
		sent += (size_t)now;
	}
	return true;
}

/* Whole answers with Content-Length. */
static size_t count_answers(const char *text)
{
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")) != NULL; count++) {
		const char *end = strstr(at, "\r\n\r\n");
		const char *length = strcasestr(at, "Content-Length: ");
		if (end == NULL)
			return count;
		const size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
		if (strlen(end + 4) < body)
			return count;
		at = end + 4 + body;
	}
	return count;
}

char tls_answer[tls_answer_room];

bool tls_client_read(struct tls_client *client, size_t count, int timeout_ms)
{
	size_t size = 0;
	tls_answer[0] = 0;
	for (;;) {
		struct pollfd waited = {.fd = client->socket, .events = POLLIN};
		if (gnutls_record_check_pending(client->session) == 0 && poll(&waited, 1, timeout_ms) != 1)
			return false;
		const ssize_t got = gnutls_record_recv(client->session, tls_answer + size, sizeof tls_answer - 1 - size);
		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
			continue;
		if (got <= 0)
			return true;
		size += (size_t)got;
		tls_answer[size] = 0;
		if (count != 0 && count_answers(tls_answer) >= count)
			return false;
	}
}
