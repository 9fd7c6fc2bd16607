/* SPDX-License-Identifier: Apache-2.0
 * libmicrohttpd's callbacks, turned into the steps of request.h. Distrusts what the library lets through (head.h). */
#include "ca/listener/server.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/listener/patience.h"
#include "ca/listener/request.h"
#include "ca/listener/tls_identity.h"
#include "ca/problem/problem.h"

/* Head and answer of a connection in the library's memory; the body is collected outside it. Stacks must hold the
 * packet that channel.c keeps for each thread. */
enum { connection_memory = 32768, stack_size = 1 << 20 };

static struct server_setup setup;

/* Each step of a connection, from its first octet to the end of a request, may take as long as it may be idle. */
static uint64_t step_ms(void)
{
	return (uint64_t)setup.limits->idle_s * 1000;
}

static struct patience_peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
}

static void note_connection(void *unused, struct MHD_Connection *connection, void **context,
			    enum MHD_ConnectionNotificationCode code)
{
	(void)unused;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		patience_close(*context);
		*context = NULL;
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		*context = patience_open(info->connect_fd, step_ms());
}

static void *note_target(void *unused, const char *target, struct MHD_Connection *connection)
{
	(void)unused;
	patience_allow(peer_of(connection), step_ms());
	return request_new(bytes_from_text(target));
}

static void note_completed(void *unused, struct MHD_Connection *connection, void **context,
			   enum MHD_RequestTerminationCode code)
{
	(void)unused, (void)code;
	request_free(*context);
	*context = NULL;
	/* idle until the next request's first octet, which nobody reports, and then a step */
	patience_allow(peer_of(connection), 2 * step_ms());
}

/* Nothing is unescaped: head_judge_target refuses what would need it. */
static size_t keep_escapes(void *unused, struct MHD_Connection *connection, char *text)
{
	(void)unused, (void)connection;
	return strlen(text);
}

static enum MHD_Result collect_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				     const char *value, size_t value_size)
{
	struct head *head = context;
	(void)kind;
	if (head->field_count < head_most_fields)
		head->fields[head->field_count] = (struct head_field){
			.name = bytes_from(name, name_size), .value = bytes_from(value, value_size)};
	head->field_count++; /* one too many is seen by the caller */
	return MHD_YES;
}

static status read_head(struct MHD_Connection *connection, struct request *request, const char *method,
			const char *version)
{
	struct head head = {
		.method = bytes_from_text(method),
		.target = request->target,
		.version = bytes_from_text(version),
	};
	request->has_head = true;
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect_field, &head);
	if (head.field_count > head_most_fields)
		return REFUSE(http_malformed);
	return request_begin(request, &head, setup.limits->body_limit);
}

static bool add_header(struct MHD_Response *response, const char *name, struct bytes value)
{
	char text[1024];
	if (value.size == 0)
		return true;
	if (value.size >= sizeof text)
		return false;
	memcpy(text, value.data, value.size);
	text[value.size] = 0;
	return MHD_add_response_header(response, name, text) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct answer *answer, bool is_last)
{
	char seconds[16];
	const int size = snprintf(seconds, sizeof seconds, "%u", answer->retry_after_s);
	for (size_t i = 0; i < answer->link_count; i++)
		if (!add_header(response, MHD_HTTP_HEADER_LINK, answer->links[i]))
			return false;
	if (answer->retry_after_s != 0 &&
	    !add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, bytes_from(seconds, (size_t)size)))
		return false;
	if (is_last && !add_header(response, MHD_HTTP_HEADER_CONNECTION, bytes_from_text("close")))
		return false;
	return add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type) &&
	       add_header(response, MHD_HTTP_HEADER_LOCATION, answer->location) &&
	       add_header(response, "Replay-Nonce", answer->nonce) &&
	       add_header(response, MHD_HTTP_HEADER_ALLOW, bytes_from_text(answer->allow)) &&
	       add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, bytes_from_text("no-store"));
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *answer, bool is_last)
{
	/* copied, so never written, though the library takes it as void * */
	union {
		const uint8_t *from;
		void *to;
	} body = {.from = answer->body.data};
	struct MHD_Response *response =
		MHD_create_response_from_buffer(answer->body.size, body.to, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result queued = MHD_NO;
	if (add_headers(response, answer, is_last))
		queued = MHD_queue_response(connection, answer->http_status, response);
	MHD_destroy_response(response);
	return queued;
}

/* The client's address as text; empty when it has none. */
static void read_remote(struct MHD_Connection *connection, char *text, socklen_t size)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
	text[0] = 0;
	if (address == NULL)
		return;
	const void *number = NULL;
	if (address->sa_family == AF_INET)
		number = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		number = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (number != NULL && inet_ntop(address->sa_family, number, text, size) == NULL)
		text[0] = 0;
}

