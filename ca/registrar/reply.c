/* SPDX-License-Identifier: Apache-2.0
 * Bodies and header fields of answers. */
#include "ca/registrar/reply.h"

#include <jansson.h>
#include <stdio.h>

#include "ca/problem/problem.h"
#include "ca/registrar/pem.h"

enum { retry_away_s = 2, retry_limited_s = 60 };

void reply_start(struct reply *reply)
{
	reply->http_status = 500;
	reply->content_type = "";
	reply->location[0] = reply->nonce[0] = reply->detail[0] = 0;
	reply->retry_after_s = 0;
	reply->link_count = 0;
	reply->subproblems = BUFFER(reply->subproblem_room);
	reply->body = BUFFER(reply->room);
}

status reply_json(struct reply *reply, uint32_t http_status, struct json_t *object)
{
	if (object == NULL)
		return REFUSE(internal);
	size_t size = json_dumpb(object, (char *)reply->room, sizeof reply->room, JSON_COMPACT);
	json_decref(object);
	if (size == 0 || size > sizeof reply->room)
		return REFUSE(internal);
	reply->body.size = size;
	reply->http_status = http_status;
	reply->content_type = "application/json";
	return OK;
}

status reply_chain(struct reply *reply, struct bytes leaf, struct bytes issuers)
{
	reply->body.size = 0;
	if (!pem_add_certificate(leaf, &reply->body) || !buffer_add(&reply->body, issuers.data, issuers.size))
		return REFUSE(internal);
	reply->http_status = 200;
	reply->content_type = "application/pem-certificate-chain";
	return OK;
}

void reply_link(struct reply *reply, const char *url, const char *relation)
{
	if (reply->link_count < reply_links_most)
		snprintf(reply->links[reply->link_count++], sizeof reply->links[0], "<%s>;rel=\"%s\"", url, relation);
}

void reply_locate(struct reply *reply, const char *url)
{
	snprintf(reply->location, sizeof reply->location, "%s", url);
}

bool reply_is_retryable(status why)
{
	const struct refusal_entry *entry = status_entry(why.refusal);
	return entry->http_status >= 500 || entry->http_status == 429;
}

void reply_refuse(struct reply *reply, status why)
{
	const struct refusal_entry *entry = status_entry(why.refusal);
	reply->body.size = 0;
	if (why.refusal != refusal_account_key_in_use) /* which says where */
		reply->location[0] = 0;
	reply->http_status = entry->http_status;
	reply->content_type = PROBLEM_CONTENT_TYPE;
	if (entry->http_status != 429)
		reply->retry_after_s = entry->http_status == 503 ? retry_away_s : 0;
	else if (reply->retry_after_s == 0) /* no limit said when */
		reply->retry_after_s = retry_limited_s;
	if (!problem_build_whole(why, reply->detail, buffer_view(&reply->subproblems), &reply->body))
		reply->body.size = 0;
}

void reply_view(const struct reply *reply, struct message_response *out)
{
	*out = (struct message_response){
	    .http_status = reply->http_status,
	    .content_type = bytes_from_text(reply->content_type),
	    .location = bytes_from_text(reply->location),
	    .nonce = bytes_from_text(reply->nonce),
	    .retry_after_s = reply->retry_after_s,
	    .body = buffer_view(&reply->body),
	};
	for (size_t i = 0; i < reply->link_count; i++)
		out->links.at[i] = bytes_from_text(reply->links[i]);
	out->links.count = reply->link_count;
}
