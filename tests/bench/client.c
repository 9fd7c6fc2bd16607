/* SPDX-License-Identifier: Apache-2.0
 * HTTP/1.1 over TLS, just enough to be a polite client of one server. */
#include "tests/bench/client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void split(const char *url, struct client *client)
{
	DEVICE_NEED(sscanf(url, "https://%127[^:/]:%7[0-9]/", client->host, client->port) == 2);
}

static int connect_to(const struct client *client)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const int on = 1;
	const struct timeval patience = {.tv_sec = 10};
	DEVICE_NEED(getaddrinfo(client->host, client->port, &hints, &found) == 0);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int connected = connect(fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (connected == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0)
		return fd;
	close(fd);
	return -1;
}

void client_close(struct client *client)
{
	SSL_shutdown(client->ssl);
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	close(client->socket);
}

bool client_open(struct client *client, const char *url, const char *root_file)
{
	split(url, client);
	client->socket = connect_to(client);
	if (client->socket < 0)
		return false;
	client->context = SSL_CTX_new(TLS_client_method());
	DEVICE_NEED(client->context != NULL);
	DEVICE_NEED(SSL_CTX_load_verify_file(client->context, root_file) == 1);
	SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
	client->ssl = SSL_new(client->context);
	DEVICE_NEED(client->ssl != NULL && SSL_set_fd(client->ssl, client->socket) == 1 &&
		    SSL_set_tlsext_host_name(client->ssl, client->host) == 1);
	if (SSL_connect(client->ssl) == 1)
		return true;
	client_close(client);
	return false;
}

static void send_request(struct client *client, const char *method, const char *url, struct bytes body)
{
	static _Thread_local char text[200 * 1024];
	const char *path = strchr(url + strlen("https://"), '/');
	DEVICE_NEED(path != NULL && body.size < 64 * 1024);
	int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: keyward-bench\r\n", method, path,
			    client->host, client->port);
	if (body.size != 0)
		size += snprintf(text + size, sizeof text - (size_t)size,
				 "Content-Type: application/jose+json\r\nContent-Length: %zu\r\n", body.size);
	size += snprintf(text + size, sizeof text - (size_t)size, "\r\n");
	if (body.size != 0)
		memcpy(text + size, body.data, body.size);
	const int all = size + (int)body.size;
	DEVICE_NEED(SSL_write(client->ssl, text, all) == all);
}

/* The value of a header field, cut at its line's end; empty when absent. */
static void copy_field(const char *head, const char *name, char *out, size_t room)
{
	out[0] = 0;
	for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
		const size_t size = strlen(name);
		if (strncasecmp(line + 2, name, size) != 0 || line[2 + size] != ':')
			continue;
		const char *value = line + 2 + size + 1;
		value += strspn(value, " ");
		const size_t length = strcspn(value, "\r\n");
		DEVICE_NEED(length < room);
		memcpy(out, value, length);
		out[length] = 0;
		return;
	}
}

static size_t read_some(struct client *client, char *to, size_t room)
{
	const int got = SSL_read(client->ssl, to, (int)room);
	if (got <= 0)
		device_fail("the server closed the connection, or kept silent for ten seconds");
	return (size_t)got;
}

static void read_answer(struct client *client, bool has_body)
{
	char head[8192], length[32], coding[32];
	size_t size = 0;
	char *end = NULL;
	while (end == NULL) {
		DEVICE_NEED(size < sizeof head - 1);
		size += read_some(client, head + size, sizeof head - 1 - size);
		head[size] = 0;
		end = strstr(head, "\r\n\r\n");
	}
	end[2] = 0;
	DEVICE_NEED(sscanf(head, "HTTP/1.1 %u ", &client->http_status) == 1);
	copy_field(head, "Replay-Nonce", client->nonce, sizeof client->nonce);
	copy_field(head, "Location", client->location, sizeof client->location);
	copy_field(head, "Content-Length", length, sizeof length);
	copy_field(head, "Transfer-Encoding", coding, sizeof coding);
	const bool is_chunked = strcmp(coding, "chunked") == 0; /* left as it comes: what is long is a certificate */
	const size_t body = has_body ? strtoul(length, NULL, 10) : 0;
	client->body_size = size - (size_t)(end + 4 - head);
	DEVICE_NEED(body < sizeof client->body && (is_chunked || client->body_size <= body));
	memcpy(client->body, end + 4, client->body_size);
	while (is_chunked ? client->body_size < 5 || memcmp(client->body + client->body_size - 5, "0\r\n\r\n", 5) != 0
			  : client->body_size < body)
		client->body_size += read_some(client, client->body + client->body_size,
					       (is_chunked ? sizeof client->body - 1 : body) - client->body_size);
	client->body[client->body_size] = 0;
}

void client_ask(struct client *client, const char *method, const char *url, struct bytes body)
{
	client->signed_requests += body.size != 0;
	send_request(client, method, url, body);
	read_answer(client, strcmp(method, "HEAD") != 0);
}

json_t *client_json(const struct client *client)
{
	json_t *read = json_loadb(client->body, client->body_size, 0, NULL);
	DEVICE_NEED(read != NULL);
	return read;
}
