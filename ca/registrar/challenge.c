/* SPDX-License-Identifier: Apache-2.0
 * Challenges. A statement of device-attest-01 goes to the verifier unread; its word, valid or invalid, is kept and is
 * final. A failed attestation is answered with 200 and the challenge, as deployed clients expect. Names are probed later. */
#include "ca/registrar/allowance.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/renewal.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

#include <stdio.h>

enum { record_most = 8192 };

/* The challenge that a path speaks of. */
struct aim {
	size_t number; /* of the authorization */
	struct challenge_row *challenge;
};

static status take_aim(const struct request *request, struct order_row *order, struct aim *out)
{
	TRY(describe_find(order, request->parts.at[1], &out->number));
	struct authorization_row *authorization = &order->authorizations[out->number];
	for (size_t i = 0; i < authorization->challenge_count; i++) {
		if (strcmp(challenge_name(authorization->challenges[i].challenge), request->parts.at[2]) != 0)
			continue;
		out->challenge = &authorization->challenges[i];
		return OK;
	}
	return REFUSE(not_found);
}

static status give(struct registrar *registrar, const struct order_row *order, struct aim aim, struct reply *reply)
{
	const char *type = challenge_name(aim.challenge->challenge);
	reply_locate(reply, registrar_url(registrar, "challenge/%s/%zu/%s", order->name, aim.number, type).text);
	reply_link(reply, registrar_url(registrar, "authorization/%s/%zu", order->name, aim.number).text, "up");
	reply->retry_after_s = describe_wait_s(registrar, order);
	return reply_json(reply, 200, describe_challenge(registrar, order, aim.number, aim.challenge));
}

/* attestation_absent: a client that says it cannot attest, or sends nothing. */
static status read_statement(const json_t *payload, struct buffer *out)
{
	if (json_object_get(payload, "attObj") == NULL)
		return REFUSE(attestation_absent);
	TRY(payload_octets(payload, "attObj", out));
	return out->size == 0 ? REFUSE(attestation_absent) : OK;
}

/* Who the device is, and what it will be called. */
static void take_device(const struct message_statement_judged *judged, struct order_row *order)
{
	memcpy(order->device_hash, judged->device_hash, sizeof order->device_hash);
	order->record_sequence = judged->record_sequence;
	snprintf(order->certified, sizeof order->certified, "%.*s", (int)judged->certified.size,
		 (const char *)judged->certified.data);
}

static void take_judged(const struct message_statement_judged *judged, struct aim aim, struct order_row *order)
{
	order->validated_s = clock_wall_s();
	order->voucher_size = judged->voucher.size;
	memcpy(order->voucher, judged->voucher.data, judged->voucher.size);
	memcpy(order->spki_hash, judged->spki_hash, sizeof order->spki_hash);
	memcpy(order->evidence_hash, judged->evidence_hash, sizeof order->evidence_hash);
	memcpy(order->root_hash, judged->root_hash, sizeof order->root_hash);
	snprintf(order->format, sizeof order->format, "%.*s", (int)judged->format.size,
		 (const char *)judged->format.data);
	snprintf(order->claims, sizeof order->claims, "%.*s", (int)judged->claims.size,
		 (const char *)judged->claims.data);
	order->assurance = judged->assurance;
	take_device(judged, order);
	probe_settle(order, aim.number, aim.challenge, order->validated_s);
}

/* What the verifier said, and what became of it here. */
struct verdict {
	status why;
	struct message_statement_judged judged;
	struct bytes statement;
	bool is_held; /* from now on */
};

static status judge(struct registrar *registrar, const struct request *request, const struct order_row *order,
		    struct aim aim, struct verdict *out, struct reply *reply)
{
	const struct authorization_row *authorization = &order->authorizations[aim.number];
	uint8_t record_octets[record_most];
	struct buffer statement = BUFFER(desk_here()->statement), record = BUFFER(record_octets);
	TRY(read_statement(request->payload, &statement));
	store_enter(registrar->store);
	TRY(store_leave(registrar->store,
			store_record_find(registrar->store, authorization->type, authorization->value, &record)));
	struct message_statement_judge ask = {
	    .directory = bytes_from_text(registrar->directory->name),
	    .order = bytes_from_text(order->name),
	    .identifier_type = bytes_from_text(authorization->type),
	    .identifier = bytes_from_text(authorization->value),
	    .token = bytes_from_text(aim.challenge->token),
	    .statement = buffer_view(&statement),
	    .enrolment_record = buffer_view(&record),
	};
	memcpy(ask.account_thumbprint, request->thumbprint, sizeof ask.account_thumbprint);
	out->statement = ask.statement;
	return ask_verifier(registrar, message_statement_judge, &ask, &out->judged, reply);
}

/* What the client may send again, because it says nothing about the device. */
static bool is_about_the_request(status why)
{
	return why.refusal == refusal_payload_malformed || why.refusal == refusal_base64url_malformed ||
	       reply_is_retryable(why);
}

