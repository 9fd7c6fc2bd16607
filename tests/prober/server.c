/* SPDX-License-Identifier: Apache-2.0
 * One connection after another, one request each. */
#include "tests/prober/server.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 16 };

static struct page {
	char path[300];
	const char *answer;
} pages[most];
static size_t page_count;
static X509 *shown;
static EVP_PKEY *shown_key;
static const char *chosen;
static char last_host[300], last_server_name[300], last_offer[300];
static unsigned connections, data_size;
static bool is_done;
static int latest;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void server_forget(void)
{
	pthread_mutex_lock(&lock);
	page_count = connections = data_size = 0;
	is_done = false;
	latest = 0;
	shown = NULL;
	shown_key = NULL;
	chosen = NULL;
	last_host[0] = last_server_name[0] = last_offer[0] = 0;
	pthread_mutex_unlock(&lock);
}

void server_answer(const char *path, const char *answer)
{
	pthread_mutex_lock(&lock);
	struct page *page = &pages[page_count++ % most];
	snprintf(page->path, sizeof page->path, "%s", path);
	page->answer = answer;
	pthread_mutex_unlock(&lock);
}

void server_show(X509 *certificate, EVP_PKEY *key, const char *protocol)
{
	pthread_mutex_lock(&lock);
	shown = certificate;
	shown_key = key;
	chosen = protocol;
	pthread_mutex_unlock(&lock);
}

void server_speak(int version)
{
	latest = version;
}

const char *server_last_host(void)
{
	return last_host;
}
const char *server_last_server_name(void)
{
	return last_server_name;
}
const char *server_last_offer(void)
{
	return last_offer;
}
unsigned server_last_data(void)
{
	for (unsigned i = 0; i < 200 && !is_done; i++)
		usleep(10000);
	return is_done ? data_size : UINT32_MAX;
}
unsigned server_connections(void)
{
	return connections;
}

/* NULL: never to be answered. */
static const char *answer_to(const char *request)
{
	const char *answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", *host = strstr(request, "\r\nHost: ");
	char path[300] = "";
	(void)sscanf(request, "GET %299s", path);
	pthread_mutex_lock(&lock);
	if (host != NULL)
		(void)sscanf(host + 8, "%299[^\r]", last_host);
	for (size_t i = 0; i < page_count; i++)
		if (strcmp(pages[i].path, path) == 0)
			answer = pages[i].answer;
	pthread_mutex_unlock(&lock);
	return answer;
}

static void serve_http(int connection)
{
	char request[4096] = "";
	const ssize_t got = recv(connection, request, sizeof request - 1, 0);
	const char *answer = got <= 0 ? "" : answer_to(request);
	if (answer == NULL)
		(void)!recv(connection, request, 1, 0); /* until the client goes */
	else
		(void)!send(connection, answer, strlen(answer), MSG_NOSIGNAL);
}

static int choose(SSL *tls, const unsigned char **out, unsigned char *size, const unsigned char *in, unsigned in_size,
		  void *argument)
{
	(void)argument;
	const char *name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
	/* here, because at the end of the handshake the client may be ahead */
	snprintf(last_offer, sizeof last_offer, "%.*s", (int)in_size, (const char *)in);
	snprintf(last_server_name, sizeof last_server_name, "%s", name == NULL ? "" : name);
	if (chosen == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	*out = (const unsigned char *)chosen;
	*size = (unsigned char)strlen(chosen);
	return SSL_TLSEXT_ERR_OK;
}

static void serve_tls(int connection)
{
	char request[4096] = "";
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(context, choose, NULL);
	SSL_CTX_set_security_level(context, 0); /* which would keep it from the versions before 1.2 */
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(context, latest);
	pthread_mutex_lock(&lock);
	const bool speaks = shown != NULL && SSL_CTX_use_certificate(context, shown) == 1 &&
			    SSL_CTX_use_PrivateKey(context, shown_key) == 1;
	pthread_mutex_unlock(&lock);
	SSL *tls = SSL_new(context);
	SSL_set_fd(tls, connection);
	if (speaks && SSL_accept(tls) == 1) {
		const int got = SSL_read(tls, request, sizeof request - 1);
		data_size = got <= 0 ? 0 : (unsigned)got;
		is_done = true;
		const char *answer = got <= 0 ? "" : answer_to(request);
		if (answer != NULL && *answer != 0)
			SSL_write(tls, answer, (int)strlen(answer));
		SSL_shutdown(tls);
	}
	SSL_free(tls);
	SSL_CTX_free(context);
}

struct listening {
	int socket;
	void (*serve)(int connection);
};

static void *serve(void *argument)
{
	const struct listening *listening = argument;
	for (;;) {
		const int connection = accept4(listening->socket, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0)
			continue;
		pthread_mutex_lock(&lock);
		connections++;
		pthread_mutex_unlock(&lock);
		listening->serve(connection);
		close(connection);
	}
	return NULL;
}

static bool listen_at(struct listening *listening, struct sockaddr *at, socklen_t size)
{
	pthread_t thread;
	listening->socket = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return listening->socket >= 0 && bind(listening->socket, at, size) == 0 && listen(listening->socket, 16) == 0 &&
	       getsockname(listening->socket, at, &size) == 0 && pthread_create(&thread, NULL, serve, listening) == 0 &&
	       pthread_detach(thread) == 0;
}

static uint16_t start(struct listening listening[2])
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	if (!listen_at(&listening[0], (struct sockaddr *)&four, sizeof four))
		return 0;
	six.sin6_port = four.sin_port;
	return listen_at(&listening[1], (struct sockaddr *)&six, sizeof six) ? ntohs(four.sin_port) : 0;
}

uint16_t server_start_http(void)
{
	static struct listening listening[2] = {{.serve = serve_http}, {.serve = serve_http}};
	return start(listening);
}

uint16_t server_start_tls(void)
{
	static struct listening listening[2] = {{.serve = serve_tls}, {.serve = serve_tls}};
	return start(listening);
}
