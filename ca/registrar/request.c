/* SPDX-License-Identifier: Apache-2.0
 * Who asks, is it really they, is it now, may they. Distrusts the listener, which could have made the request up: the
 * signature, the url and the nonce are judged here. */
#include "ca/registrar/request.h"

#include <stdio.h>
#include <strings.h>

#include "ca/jose/jws.h"
#include "ca/registrar/allowance.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload_open.h"
#include "ca/registrar/route.h"

static void release_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}
static void release_payload(struct json_t **payload)
{
	payload_close(*payload);
}

static status judge_media_type(struct bytes type, const char *expected)
{
	size_t size = 0;
	while (size < type.size && type.data[size] != ';') /* parameters mean nothing here */
		size++;
	while (size > 0 && type.data[size - 1] == ' ')
		size--;
	if (size != strlen(expected) || strncasecmp((const char *)type.data, expected, size) != 0)
		return REFUSE(media_type_wrong);
	return OK;
}

static status find_account(struct registrar *registrar, const struct jws *jws, struct key_holder *out)
{
	int64_t account = 0;
	if (jws->kid.size == 0)
		return REFUSE(jws_jwk_not_allowed);
	if (!registrar_read_account_url(registrar, jws->kid, &account))
		return REFUSE(account_unknown);
	TRY(keyring_find_account(registrar->keyring, registrar->store, account, out));
	if (out->directory == registrar->directory->id)
		return OK;
	EVP_PKEY_free(out->key);
	out->key = NULL;
	return REFUSE(account_unknown);
}

static status find_administrator(struct registrar *registrar, const struct jws *jws, struct key_holder *out)
{
	char prefix[300];
	if (jws->kid.size == 0)
		return REFUSE(jws_jwk_not_allowed);
	size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s/admin/administrator/", registrar->origin);
	if (jws->kid.size <= length || memcmp(jws->kid.data, prefix, length) != 0)
		return REFUSE(role_missing);
	return keyring_find_administrator(registrar->keyring,
					  bytes_from(jws->kid.data + length, jws->kid.size - length), out);
}

static status find_key(struct registrar *registrar, enum route_signer signer, const struct jws *jws,
		       struct key_holder *out)
{
	switch (signer) {
	case route_account:
		return find_account(registrar, jws, out);
	case route_new_key:
		return jws->jwk.size == 0 ? REFUSE(jws_kid_not_allowed) : keyring_take(jws->jwk, out);
	case route_account_or_key:
		return jws->jwk.size == 0 ? find_account(registrar, jws, out) : keyring_take(jws->jwk, out);
	case route_administrator:
		return find_administrator(registrar, jws, out);
	case route_nobody:
		break;
	}
	return REFUSE(internal);
}

static status judge_url(const struct registrar *registrar, struct bytes path, struct bytes url)
{
	const size_t length = strlen(registrar->origin);
	if (url.size < length || memcmp(url.data, registrar->origin, length) != 0 ||
	    !bytes_equal(bytes_from(url.data + length, url.size - length), path))
		return REFUSE(url_wrong);
	return OK;
}

static status judge_signer(struct registrar *registrar, enum route_signer signer, const struct key_holder *holder)
{
	if (signer == route_administrator)
		return strcmp(holder->role, "administrator") == 0 ? OK : REFUSE(role_missing);
	if (holder->account == 0)
		return OK;
	store_enter(registrar->store);
	return store_leave(registrar->store, store_account_judge(registrar->store, holder->account, holder->thumbprint));
}

static void describe_signer(const struct key_holder *holder, struct request *request)
{
	request->signer = holder;
	request->account = holder->account;
	memcpy(request->jwk, holder->jwk, sizeof request->jwk);
	memcpy(request->thumbprint, holder->thumbprint, sizeof request->thumbprint);
	memcpy(request->administrator, holder->administrator, sizeof request->administrator);
}

