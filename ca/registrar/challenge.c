/* SPDX-License-Identifier: Apache-2.0
 * The device-attest-01 challenge. The statement goes to the verifier unread; its word, valid or invalid, is kept and is
 * final. A failed attestation is answered with 200 and the challenge, as deployed clients expect. */
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

static status give(struct registrar *registrar, const struct order_row *order, struct reply *reply)
{
	reply_locate(reply, registrar_url(registrar, "challenge/%s", order->name).text);
	reply_link(reply, registrar_url(registrar, "authorization/%s", order->name).text, "up");
	reply->retry_after_s = describe_wait_s(registrar, order);
	return reply_json(reply, 200, describe_challenge(registrar, order));
}

/* attestation_absent: a client that says it cannot attest, or sends nothing. */
static status read_statement(const json_t *payload, struct buffer *out)
{
	if (json_object_get(payload, "attObj") == NULL)
		return REFUSE(attestation_absent);
	TRY(payload_octets(payload, "attObj", out));
	return out->size == 0 ? REFUSE(attestation_absent) : OK;
}

static void take_judged(const struct message_statement_judged *judged, struct order_row *order)
{
	order->validated_s = clock_wall_s();
	order->voucher_size = judged->voucher.size;
	memcpy(order->voucher, judged->voucher.data, judged->voucher.size);
	memcpy(order->spki_hash, judged->spki_hash, sizeof order->spki_hash);
	memcpy(order->evidence_hash, judged->evidence_hash, sizeof order->evidence_hash);
	snprintf(order->format, sizeof order->format, "%.*s", (int)judged->format.size,
		 (const char *)judged->format.data);
	snprintf(order->claims, sizeof order->claims, "%.*s", (int)judged->claims.size,
		 (const char *)judged->claims.data);
	order->assurance = judged->assurance;
}

static status judge(struct registrar *registrar, const struct request *request, struct order_row *order,
		    struct reply *reply)
{
	uint8_t record_octets[record_most];
	struct buffer statement = BUFFER(desk_here()->statement), record = BUFFER(record_octets);
	struct message_statement_judged judged;
	TRY(read_statement(request->payload, &statement));
	store_enter(registrar->store);
	TRY(store_leave(registrar->store,
			store_record_find(registrar->store, order->identifier_type, order->identifier, &record)));
	struct message_statement_judge ask = {
	    .directory = bytes_from_text(registrar->directory),
	    .order = bytes_from_text(order->name),
	    .identifier_type = bytes_from_text(order->identifier_type),
	    .identifier = bytes_from_text(order->identifier),
	    .token = bytes_from_text(order->token),
	    .statement = buffer_view(&statement),
	    .enrolment_record = buffer_view(&record),
	};
	memcpy(ask.account_thumbprint, request->thumbprint, sizeof ask.account_thumbprint);
	TRY(ask_verifier(registrar, message_statement_judge, &ask, &judged, reply));
	take_judged(&judged, order);
	return OK;
}

/* What the client may send again, because it says nothing about the device. */
static bool is_about_the_request(status why)
{
	return why.refusal == refusal_payload_malformed || why.refusal == refusal_base64url_malformed ||
	       reply_is_retryable(why);
}

/* In one work with the look at the account: the verdict, good or bad, would be of a key that it has no more. */
static status keep(struct registrar *registrar, const struct request *request, const struct order_row *order,
		   status judged, const char *detail)
{
	TRY(store_account_judge(registrar->store, request->account, request->thumbprint));
	if (!is_refused(judged))
		judged = renewal_claim(registrar->store, order);
	if (!is_refused(judged))
		return store_order_judge(registrar->store, order);
	struct problem_text error = describe_problem(judged, detail, order);
	return store_order_close(registrar->store, order->name, authorization_invalid, error.text);
}

static status decide(struct registrar *registrar, const struct request *request, struct order_row *order,
		     struct reply *reply)
{
	TRY(allowance_challenge(registrar, request, order, reply));
	status judged = judge(registrar, request, order, reply);
	if (is_refused(judged) && is_about_the_request(judged))
		return judged;
	allowance_count(registrar, request, order, judged);
	if (is_refused(judged) && registrar->log != NULL)
		registrar->log(5, "order %s of account %lld: attestation refused: %s: %s", order->name,
			       (long long)order->account, status_entry(judged.refusal)->name, reply->detail);
	store_enter(registrar->store);
	return store_leave_for_this_boot(registrar->store, keep(registrar, request, order, judged, reply->detail));
}

status challenge_answer(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row order;
	TRY(describe_load(registrar, request->part, request->account, &order));
	if (request->payload == NULL)
		return give(registrar, &order, reply);
	if (!flight_start(&registrar->flight, "challenge", order.name))
		return give(registrar, &order, reply);
	/* Once more, now that nobody else has it in hand. */
	status done = describe_load(registrar, request->part, request->account, &order);
	if (!is_refused(done) && order.state != order_pending)
		done = order.authorization == authorization_expired ? REFUSE(order_expired) : REFUSE(challenge_closed);
	if (!is_refused(done))
		done = decide(registrar, request, &order, reply);
	flight_end(&registrar->flight, "challenge", order.name);
	TRY(done);
	TRY(describe_load(registrar, request->part, request->account, &order));
	return give(registrar, &order, reply);
}