/* Each serving thread keeps one, since those threads are few, live for ever and must have small stacks. */
static struct buffer packet_of_thread(void)
{
	static _Thread_local uint8_t *packet;
	if (packet == NULL)
		packet = malloc(wire_packet_room);
	if (packet == NULL)
		status_broken("no memory for an answer");
	return (struct buffer){.data = packet, .size = 0, .room = wire_packet_room};
}

static enum MHD_Result finish(struct MHD_Connection *connection, const struct request *request)
{
	struct buffer room = packet_of_thread();
	struct answer answer;
	char remote[INET6_ADDRSTRLEN];
	patience_allow(peer_of(connection), request_patience_ms + 2 * step_ms());
	read_remote(connection, remote, sizeof remote);
	request_finish(request, remote, setup.registrar, &room, &answer);
	patience_allow(peer_of(connection), step_ms());
	return send_answer(connection, &answer, false);
}

static enum MHD_Result refuse_now(struct MHD_Connection *connection, status why)
{
	uint8_t document[problem_room];
	struct buffer room = BUFFER(document);
	struct answer answer;
	request_refuse(why, NULL, 0, &room, &answer);
	return send_answer(connection, &answer, true);
}

static enum MHD_Result handle(void *unused, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *piece, size_t *piece_size, void **context)
{
	struct request *request = *context;
	(void)unused, (void)url;
	if (request == NULL)
		return MHD_NO;
	if (!request->has_head) {
		const status begun = read_head(connection, request, method, version);
		patience_allow(peer_of(connection), step_ms());
		return is_refused(begun) ? refuse_now(connection, begun) : MHD_YES;
	}
	if (*piece_size == 0)
		return finish(connection, request);
	if (!request_add(request, bytes_from(piece, *piece_size)))
		return MHD_NO;
	*piece_size = 0;
	return MHD_YES;
}

/* Poll, not epoll: there, a client that stalls within a TLS record makes the library spin. Not STRICT_FOR_CLIENT:
 * all it adds in this version (a Host, no space in the target) head.h refuses too, by name rather than with the
 * library's page. */
bool server_start(const struct server_setup *with)
{
	setup = *with;
	const unsigned threads = setup.limits->threads > 1 ? setup.limits->threads : 0; /* 0: one, without a pool */
	patience_start();
	return MHD_start_daemon(
		       MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
		       MHD_OPTION_LISTEN_SOCKET, (MHD_socket)setup.listening,
		       MHD_OPTION_THREAD_POOL_SIZE, threads,
		       MHD_OPTION_THREAD_STACK_SIZE, (size_t)stack_size,
		       MHD_OPTION_CONNECTION_LIMIT, (unsigned)setup.limits->connections,
		       MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)setup.limits->connections_per_address,
		       MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)setup.limits->idle_s,
		       MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)connection_memory,
		       MHD_OPTION_HTTPS_PRIORITIES, tls_identity_priorities,
		       MHD_OPTION_HTTPS_CERT_CALLBACK, tls_identity_retriever_get(),
		       MHD_OPTION_NOTIFY_CONNECTION, note_connection, NULL,
		       MHD_OPTION_NOTIFY_COMPLETED, note_completed, NULL,
		       MHD_OPTION_URI_LOG_CALLBACK, note_target, NULL,
		       MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		       MHD_OPTION_END) != NULL;
}
