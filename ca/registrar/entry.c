/* SPDX-License-Identifier: Apache-2.0
 * Why a certificate was granted, and the proof that it is in the ledger: everything that an offline check needs. */
#include "ca/jose/base64url.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"

#include <stdio.h>

static json_t *encoded(struct bytes octets)
{
	uint8_t text[11000];
	struct buffer out = BUFFER(text);
	return base64url_encode(octets, &out) ? json_stringn((const char *)text, out.size) : NULL;
}

static json_t *hex(const uint8_t hash[store_hash_size])
{
	char text[2 * store_hash_size + 1];
	for (size_t i = 0; i < store_hash_size; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return json_string(text);
}

static const char *assurance_word(uint8_t assurance)
{
	static const char *const words[] = {"none", "software", "hardware", "hardware with verified boot"};
	return assurance < sizeof words / sizeof words[0] ? words[assurance] : "unknown";
}

static const char *state_word(uint8_t state)
{
	return state == 'i' ? "issued" : state == 'v' ? "void" : state == 'r' ? "revoked" : "none";
}

static const struct challenge_row *valid_challenge(const struct authorization_row *authorization)
{
	for (size_t i = 0; i < authorization->challenge_count; i++)
		if (authorization->challenges[i].state == challenge_valid)
			return &authorization->challenges[i];
	return &authorization->challenges[0];
}

/* Each identifier with what proved it, and when. */
static json_t *build_identifiers(const struct order_row *order)
{
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < order->authorization_count; i++) {
		const struct authorization_row *row = &order->authorizations[i];
		const struct challenge_row *by = valid_challenge(row);
		if (json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "type", row->type, "value", row->value,
							  "challenge", challenge_name(by->challenge), "validated",
							  describe_time(by->validated_s).text)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *build_why(const struct registrar *registrar, const struct order_row *order,
			 const struct certificate_row *row)
{
	const struct authorization_row *first = store_order_first(order);
	const struct profile *profile = registrar_find_profile(registrar, order->profile); /* NULL: it was withdrawn */
	json_t *claims = json_loads(order->claims, JSON_REJECT_DUPLICATES, NULL);
	return json_pack("{s:s, s:s, s:s*, s:s, s:s, s:o, s:s?, s:s?, s:o, s:o, s:o, s:o, s:s, s:o}", "identifierType", first->type,
			 "identifier", first->value, "certified", order->certified[0] == 0 ? NULL : order->certified, "format", order->format, "assurance",
			 assurance_word(order->assurance), "claims", claims != NULL ? claims : json_null(), "envelope",
			 profile == NULL ? NULL : profile->envelope, "policy", profile == NULL ? NULL : profile->policy, "policyHash", hex(row->policy_hash),
			 "evidenceHash", hex(order->evidence_hash), "rootHash", hex(order->root_hash), "keyHash", hex(order->spki_hash), "validated",
			 describe_time(valid_challenge(first)->validated_s).text, "identifiers", build_identifiers(order));
}

static json_t *build_path(const struct message_entry_given *given)
{
	json_t *path = json_array();
	for (size_t i = 0; path != NULL && i < given->path.count; i++)
		if (json_array_append_new(path, encoded(given->path.at[i])) != 0) {
			json_decref(path);
			return NULL;
		}
	return path;
}

/* What an offline check of one entry needs; `beside` names what lies beside the leaf. */
static json_t *build_proof(const struct message_entry_given *given, const char *beside)
{
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:s%}", "entry", (json_int_t)given->entry, "state",
			 state_word(given->state), "leaf", encoded(given->leaf), beside, encoded(given->tbs), "path",
			 build_path(given), "checkpoint", (const char *)given->checkpoint.data, given->checkpoint.size);
}

/* With its proof and the request that asked for it, so that anybody can see whether it was asked for. */
static status add_revocation(struct registrar *registrar, uint64_t certificate, json_t *to, struct reply *reply)
{
	struct revocation_row row;
	struct message_entry_given given;
	store_enter(registrar->store);
	status found = store_leave(registrar->store, store_revocation_find(registrar->store, certificate, &row));
	if (found.refusal == refusal_entry_unknown)
		return OK;
	TRY(found);
	const struct message_entry_read ask = {.entry = row.entry};
	TRY(ask_signer(registrar, message_entry_read, &ask, &given, reply));
	return json_object_set_new(to, "revocation", build_proof(&given, "request")) == 0 ? OK : REFUSE(internal);
}

status entry_show(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	struct certificate_row row;
	struct message_entry_given given;
	uint8_t octets[32768];
	struct buffer room = BUFFER(octets);
	if (request->payload != NULL)
		return REFUSE(payload_malformed);
	TRY(describe_load(registrar, request->part, request->account, order));
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_certificate_find_order(registrar->store, order->id, &room, &row)));
	const struct message_entry_read ask = {.entry = row.entry};
	TRY(ask_signer(registrar, message_entry_read, &ask, &given, reply));
	JSON_OWNED object = build_proof(&given, "tbs");
	if (object == NULL || json_object_set_new(object, "why", build_why(registrar, order, &row)) != 0)
		return REFUSE(internal);
	TRY(add_revocation(registrar, row.entry, object, reply));
	return reply_json(reply, 200, json_incref(object));
}
