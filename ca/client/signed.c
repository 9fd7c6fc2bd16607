/* SPDX-License-Identifier: Apache-2.0
 * Decides what is asked again and what is final. Distrusts the server's answers. */
#include "ca/client/signed.h"

#include <stdio.h>
#include <stdlib.h>

#include "ca/jose/jws.h"

enum { most_bad_nonces = 5, request_room = 131072 };

#define PROBLEM_TYPE "urn:ietf:params:acme:error:"

struct problem {
	struct json_read read;
	struct bytes type, detail, refusal;
	uint8_t room[4096];
};

/* Empty texts when the body is none. */
static void read_problem(struct bytes body, struct problem *out)
{
	struct buffer room = BUFFER(out->room);
	out->type = out->detail = out->refusal = (struct bytes){0};
	if (is_refused(json_parse(body, &room, &out->read)))
		return;
	if (is_refused(json_text(&out->read, "type", &out->type)))
		out->type = (struct bytes){0};
	if (is_refused(json_text(&out->read, "detail", &out->detail)))
		out->detail = (struct bytes){0};
	if (is_refused(json_text(&out->read, "refusal", &out->refusal)))
		out->refusal = (struct bytes){0};
}

bool signed_may_pass(struct bytes refusal)
{
	static const char *const passing[] = {"order_void",    "order_expired",	  "order_forged",
					      "token_expired", "voucher_expired", "activation_unknown"};
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (bytes_equal_text(refusal, passing[i]))
			return true;
	return false;
}

static bool is_problem(const struct http_answer *answer, const char *type)
{
	struct problem problem;
	read_problem(answer->body, &problem);
	return bytes_equal_text(problem.type, type);
}

outcome signed_refused(const char *what, const struct http_answer *answer)
{
	struct problem problem;
	read_problem(answer->body, &problem);
	const enum exit_code code = http_is_busy(answer) || signed_may_pass(problem.refusal) ? exit_later : exit_refused;
	struct bytes type = problem.type;
	const size_t prefix = sizeof PROBLEM_TYPE - 1;
	if (type.size > prefix && memcmp(type.data, PROBLEM_TYPE, prefix) == 0)
		type = bytes_from(type.data + prefix, type.size - prefix);
	if (type.size == 0 && problem.detail.size == 0)
		return outcome_fail(code, "the CA refused %s with HTTP status %u and no reason", what, answer->status);
	return outcome_fail(code, "the CA refused %s (%.*s): %.*s", what, (int)type.size,
			    (const char *)type.data, problem.detail.size > 1000 ? 1000 : (int)problem.detail.size,
			    (const char *)problem.detail.data);
}

static outcome fetch_nonce(struct signed_client *client)
{
	struct http_answer answer;
	const struct http_request request = {.method = 'H', .url = client->new_nonce};
	STEP(http_send(client->http, &request, &answer));
	if (http_is_busy(&answer))
		return signed_refused(client->new_nonce, &answer);
	if (answer.nonce[0] == 0)
		return outcome_fail(exit_network, "%s gives no nonce (HTTP status %u)", client->new_nonce,
				    answer.status);
	memcpy(client->nonce, answer.nonce, sizeof client->nonce);
	return DONE;
}

static outcome post_once(struct signed_client *client, const char *url, struct bytes payload, struct buffer *body,
			 struct http_answer *out)
{
	if (client->nonce[0] == 0)
		STEP(fetch_nonce(client));
	const struct jws_header header = {.nonce = bytes_from_text(client->nonce),
					  .url = bytes_from_text(url),
					  .kid = bytes_from_text(client->kid)};
	body->size = 0;
	if (is_refused(jws_build(client->key, &header, payload, body)))
		return outcome_fail(exit_other, "the request to %s cannot be signed", url);
	client->nonce[0] = 0;
	const struct http_request request = {
		.method = 'P', .url = url, .content_type = "application/jose+json", .body = buffer_view(body)};
	STEP(http_send(client->http, &request, out));
	memcpy(client->nonce, out->nonce, sizeof client->nonce);
	return DONE;
}

static outcome post(struct signed_client *client, const char *url, struct bytes payload, struct buffer *body,
		    struct http_answer *out)
{
	unsigned bad_nonces = 0;
	for (;;) {
		STEP(post_once(client, url, payload, body, out));
		if (out->status >= 200 && out->status <= 299)
			return DONE;
		if (is_problem(out, PROBLEM_TYPE "badNonce") && bad_nonces++ < most_bad_nonces)
			continue;
		if (!http_is_busy(out) || !http_wait(client->http, out->retry_after_s))
			return signed_refused(url, out);
	}
}

outcome signed_post(struct signed_client *client, const char *url, struct bytes payload, struct http_answer *out)
{
	char copy[http_url_room]; /* url may be a view into an answer that the next one overwrites */
	struct http_answer answer;
	if ((size_t)snprintf(copy, sizeof copy, "%s", url) >= sizeof copy)
		return outcome_fail(exit_network, "the server named a URL that is too long");
	struct buffer body = {.data = malloc(request_room), .room = request_room};
	if (body.data == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome result = post(client, copy, payload, &body, &answer);
	free(body.data);
	STEP(result);
	*out = answer;
	return DONE;
}
