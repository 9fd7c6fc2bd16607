/* SPDX-License-Identifier: Apache-2.0
 * The listener between the test's own registrar, signer and client. For tests only. */
#include "tests/http/listener_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "ca/listener/certify.h"
#include "ca/listener/server.h"
#include "firmware/boundary/clock.h"
#include "tests/http/authority.h"

#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

uint16_t listener_port;
struct link *listener_signer_link;
enum listener_signer listener_signer;
uint8_t listener_leaf[4096];
size_t listener_leaf_size;

static struct link *registrar;
static int registrar_end;
static const struct message_listener_settings settings = {
	.threads = 3,
	.connections = 60,
	.connections_per_address = listener_per_address,
	.idle_s = listener_idle_s,
	.body_limit = listener_body_limit,
};

static void answer_request(int channel, uint32_t call, const struct message_request *request)
{
	uint8_t room[wire_packet_room / 2];
	struct buffer text = BUFFER(room);
	struct message_response response = {
		.http_status = 200,
		.content_type = bytes_from_text("text/plain"),
		.nonce = bytes_from_text("bm9uY2U"),
	};
	if (bytes_equal_text(request->path, "/refused")) {
		NEED(!is_refused(channel_refuse(channel, call, REFUSE(nonce_bad), "of this test")));
		return;
	}
	if (bytes_equal_text(request->path, "/split"))
		response.location = bytes_from_text("https://ca/a\r\nSet-Cookie: b");
	if (bytes_equal_text(request->path, "/odd"))
		response.http_status = 99;
	if (bytes_equal_text(request->path, "/wrong-method"))
		response.http_status = 405;
	if (bytes_equal_text(request->path, "/all")) {
		response.http_status = 201;
		response.location = bytes_from_text("https://ca/order/1");
		response.retry_after_s = 7;
		response.links.at[0] = bytes_from_text("<https://ca/directory>;rel=\"index\"");
		response.links.at[1] = bytes_from_text("<https://ca/up>;rel=\"up\"");
		response.links.count = 2;
	}
	NEED(buffer_add(&text, &request->method, 1));
	NEED(buffer_add(&text, request->path.data, request->path.size));
	NEED(buffer_add(&text, "|", 1));
	NEED(buffer_add(&text, request->remote.data, request->remote.size));
	NEED(buffer_add(&text, "|", 1));
	NEED(buffer_add(&text, request->body.data, request->body.size));
	response.body = buffer_view(&text);
	NEED(!is_refused(channel_send(channel, call, message_response, &response)));
}

static void *play_registrar(void *end)
{
	uint8_t packet_room[wire_packet_room];
	const int channel = *(int *)end;
	free(end);
	for (;;) {
		struct buffer room = BUFFER(packet_room);
		struct packet packet;
		struct message_request request;
		if (is_refused(channel_receive(channel, &room, &packet)))
			return NULL;
		NEED(packet.id == message_request);
		NEED(!is_refused(wire_decode(packet.id, packet.body, &request)));
		answer_request(channel, packet.call, &request);
	}
}

static void answer_certify(int channel, const struct packet *packet)
{
	struct message_tls_certify request;
	struct message_tls_certified certified = {.not_after_s = clock_wall_s() + 86400};
	uint8_t der[4096];
	NEED(!is_refused(wire_decode(packet->id, packet->body, &request)));
	if (listener_signer == listener_signer_too_soon) {
		NEED(!is_refused(channel_refuse(channel, packet->call, REFUSE(tls_too_soon), NULL)));
		return;
	}
	if (listener_signer == listener_signer_good) {
		certified.chain.at[certified.chain.count++] = bytes_from(der, authority_certify(request.spki, der, sizeof der));
		memcpy(listener_leaf, der, sizeof der);
		listener_leaf_size = certified.chain.at[0].size;
	}
	if (listener_signer != listener_signer_empty)
		certified.chain.at[certified.chain.count++] = authority_certificate();
	NEED(!is_refused(channel_send(channel, packet->call, message_tls_certified, &certified)));
}

static void *play_signer(void *end)
{
	uint8_t packet_room[wire_packet_room];
	const int channel = *(int *)end;
	free(end);
	for (;;) {
		struct buffer room = BUFFER(packet_room);
		struct packet packet;
		if (is_refused(channel_receive(channel, &room, &packet)))
			return NULL;
		NEED(packet.id == message_tls_certify);
		answer_certify(channel, &packet);
	}
}

/* Wires a new other end; returns the other end's descriptor. */
static int wire(struct link *link, void *(*play)(void *))
{
	int pair[2], *end = malloc(sizeof *end);
	pthread_t thread;
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	*end = pair[1];
	NEED(pthread_create(&thread, NULL, play, end) == 0);
	pthread_detach(thread);
	link_wire(link, pair[0]);
	return pair[1];
}

void listener_wire_registrar(void)
{
	registrar_end = wire(registrar, play_registrar);
}

void listener_end_registrar(void)
{
	NEED(shutdown(registrar_end, SHUT_RDWR) == 0);
}

int listener_start(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	uint64_t renew_after_s = 0;
	(void)state;
	authority_make();
	registrar = link_new(process_REGISTRAR);
	listener_signer_link = link_new(process_SIGNER);
	listener_wire_registrar();
	wire(listener_signer_link, play_signer);
	const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listening, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 64) != 0 ||
	    getsockname(listening, (struct sockaddr *)&address, &size) != 0)
		return -1;
	listener_port = ntohs(address.sin_port);
	const struct server_setup setup = {.listening = listening, .limits = &settings, .registrar = registrar};
	if (is_refused(certify_once(listener_signer_link, &renew_after_s)) || renew_after_s < 50000)
		return -1;
	return server_start(&setup) ? 0 : -1;
}

void listener_ask(const char *raw)
{
	struct tls_client client;
	tls_client_open(listener_port, &client);
	NEED(tls_client_send(&client, raw, strlen(raw)));
	tls_client_read(&client, 1, 12000);
	tls_client_close(&client);
}

void listener_assert_answer(unsigned http_status, const char *text)
{
	char line[32];
	snprintf(line, sizeof line, "HTTP/1.1 %u ", http_status);
	if (strncmp(tls_answer, line, strlen(line)) != 0 || strstr(tls_answer, text) == NULL)
		fail_msg("wanted %u %s, got: %s", http_status, text, tls_answer);
}

void listener_assert_refused(const char *raw, status why)
{
	char member[128];
	listener_ask(raw);
	const struct refusal_entry *entry = status_entry(why.refusal);
	snprintf(member, sizeof member, "\"refusal\":\"%s\"", entry->name);
	listener_assert_answer(entry->http_status, member);
	listener_assert_answer(entry->http_status, "Content-Type: application/problem+json\r\n");
	listener_assert_answer(entry->http_status, "Cache-Control: no-store\r\n");
}

const char *listener_post(const char *path, const char *body)
{
	static char text[70000];
	snprintf(text, sizeof text,
		 "POST %s HTTP/1.1\r\nHost: ca\r\nContent-Type: application/jose+json\r\nContent-Length: %zu\r\n\r\n%s", path,
		 strlen(body), body);
	return text;
}
