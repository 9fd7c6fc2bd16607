/* SPDX-License-Identifier: Apache-2.0
 * Key roll-over (RFC 8555 7.3.5): the old key signs a request which the new key signs within it. The outer one was
 * judged like every request; here is the inner. Distrusts every byte of it. */
#include <stdio.h>

#include "ca/jose/jws.h"
#include "ca/registrar/account.h"
#include "ca/registrar/request.h"

/* Two RSA keys of the longest size and a signature need half of it. */
enum { inner_most = 8192 };

static void release_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

/* Signed by the key that it carries, for the same url, without a nonce of its own. */
static status judge_envelope(const struct request *request, const struct jws *inner, struct key_holder *holder)
{
	if (inner->jwk.size == 0)
		return REFUSE(jws_kid_not_allowed);
	if (inner->nonce.size != 0)
		return REFUSE(key_change_nonce);
	TRY(keyring_take(inner->jwk, holder));
	TRY(jws_verify(inner, holder->key));
	return bytes_equal(inner->url, request->url) ? OK : REFUSE(key_change_url_wrong);
}

/* The new key knows whose key it becomes, and which it replaces. */
static status judge_payload(const struct registrar *registrar, const struct request *request, struct bytes payload)
{
	struct json_read read;
	struct bytes account;
	struct key_holder old = {0};
	int64_t id = 0;
	uint8_t octets[inner_most];
	struct buffer room = BUFFER(octets);
	TRY(json_parse(payload, &room, &read));
	const struct json_member *old_key = json_find(&read, "oldKey");
	if (is_refused(json_text(&read, "account", &account)) || old_key == NULL || old_key->kind != json_object)
		return REFUSE(payload_malformed);
	if (!registrar_read_account_url(registrar, account, &id) || id != request->account)
		return REFUSE(key_change_account_wrong);
	if (is_refused(keyring_take(old_key->value, &old)))
		return REFUSE(key_change_old_key_wrong);
	EVP_PKEY_free(old.key);
	return memcmp(old.thumbprint, request->thumbprint, sizeof old.thumbprint) == 0
		   ? OK
		   : REFUSE(key_change_old_key_wrong);
}

static status judge(const struct registrar *registrar, const struct request *request, struct key_holder *holder)
{
	uint8_t octets[2 * inner_most];
	struct buffer room = BUFFER(octets);
	struct jws inner;
	if (request->payload_text.size > inner_most)
		return REFUSE(body_too_long);
	TRY(jws_parse(request->payload_text, &room, &inner));
	TRY(judge_envelope(request, &inner, holder));
	return judge_payload(registrar, request, inner.payload);
}

/* Who has the new key already: account_key_in_use, and its row. */
static status change(struct registrar *registrar, struct account_row *account, const struct key_holder *holder,
		     struct account_row *other)
{
	struct account_row after;
	status looked = store_account_find_key(registrar->store, registrar->directory->id, holder->thumbprint, other);
	if (looked.refusal != refusal_account_unknown)
		return is_refused(looked) ? looked : REFUSE(account_key_in_use);
	TRY(store_account_find(registrar->store, account->id, &after));
	memcpy(after.thumbprint, holder->thumbprint, sizeof after.thumbprint);
	memcpy(after.jwk, holder->jwk, sizeof after.jwk);
	TRY(store_account_change_key(registrar->store, account, &after));
	*account = after;
	return OK;
}

status key_change_make(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct key_holder holder = {0};
	struct account_row account = {.id = request->account}, other;
	if (request->payload == NULL)
		return REFUSE(payload_malformed);
	status judged = judge(registrar, request, &holder);
	__attribute__((cleanup(release_key), unused)) EVP_PKEY *key = holder.key;
	if (is_refused(judged)) {
		snprintf(reply->detail, sizeof reply->detail, "in the inner JWS");
		return judged;
	}
	memcpy(account.thumbprint, request->thumbprint, sizeof account.thumbprint);
	store_enter(registrar->store);
	status changed = store_leave(registrar->store, change(registrar, &account, &holder, &other));
	if (changed.refusal == refusal_account_key_in_use)
		reply_locate(reply, registrar_url(registrar, "account/%lld", (long long)other.id).text);
	TRY(changed);
	holder.account = account.id;
	holder.directory = registrar->directory->id;
	keyring_replace(registrar->keyring, &holder);
	if (registrar->log != NULL)
		registrar->log(5, "account %lld has a new key", (long long)account.id);
	return account_give(registrar, &account, 200, reply);
}
