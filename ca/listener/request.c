/* SPDX-License-Identifier: Apache-2.0
 * Collects a request and has it answered. Distrusts the client, and of the registrar's answer what could break HTTP. */
#include "ca/listener/request.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "ca/listener/envelope.h"
#include "ca/listener/health.h"
#include "ca/jose/json.h"
#include "ca/problem/problem.h"

enum { retry_after_s = 2, longest_body = 65536 };

struct request *request_new(struct bytes target)
{
	struct request *request = calloc(1, sizeof *request);
	if (request == NULL)
		return NULL;
	request->target = target;
	request->target_refused = head_judge_target(target);
	return request;
}

void request_free(struct request *request)
{
	if (request == NULL)
		return;
	free(request->body);
	free(request);
}

status request_begin(struct request *request, const struct head *head, size_t body_limit)
{
	struct head_asked asked = {0};
	const size_t limit = body_limit < longest_body ? body_limit : longest_body;
	request->has_head = true;
	TRY(head_frame(head, limit, &request->body_expected));
	request->refused = head_judge(head, request->body_expected, &asked);
	if (!is_refused(request->refused))
		request->refused = request->target_refused;
	request->method = asked.method;
	return OK;
}

bool request_add(struct request *request, struct bytes piece)
{
	enum { first_room = 4096 };
	if (piece.size > request->body_expected - request->body_size)
		return false;
	if (is_refused(request->refused)) { /* thrown away, so that the connection can go on */
		request->body_size += piece.size;
		return true;
	}
	if (piece.size > request->body_room - request->body_size) {
		size_t room = request->body_room == 0 ? first_room : request->body_room;
		while (room - request->body_size < piece.size)
			room *= 2;
		uint8_t *grown = realloc(request->body, room);
		if (grown == NULL)
			return false;
		request->body = grown;
		request->body_room = room;
	}
	memcpy(request->body + request->body_size, piece.data, piece.size);
	request->body_size += piece.size;
	return true;
}

/* RFC 9110 15.5.6: a 405 says what is allowed. */
static const char *allowed(unsigned http_status, uint8_t method)
{
	if (http_status != 405)
		return NULL;
	return method == 'P' ? "GET, HEAD" : method == 0 ? "GET, HEAD, POST" : "POST";
}

void request_refuse(status why, const char *detail, uint8_t method, struct buffer *room, struct answer *out)
{
	const struct refusal_entry *entry = status_entry(why.refusal);
	room->size = 0;
	if (!problem_build(why, detail, room))
		status_broken("a problem document does not fit a packet");
	*out = (struct answer){
		.http_status = entry->http_status,
		.content_type = bytes_from_text(PROBLEM_CONTENT_TYPE),
		.body = buffer_view(room),
		.retry_after_s = entry->http_status == 503 || entry->http_status == 429 ? retry_after_s : 0,
		.allow = allowed(entry->http_status, method),
	};
}

/* What could break the answer's framing is not passed on, whoever said it. */
static bool is_line(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < 0x20 || text.data[i] >= 0x7f)
			return false;
	return true;
}

static bool is_sound(const struct message_response *response)
{
	for (size_t i = 0; i < response->links.count; i++)
		if (!is_line(response->links.at[i]))
			return false;
	return response->http_status >= 200 && response->http_status <= 599 && is_line(response->content_type) &&
	       is_line(response->location) && is_line(response->nonce);
}

static void answer_from(const struct message_response *response, uint8_t method, struct answer *out)
{
	*out = (struct answer){
		.http_status = response->http_status,
		.content_type = response->content_type,
		.location = response->location,
		.nonce = response->nonce,
		.body = response->http_status == 204 ? bytes_from(NULL, 0) : response->body,
		.link_count = response->links.count,
		.retry_after_s = response->retry_after_s,
		.allow = allowed(response->http_status, method),
	};
	for (size_t i = 0; i < response->links.count; i++)
		out->links[i] = response->links.at[i];
}

/* The characters that came with a refusal, as a string; cut where it does not fit. */
static const char *detail_from(const struct buffer *room, char *text, size_t size)
{
	const size_t used = room->size < size - 1 ? room->size : size - 1;
	memcpy(text, room->data, used);
	text[used] = 0;
	return used == 0 ? NULL : text;
}

/* Set while the registrar stays away. The first requests wait for it; those behind them would only keep the few threads
 * from everybody else. */
static atomic_bool is_away;

static const char *type_of(const struct request *request)
{
	return request->method != 'P' ? "" : head_is_plain(request->target) ? "application/json" : "application/jose+json";
}

/* Safe to send twice: a registrar that starts again knows none of its nonces, so a repeated POST gets badNonce; and what is not signed
 * may be repeated by anybody. */
static void ask_registrar(const struct request *request, const char *remote, struct link *registrar,
			  struct buffer *room, struct answer *out)
{
	struct message_response response;
	const struct message_request message = {
		.method = request->method,
		.path = request->target,
		.content_type = bytes_from_text(type_of(request)),
		.remote = bytes_from_text(remote),
		.body = bytes_from(request->body, request->body_size),
	};
	const struct call call = {
		.id = message_request,
		.request = &message,
		.patience_ms = is_away ? request_impatience_ms : request_patience_ms,
		.is_repeatable = true,
	};
	const status asked = link_call(registrar, &call, room, &response);
	is_away = asked.refusal == refusal_neighbour_away;
	if (is_refused(asked)) {
		char detail[problem_detail_most + 1];
		request_refuse(asked, detail_from(room, detail, sizeof detail), request->method, room, out);
		return;
	}
	if (is_sound(&response))
		answer_from(&response, request->method, out);
	else
		request_refuse(REFUSE(internal), NULL, request->method, room, out);
}

/* Syntax alone. */
static status check_body(const struct request *request, struct buffer *room)
{
	const struct bytes body = bytes_from(request->body, request->body_size);
	struct json_read read;
	return head_is_plain(request->target) ? json_parse(body, room, &read) : envelope_check(body, room);
}

void request_finish(const struct request *request, const char *remote, struct link *registrar, struct buffer *room,
		    struct answer *out)
{
	status refused = request->refused;
	room->size = 0;
	if (!is_refused(refused) && request->method == 'P')
		refused = check_body(request, room);
	if (is_refused(refused))
		request_refuse(refused, NULL, request->method, room, out);
	else if (health_is_asked(request))
		health_answer(request, registrar, room, out);
	else
		ask_registrar(request, remote, registrar, room, out);
}
