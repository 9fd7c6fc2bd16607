/* SPDX-License-Identifier: Apache-2.0
 * From rows to objects. An order's one row holds its authorizations and challenges, so they can never disagree. */
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

struct problem_text describe_problem(status why, const char *detail, const struct authorization_row *of)
{
	struct problem_text out = {""};
	uint8_t room[4096];
	struct buffer text = {.data = (uint8_t *)out.text, .room = sizeof out.text - 1}, list = BUFFER(room);
	const bool has_list = of != NULL && problem_add_subproblem(why, detail, of->type, of->value, &list);
	if (!(has_list && problem_build_whole(why, detail, buffer_view(&list), &text)) && !problem_build(why, detail, &text))
		status_broken("a problem document is longer than any can be");
	out.text[text.size] = 0;
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
	const bool is_of_former_boot = order->end == order_end_expired;
	if (!is_of_former_boot && (!is_open || clock_boot_s() < order->expires_boot_s))
		return;
	end_order(order, REFUSE(order_expired), is_of_former_boot ? "the appliance was started anew" : NULL);
	order->end = order_end_expired;
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

status describe_find(const struct order_row *order, const char *number, size_t *out)
{
	char text[24];
	for (size_t i = 0; i < order->authorization_count; i++) {
		snprintf(text, sizeof text, "%zu", i);
		if (strcmp(text, number) != 0)
			continue;
		*out = i;
		return OK;
	}
	return REFUSE(not_found);
}

static const char *order_status(struct registrar *registrar, const struct order_row *order)
{
	switch (order->state) {
	case order_pending:
		return "pending";
	case order_ready:
		return flight_has(registrar->flight, "finalize", order->name) ? "processing" : "ready";
	case order_valid:
		return "valid";
	case order_invalid:
		break;
	}
	return "invalid";
}

uint32_t describe_wait_s(struct registrar *registrar, const struct order_row *order)
{
	const bool is_judged = order->state == order_pending &&
			       (store_order_is_probed(order) || flight_has(registrar->flight, "challenge", order->name));
	const bool is_issued = order->state == order_ready && flight_has(registrar->flight, "finalize", order->name);
	return is_judged || is_issued ? 1 : 0;
}

/* An order that ended takes with it what was still open. */
static enum authorization_state state_of(const struct order_row *order, const struct authorization_row *authorization)
{
	const bool is_open = authorization->state == authorization_pending;
	if (order->end == order_end_expired && (is_open || authorization->state == authorization_valid))
		return authorization_expired;
	if (is_open && order->state == order_invalid)
		return order->end == order_end_deactivated ? authorization_deactivated : authorization_invalid;
	return authorization->state;
}

static const char *authorization_status(enum authorization_state state)
{
	switch (state) {
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

static const char *challenge_status(struct registrar *registrar, const struct order_row *order,
				    const struct authorization_row *authorization, const struct challenge_row *challenge)
{
	if (challenge->state == challenge_valid)
		return "valid";
	if (challenge->state == challenge_invalid || state_of(order, authorization) != authorization_pending)
		return "invalid";
	if (challenge->state == challenge_processing)
		return "processing";
	return challenge->challenge == challenge_device_attest_01 &&
			       flight_has(registrar->flight, "challenge", order->name)
		   ? "processing"
		   : "pending";
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

static json_t *identifier_of(const struct authorization_row *authorization)
{
	return json_pack("{s:s, s:s}", "type", authorization->type, "value", authorization->value);
}

/* Adds to both lists of the order; false: no memory. */
static bool add_identifiers(struct registrar *registrar, const struct order_row *order, json_t *object)
{
	json_t *identifiers = json_array(), *urls = json_array();
	bool is_whole = add(object, "identifiers", identifiers);
	is_whole = add(object, "authorizations", urls) && is_whole;
	for (size_t i = 0; is_whole && i < order->authorization_count; i++)
		is_whole = json_array_append_new(identifiers, identifier_of(&order->authorizations[i])) == 0 &&
			   json_array_append_new(
			       urls, json_string(registrar_url(registrar, "authorization/%s/%zu", order->name, i).text)) == 0;
	return is_whole;
}

struct json_t *describe_order(struct registrar *registrar, const struct order_row *order)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "status", order_status(registrar, order), "expires",
				   describe_time(order->expires_s).text, "finalize",
				   registrar_url(registrar, "order/%s/finalize", order->name).text);
	bool is_whole = object != NULL && add_identifiers(registrar, order, object);
	if (is_whole && order->state == order_valid)
		is_whole = add(object, "certificate",
			       json_string(registrar_url(registrar, "certificate/%s", order->name).text));
	if (is_whole && order->profile[0] != 0)
		is_whole = add(object, "profile", json_string(order->profile));
	if (is_whole && order->replaces[0] != 0)
		is_whole = add(object, "replaces", json_string(order->replaces));
	if (is_whole && order->state == order_invalid && order->error[0] != 0)
		is_whole = add(object, "error", json_loads(order->error, 0, NULL));
	return checked(object, is_whole);
}

struct json_t *describe_challenge(struct registrar *registrar, const struct order_row *order, size_t number,
				  const struct challenge_row *challenge)
{
	const struct authorization_row *authorization = &order->authorizations[number];
	const char *now = challenge_status(registrar, order, authorization, challenge);
	const char *type = challenge_name(challenge->challenge);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "type", type, "url",
				   registrar_url(registrar, "challenge/%s/%zu/%s", order->name, number, type).text,
				   "status", now, "token", challenge->token);
	bool is_whole = object != NULL;
	if (is_whole && challenge->state == challenge_valid)
		is_whole = add(object, "validated", json_string(describe_time(challenge->validated_s).text));
	if (is_whole && strcmp(now, "invalid") == 0 && order->error[0] != 0)
		is_whole = add(object, "error", json_loads(order->error, 0, NULL));
	return checked(object, is_whole);
}

/* RFC 8555 7.1.4: of an authorization that was decided, the challenge that did it. */
static bool is_shown(const struct authorization_row *authorization, const struct challenge_row *challenge)
{
	for (size_t i = 0; i < authorization->challenge_count; i++) {
		const enum challenge_state state = authorization->challenges[i].state;
		if (state == challenge_valid || state == challenge_invalid)
			return challenge->state == state;
	}
	return true;
}

struct json_t *describe_authorization(struct registrar *registrar, const struct order_row *order, size_t number)
{
	const struct authorization_row *authorization = &order->authorizations[number];
	json_t *challenges = json_array();
	json_t *object = json_pack("{s:s, s:s, s:o, s:o}", "status", authorization_status(state_of(order, authorization)),
				   "expires", describe_time(order->expires_s).text, "identifier",
				   identifier_of(authorization), "challenges", challenges);
	bool is_whole = object != NULL;
	if (is_whole && identifier_is_wildcard(bytes_from_text(authorization->type), bytes_from_text(authorization->value)))
		is_whole = add(object, "wildcard", json_true()) &&
			   json_object_set_new(json_object_get(object, "identifier"), "value",
					       json_string(authorization->value + 2)) == 0; /* RFC 8555 7.1.4 */
	for (size_t i = 0; is_whole && i < authorization->challenge_count; i++)
		if (is_shown(authorization, &authorization->challenges[i]))
			is_whole = json_array_append_new(challenges, describe_challenge(registrar, order, number,
											&authorization->challenges[i])) == 0;
	return checked(object, is_whole);
}