static status answer_signed(struct registrar *registrar, const struct route_row *row, const struct message_request *in,
			    struct request *request, struct reply *reply)
{
	struct buffer room = BUFFER(desk_here()->request);
	struct jws jws;
	struct key_holder holder = {0};
	__attribute__((cleanup(release_payload))) struct json_t *payload = NULL;
	if (in->body.size > desk_body_most)
		return REFUSE(body_too_long);
	TRY(judge_media_type(in->content_type, "application/jose+json"));
	TRY(jws_parse(in->body, &room, &jws));
	TRY(find_key(registrar, row->signer, &jws, &holder));
	__attribute__((cleanup(release_key))) EVP_PKEY *key = holder.key;
	TRY(jws_verify(&jws, key));
	TRY(judge_url(registrar, in->path, jws.url));
	TRY(nonce_spend(registrar->nonces, jws.nonce));
	TRY(judge_signer(registrar, row->signer, &holder));
	if (jws.payload.size != 0)
		TRY(payload_open(jws.payload, &payload));
	describe_signer(&holder, request);
	request->payload = payload;
	request->payload_text = jws.payload;
	request->url = jws.url;
	return row->handle(registrar, request, reply);
}

/* By nobody in particular, who need not say what it is. */
static status answer_plain(struct registrar *registrar, const struct route_row *row, const struct message_request *in,
			   struct request *request, struct reply *reply)
{
	__attribute__((cleanup(release_payload))) struct json_t *payload = NULL;
	if (in->body.size > desk_body_most)
		return REFUSE(body_too_long);
	if (in->content_type.size != 0)
		TRY(judge_media_type(in->content_type, "application/json"));
	TRY(payload_open(in->body, &payload));
	request->payload = payload;
	return row->handle(registrar, request, reply);
}

static status answer(struct registrar *registrar, const struct message_request *in, struct reply *reply)
{
	struct request request = {.method = (char)in->method, .body = in->body};
	request.part = request.parts.at[0];
	const struct route_row *row = NULL;
	limit_address(in->remote, request.address);
	TRY(allowance_request(registrar, &request, reply));
	TRY(route_find(registrar->directory, (char)in->method, in->path, &request.parts, &row));
	if (!row->is_post)
		return row->handle(registrar, &request, reply);
	return row->signer == route_nobody ? answer_plain(registrar, row, in, &request, reply)
					   : answer_signed(registrar, row, in, &request, reply);
}

/* The sentence of a refusal that an administrator should hear of. For a path that nobody should guess the directory's name
 * stands in it. */
static void note(struct registrar *registrar, const struct message_request *in, const struct reply *reply, status why)
{
	const struct refusal_entry *entry = status_entry(why.refusal);
	const struct directory *directory = registrar->directory;
	const char *more = why.refusal == refusal_store_failed ? store_trouble(registrar->store) : reply->detail;
	const size_t known = directory == NULL ? 0 : strlen(route_lead) + strlen(directory->segment);
	if (registrar->log != NULL && allowance_is_news(registrar, in, why))
		registrar->log(entry->http_status >= 500 ? 4 : 6, "%s%s%.*s from %.*s refused: %s%s%s",
			       directory == NULL ? "" : route_lead, directory == NULL ? "" : directory->name,
			       (int)(in->path.size - known), (const char *)in->path.data + known, (int)in->remote.size,
			       (const char *)in->remote.data, entry->name, more[0] == 0 ? "" : ": ", more);
}

static bool is_directory(const struct registrar *registrar, struct bytes path)
{
	const struct url url = registrar_url(registrar, "directory");
	return bytes_equal_text(path, url.text + strlen(registrar->origin));
}

void request_answer(struct registrar *shared, const struct message_request *in, struct message_response *out)
{
	struct reply *reply = &desk_here()->reply;
	struct registrar here = *shared, *registrar = &here;
	reply_start(reply);
	here.directory = registrar_find_directory(shared, route_directory(in->path));
	const struct directory *directory = here.directory;
	status answered = answer(registrar, in, reply);
	if (is_refused(answered)) {
		reply_refuse(reply, answered);
		if (directory != NULL && directory->limits.help[0] != 0 &&
		    strcmp(status_entry(answered.refusal)->acme, "rateLimited") == 0)
			reply_link(reply, directory->limits.help, "help");
		note(registrar, in, reply, answered);
	}
	if (in->method == 'P' && reply->nonce[0] == 0)
		nonce_new(registrar->nonces, reply->nonce);
	if (directory != NULL && !is_directory(registrar, in->path)) /* RFC 8555 7.1: on all but the directory */
		reply_link(reply, registrar_url(registrar, "directory").text, "index");
	reply_view(reply, out);
}