/* Against what is known of the certificate to be replaced, and of the device. */
static status judge_known(struct registrar *registrar, struct order_row *order, struct verdict *verdict)
{
	TRY(renewal_claim(registrar->store, order));
	take_device(&verdict->judged, order);
	return store_device_judge(registrar->store, order, clock_wall_s(), &verdict->is_held);
}

/* In one work with the look at the account: the verdict, good or bad, would be of a key that it has no more. Beside
 * others an authorization may have been decided meanwhile, so the order is read again. */
static status keep(struct registrar *registrar, const struct request *request, struct order_row *order, struct aim aim,
		   struct verdict *verdict, const char *detail)
{
	TRY(store_account_judge(registrar->store, request->account, request->thumbprint));
	if (!is_refused(verdict->why))
		verdict->why = judge_known(registrar, order, verdict);
	if (is_refused(verdict->why) || order->authorization_count > 1)
		TRY(store_order_find(registrar->store, request->part, order));
	if (order->state != order_pending)
		return REFUSE(challenge_closed);
	if (is_refused(verdict->why)) {
		probe_fail(order, aim.number, aim.challenge, verdict->why, detail);
		return store_order_write(registrar->store, order);
	}
	take_judged(&verdict->judged, aim, order);
	TRY(store_order_judge(registrar->store, order));
	return registrar->directory->keeps_statements ? store_statement_keep(registrar->store, order->id, verdict->statement) : OK;
}

static status decide(struct registrar *registrar, const struct request *request, struct order_row *order,
		     struct aim aim, struct reply *reply)
{
	const struct authorization_row *authorization = &order->authorizations[aim.number];
	struct verdict verdict = {.why = OK};
	TRY(allowance_challenge(registrar, request, authorization, reply));
	verdict.why = judge(registrar, request, order, aim, &verdict, reply);
	if (is_refused(verdict.why) && is_about_the_request(verdict.why))
		return verdict.why;
	allowance_count(registrar, order->account, request->address, authorization, verdict.why);
	if (is_refused(verdict.why) && registrar->log != NULL)
		registrar->log(5, "order %s of account %lld: attestation refused: %s: %s", order->name,
			       (long long)order->account, status_entry(verdict.why.refusal)->name, reply->detail);
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, keep(registrar, request, order, aim, &verdict, reply->detail)));
	if (verdict.is_held && registrar->log != NULL)
		registrar->log(4, "the identifier of order %s is known as another device's, and is held: %s", order->name,
			       order->authorizations[aim.number].value);
	return OK;
}

/* A name: the prober is asked later, and meanwhile the challenge is being processed. What was asked for before stays. */
static status ask_for_probe(struct registrar *registrar, const struct request *request, struct order_row *order,
			    struct aim aim)
{
	TRY(store_account_judge(registrar->store, request->account, request->thumbprint));
	TRY(store_order_find(registrar->store, request->part, order));
	if (order->state != order_pending || order->authorizations[aim.number].state != authorization_pending ||
	    aim.challenge->state != challenge_pending)
		return OK;
	aim.challenge->state = challenge_processing;
	return store_order_write(registrar->store, order);
}

static status answer_name(struct registrar *registrar, const struct request *request, struct order_row *order,
			  struct aim aim, struct reply *reply)
{
	if (aim.challenge->state == challenge_pending)
		TRY(allowance_challenge(registrar, request, &order->authorizations[aim.number], reply));
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, ask_for_probe(registrar, request, order, aim)));
	if (aim.challenge->state == challenge_processing)
		probe_announce(registrar, order->name);
	TRY(describe_load(registrar, request->part, request->account, order));
	return give(registrar, order, aim, reply);
}

/* The order and the challenge in it that the path speaks of. */
static status load(struct registrar *registrar, const struct request *request, struct order_row *order, struct aim *aim)
{
	TRY(describe_load(registrar, request->part, request->account, order));
	return take_aim(request, order, aim);
}

static status judge_open(const struct order_row *order, struct aim aim)
{
	if (order->state == order_pending && order->authorizations[aim.number].state == authorization_pending)
		return OK;
	return order->end == order_end_expired ? REFUSE(order_expired) : REFUSE(challenge_closed);
}

/* Loaded with nobody else at it; who comes meanwhile sees it in processing. */
static status answer_device(struct registrar *registrar, const struct request *request, struct order_row *order,
			    struct reply *reply)
{
	struct aim aim;
	if (flight_start(registrar->flight, "challenge", request->part)) {
		status done = load(registrar, request, order, &aim);
		if (!is_refused(done))
			done = judge_open(order, aim);
		if (!is_refused(done))
			done = decide(registrar, request, order, aim, reply);
		flight_end(registrar->flight, "challenge", request->part);
		TRY(done);
	}
	TRY(load(registrar, request, order, &aim));
	return give(registrar, order, aim, reply);
}

status challenge_answer(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	struct aim aim;
	if (request->payload != NULL &&
	    strcmp(request->parts.at[2], challenge_name(challenge_device_attest_01)) == 0)
		return answer_device(registrar, request, order, reply);
	TRY(load(registrar, request, order, &aim));
	return request->payload == NULL ? give(registrar, order, aim, reply)
					: answer_name(registrar, request, order, aim, reply);
}
