/* SPDX-License-Identifier: Apache-2.0
 * Two threads that take one connection after another. */
#include "tests/bench/pages.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 256, threads = 2 };

static struct page {
	char token[200], authorization[300];
	bool is_fetched;
} pages[most];
static size_t next;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fetched = PTHREAD_COND_INITIALIZER;

/* NULL: no such page. For who holds the lock. */
static struct page *find(const char *token)
{
	for (size_t i = 0; i < most; i++)
		if (strcmp(pages[i].token, token) == 0)
			return &pages[i];
	return NULL;
}

void pages_give(const char *token, const struct device_account *account)
{
	struct device_octets thumbprint = {.size = 0};
	device_base64url(bytes_from(account->thumbprint, sizeof account->thumbprint), &thumbprint);
	pthread_mutex_lock(&lock);
	struct page *page = &pages[next++ % most];
	snprintf(page->token, sizeof page->token, "%s", token);
	snprintf(page->authorization, sizeof page->authorization, "%s.%.*s", token, (int)thumbprint.size,
		 (const char *)thumbprint.data);
	page->is_fetched = false;
	pthread_mutex_unlock(&lock);
}

bool pages_await(const char *token)
{
	struct timespec until;
	DEVICE_NEED(clock_gettime(CLOCK_REALTIME, &until) == 0);
	until.tv_sec += 10;
	pthread_mutex_lock(&lock);
	struct page *page = find(token);
	DEVICE_NEED(page != NULL);
	while (!page->is_fetched && pthread_cond_timedwait(&fetched, &lock, &until) == 0)
		;
	const bool is_fetched = page->is_fetched;
	pthread_mutex_unlock(&lock);
	return is_fetched;
}

static void answer(int connection)
{
	char request[2048] = "", token[200] = "", text[600];
	const ssize_t got = recv(connection, request, sizeof request - 1, 0);
	if (got <= 0 || sscanf(request, "GET /.well-known/acme-challenge/%199[^ ]", token) != 1)
		return;
	int size = snprintf(text, sizeof text, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
	pthread_mutex_lock(&lock);
	struct page *page = find(token);
	if (page != NULL) {
		size = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
				strlen(page->authorization), page->authorization);
		page->is_fetched = true;
		pthread_cond_broadcast(&fetched);
	}
	pthread_mutex_unlock(&lock);
	(void)!send(connection, text, (size_t)size, MSG_NOSIGNAL);
}

static void *serve(void *argument)
{
	for (;;) {
		const int connection = accept4(*(int *)argument, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0)
			continue;
		answer(connection);
		close(connection);
	}
	return NULL;
}

void pages_start(unsigned port)
{
	static int listening;
	const int on = 1, off = 0;
	const struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	listening = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	DEVICE_NEED(listening >= 0 && setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		    setsockopt(listening, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0 &&
		    bind(listening, (const struct sockaddr *)&at, sizeof at) == 0 && listen(listening, 128) == 0);
	for (unsigned i = 0; i < threads; i++) {
		pthread_t thread;
		DEVICE_NEED(pthread_create(&thread, NULL, serve, &listening) == 0);
		pthread_detach(thread);
	}
}
