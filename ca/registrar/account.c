/* SPDX-License-Identifier: Apache-2.0
 * Accounts (RFC 8555 7.1.2, 7.3): opened by whoever holds a key; what an account may get is decided by evidence. */
#include "ca/registrar/account.h"
#include "ca/registrar/allowance.h"
#include "ca/registrar/contact.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

#include <stdio.h>

enum { orders_listed = 100 };

status account_give(const struct registrar *registrar, const struct account_row *account, uint32_t http_status,
		    struct reply *reply)
{
	char binding[4097];
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_binding_find(registrar->store, account->id, binding)));
	reply_locate(reply, registrar_url(registrar, "account/%lld", (long long)account->id).text);
	json_t *object = json_pack("{s:s, s:o, s:s}", "status", account->is_active ? "valid" : "deactivated", "contact",
				   json_loads(account->contact, 0, NULL), "orders",
				   registrar_url(registrar, "account/%lld/orders", (long long)account->id).text);
	if (object != NULL && binding[0] != 0 &&
	    json_object_set_new(object, "externalAccountBinding", json_loads(binding, 0, NULL)) != 0) {
		json_decref(object);
		object = NULL;
	}
	return reply_json(reply, http_status, object);
}

/* The binding that the request shows; name "": none, where none is needed. */
static status take_binding(const struct registrar *registrar, const struct request *request, struct binding_row *out)
{
	const json_t *shown = json_object_get(request->payload, "externalAccountBinding");
	char text[sizeof out->request];
	if (shown == NULL)
		return registrar->directory->is_eab_required ? REFUSE(eab_required) : OK;
	const size_t size = json_is_object(shown) ? json_dumpb(shown, text, sizeof text, JSON_COMPACT) : 0;
	if (size == 0 || size > sizeof text)
		return REFUSE(payload_malformed);
	return eab_judge(&registrar->directory->eab_keys, request, bytes_from(text, size), out);
}

/* The account of the key, made when there is none; the look and the change are one work, so that one key has one
 * account. */
static status find_or_add(struct registrar *registrar, struct account_row *account, struct binding_row *binding,
			  bool *is_new)
{
	struct account_row found;
	status looked = store_account_find_key(registrar->store, account->directory, account->thumbprint, &found);
	*is_new = looked.refusal == refusal_account_unknown;
	if (*is_new) {
		TRY(store_room_take(registrar->store, store_room_accounts, account->directory, 0, registrar->directory->accounts_most,
				    clock_boot_s()));
		TRY(store_account_add(registrar->store, account, clock_wall_s()));
		binding->account = account->id;
		return binding->name[0] == 0 ? OK : store_binding_add(registrar->store, binding);
	}
	TRY(looked);
	*account = found;
	return OK;
}

/* Its next request comes soon, and the key is decoded already. */
static void keep_key(const struct registrar *registrar, const struct request *request,
		     const struct account_row *account, uint64_t changes)
{
	struct key_holder holder = *request->signer;
	holder.account = account->id;
	holder.directory = account->directory;
	keyring_keep(registrar->keyring, &holder, changes);
}

status account_open(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct account_row account = {.directory = registrar->directory->id};
	bool is_new = false;
	if (request->payload == NULL)
		return REFUSE(payload_malformed);
	memcpy(account.thumbprint, request->thumbprint, sizeof account.thumbprint);
	memcpy(account.jwk, request->jwk, sizeof account.jwk);
	const uint64_t changes = keyring_changes(registrar->keyring);
	const bool is_look_up = json_is_true(json_object_get(request->payload, "onlyReturnExisting"));
	store_enter(registrar->store);
	status done =
	    store_leave(registrar->store, store_account_find_key(registrar->store, registrar->directory->id, request->thumbprint, &account));
	if (done.refusal == refusal_account_unknown && !is_look_up) {
		TRY(contact_judge(json_object_get(request->payload, "contact"), account.contact));
		struct binding_row binding = {.name = ""};
		TRY(take_binding(registrar, request, &binding));
		TRY(allowance_account(registrar, request, reply));
		store_enter(registrar->store);
		done = store_leave(registrar->store, find_or_add(registrar, &account, &binding, &is_new));
	}
	TRY(done);
	if (!account.is_active)
		return REFUSE(account_deactivated);
	keep_key(registrar, request, &account, changes);
	return account_give(registrar, &account, is_new ? 201 : 200, reply);
}

/* The URL names the account that signed. */
static status judge_owner(const struct request *request)
{
	char own[24];
	snprintf(own, sizeof own, "%lld", (long long)request->account);
	return strcmp(own, request->part) == 0 ? OK : REFUSE(account_wrong);
}

/* Any other status, and members that are not the client's to change, are ignored (RFC 8555 7.3.2). */
static status change(struct registrar *registrar, const struct request *request, struct account_row *account)
{
	const char *wanted = json_string_value(json_object_get(request->payload, "status"));
	const json_t *contacts = json_object_get(request->payload, "contact");
	if (wanted != NULL && strcmp(wanted, "deactivated") == 0) {
		struct problem_text error = describe_problem(REFUSE(account_deactivated), NULL, NULL);
		account->is_active = false;
		return store_account_deactivate(registrar->store, account->id, error.text);
	}
	if (contacts == NULL)
		return OK;
	TRY(contact_judge(contacts, account->contact));
	return store_account_set_contact(registrar->store, account->id, account->contact);
}

status account_change(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct account_row account = {0};
	TRY(judge_owner(request));
	store_enter(registrar->store);
	status done = store_account_find(registrar->store, request->account, &account);
	if (!is_refused(done) && request->payload != NULL)
		done = change(registrar, request, &account);
	TRY(store_leave(registrar->store, done));
	return account_give(registrar, &account, 200, reply);
}

struct listing {
	const struct registrar *registrar;
	json_t *urls;
	bool is_short_of_memory;
};

static void add_url(void *to, const char *name)
{
	struct listing *listing = to;
	if (json_array_append_new(listing->urls,
				  json_string(registrar_url(listing->registrar, "order/%s", name).text)) != 0)
		listing->is_short_of_memory = true;
}

/* Of the account that signed, those older than `before`. */
static status list_orders(struct registrar *registrar, const struct request *request, int64_t before,
			  struct reply *reply)
{
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	JSON_OWNED urls = json_array();
	struct listing listing = {.registrar = registrar, .urls = urls, .is_short_of_memory = urls == NULL};
	const struct order_listing wanted = {.account = request->account,
					     .now_boot_s = clock_boot_s(),
					     .most = orders_listed,
					     .each = add_url,
					     .to = &listing};
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_order_list(registrar->store, &wanted, &before)));
	if (listing.is_short_of_memory)
		return REFUSE(internal);
	if (before != 0)
		reply_link(reply, registrar_url(registrar, "orders/%lld", (long long)before).text, "next");
	return reply_json(reply, 200, json_pack("{s:O}", "orders", urls));
}

status account_list_orders(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	TRY(judge_owner(request));
	return list_orders(registrar, request, INT64_MAX, reply);
}

status account_list_more_orders(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	int64_t before = 0;
	if (!registrar_read_number(bytes_from_text(request->part), &before))
		return REFUSE(not_found);
	return list_orders(registrar, request, before, reply);
}
