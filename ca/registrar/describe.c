/* SPDX-License-Identifier: Apache-2.0
 * From rows to objects. An order's one row holds its authorization and challenge, so the three can never disagree. */
#include "ca/registrar/describe.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "ca/problem/problem.h"
#include "firmware/boundary/clock.h"

struct time_text describe_time(uint64_t s)
{
	struct time_text out = {""};
	const time_t at = (time_t)s;
	struct tm parts;
	if (gmtime_r(&at, &parts) != NULL)
		strftime(out.text, sizeof out.text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return out;
}

/* smallstep's shape: what was compared is said in a subproblem, which step prints. */
static void add_subproblem(const struct order_row *order, const char *detail, struct problem_text *out)
{
	json_t *problem = json_loads(out->text, 0, NULL);
	json_t *list =
	    json_pack("[{s:s, s:s, s:{s:s, s:s}}]", "type", "urn:ietf:params:acme:error:rejectedIdentifier", "detail",
		      detail == NULL || detail[0] == 0 ? status_entry(refusal_identity_mismatch)->sentence : detail,
		      "identifier", "type", order->identifier_type, "value", order->identifier);
	char text[sizeof out->text];
	if (problem != NULL && list != NULL && json_object_set(problem, "subproblems", list) == 0) {
		size_t size = json_dumpb(problem, text, sizeof text - 1, JSON_COMPACT);
		if (size > 0 && size < sizeof text) {
			memcpy(out->text, text, size);
			out->text[size] = 0;
		}
	}
	json_decref(list);
	json_decref(problem);
}

struct problem_text describe_problem(status why, const char *detail, const struct order_row *order)
{
	struct problem_text out = {""};
	struct buffer text = {.data = (uint8_t *)out.text, .room = sizeof out.text - 1};
	if (!problem_build(why, detail, &text))
		status_broken("a problem document is longer than any can be");
	out.text[text.size] = 0;
	if (order != NULL && why.refusal == refusal_identity_mismatch)
		add_subproblem(order, detail, &out);
	return out;
}

static void end_order(struct order_row *order, status why, const char *detail)
{
	const struct problem_text error = describe_problem(why, detail, NULL);
	order->state = order_invalid;
	memcpy(order->error, error.text, sizeof order->error);
}

/* What time alone, or a new boot, has done to it. */
static void expire(struct order_row *order)
{
	const bool is_open = order->state == order_pending || order->state == order_ready;
	const bool is_of_former_boot = order->authorization == authorization_expired;
	if (!is_of_former_boot && (!is_open || clock_boot_s() < order->expires_boot_s))
		return;
	end_order(order, REFUSE(order_expired), is_of_former_boot ? "the appliance was started anew" : NULL);
	order->authorization = authorization_expired;
}

status describe_load(struct registrar *registrar, const char *name, int64_t account, struct order_row *out)
{
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_order_find(registrar->store, name, out)));
	if (out->account != account)
		return REFUSE(account_wrong);
	expire(out);
	if (out->revoked_s != 0)
		end_order(out, REFUSE(certificate_revoked), describe_time(out->revoked_s).text);
	return OK;
}

static const char *order_status(struct registrar *registrar, const struct order_row *order)
{
	switch (order->state) {
	case order_pending:
		return "pending";
	case order_ready:
		return flight_has(&registrar->flight, "finalize", order->name) ? "processing" : "ready";
	case order_valid:
		return "valid";
	case order_invalid:
		break;
	}
	return "invalid";
}

uint32_t describe_wait_s(struct registrar *registrar, const struct order_row *order)
{
	const bool is_judged = order->state == order_pending && flight_has(&registrar->flight, "challenge", order->name);
	const bool is_issued = order->state == order_ready && flight_has(&registrar->flight, "finalize", order->name);
	return is_judged || is_issued ? 1 : 0;
}

static const char *authorization_status(const struct order_row *order)
{
	switch (order->authorization) {
	case authorization_pending:
		return "pending";
	case authorization_valid:
		return "valid";
	case authorization_deactivated:
		return "deactivated";
	case authorization_expired:
		return "expired";
	case authorization_invalid:
		break;
	}
	return "invalid";
}

static const char *challenge_status(struct registrar *registrar, const struct order_row *order)
{
	if (order->validated_s != 0)
		return "valid";
	if (order->authorization != authorization_pending)
		return "invalid";
	return flight_has(&registrar->flight, "challenge", order->name) ? "processing" : "pending";
}

/* Adds a member that may be absent; false: no memory. */
static bool add(json_t *to, const char *name, json_t *value)
{
	return to != NULL && value != NULL && json_object_set_new(to, name, value) == 0;
}

static json_t *checked(json_t *object, bool is_whole)
{
	if (is_whole)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *identifier_of(const struct order_row *order)
{
	return json_pack("{s:s, s:s}", "type", order->identifier_type, "value", order->identifier);
}

struct json_t *describe_order(struct registrar *registrar, const struct order_row *order)
{
	json_t *object = json_pack("{s:s, s:s, s:[o], s:[s], s:s}", "status", order_status(registrar, order), "expires",
				   describe_time(order->expires_s).text, "identifiers", identifier_of(order),
				   "authorizations", registrar_url(registrar, "authorization/%s", order->name).text,
				   "finalize", registrar_url(registrar, "order/%s/finalize", order->name).text);
	bool is_whole = object != NULL;
	if (is_whole && order->state == order_valid)
		is_whole = add(object, "certificate",
			       json_string(registrar_url(registrar, "certificate/%s", order->name).text));
	if (is_whole && order->replaces[0] != 0)
		is_whole = add(object, "replaces", json_string(order->replaces));
	if (is_whole && order->state == order_invalid && order->error[0] != 0)
		is_whole = add(object, "error", json_loads(order->error, 0, NULL));
	return checked(object, is_whole);
}

struct json_t *describe_challenge(struct registrar *registrar, const struct order_row *order)
{
	const char *now = challenge_status(registrar, order);
	json_t *object =
	    json_pack("{s:s, s:s, s:s, s:s}", "type", "device-attest-01", "url",
		      registrar_url(registrar, "challenge/%s", order->name).text, "status", now, "token", order->token);
	bool is_whole = object != NULL;
	if (is_whole && order->validated_s != 0)
		is_whole = add(object, "validated", json_string(describe_time(order->validated_s).text));
	if (is_whole && strcmp(now, "invalid") == 0 && order->error[0] != 0)
		is_whole = add(object, "error", json_loads(order->error, 0, NULL));
	return checked(object, is_whole);
}

struct json_t *describe_authorization(struct registrar *registrar, const struct order_row *order)
{
	return json_pack("{s:s, s:s, s:o, s:[o]}", "status", authorization_status(order), "expires",
			 describe_time(order->expires_s).text, "identifier", identifier_of(order), "challenges",
			 describe_challenge(registrar, order));
}
