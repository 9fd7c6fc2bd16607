/* SPDX-License-Identifier: Apache-2.0
 * Asks the registrar the same question. It knows no such resource: that it says so is what counts, and no word of its
 * answer goes out. */
#include "ca/listener/health.h"

enum { retry_after_s = 2 };

bool health_is_asked(const struct request *request)
{
	return request->method != 'P' && bytes_equal_text(request->target, "/health");
}

void health_answer(const struct request *request, struct link *registrar, struct buffer *room, struct answer *out)
{
	struct message_response response;
	const struct message_request message = {.method = request->method, .path = request->target};
	const struct call call = {
		.id = message_request,
		.request = &message,
		.patience_ms = health_patience_ms,
		.is_repeatable = true,
	};
	const bool is_away = link_call(registrar, &call, room, &response).refusal == refusal_neighbour_away;
	*out = (struct answer){
		.http_status = is_away ? 503 : 200,
		.content_type = bytes_from_text("application/json"),
		.body = bytes_from_text(is_away ? "{\"status\":\"unavailable\",\"registrar\":\"away\"}\n"
						: "{\"status\":\"ok\",\"registrar\":\"answers\"}\n"),
		.retry_after_s = is_away ? retry_after_s : 0,
	};
}
