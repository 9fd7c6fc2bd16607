/* SPDX-License-Identifier: Apache-2.0
 * Finalizing (RFC 8555 7.4). The request goes to the verifier as it was sent; the key it vouches for must be the key
 * that was attested, which the signer then judges again. Of two requests at once one gets through. */
#include "ca/registrar/ask.h"
#include "ca/registrar/describe.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/issue.h"
#include "ca/registrar/order.h"
#include "ca/registrar/payload.h"

struct vouched {
	uint8_t voucher[16384];
	size_t voucher_size;
	uint8_t spki_hash[store_hash_size], key_thumbprint[store_hash_size];
};

static status judge_request(struct registrar *registrar, const struct request *request, const struct order_row *order,
			    struct vouched *out, struct reply *reply)
{
	struct message_finalize_judged judged;
	struct buffer room = BUFFER(desk_here()->statement);
	struct message_finalize_judge ask = {
	    .directory = bytes_from_text(registrar->directory->name),
	    .order = bytes_from_text(order->name),
	    .account_jwk = bytes_from_text(request->jwk),
	    .request = request->body,
	    .device_voucher = bytes_from(order->voucher, order->voucher_size),
	};
	TRY(order_list_identifiers(order, &room, ask.identifiers.at, &ask.identifiers.count));
	TRY(ask_verifier(registrar, message_finalize_judge, &ask, &judged, reply));
	out->voucher_size = judged.voucher.size;
	memcpy(out->voucher, judged.voucher.data, judged.voucher.size);
	memcpy(out->spki_hash, judged.spki_hash, sizeof out->spki_hash);
	memcpy(out->key_thumbprint, judged.key_thumbprint, sizeof out->key_thumbprint);
	return OK;
}

/* No account's key is certified (RFC 8555 11.1); that it is not this account's, the verifier has seen. A code for one time is this
 * order's from now on. */
static status judge_known(struct store *store, const struct order_row *order, const struct vouched *vouched)
{
	struct account_row account;
	const struct authorization_row *device = store_order_first(order);
	const status found = store_account_find_key(store, 0, vouched->key_thumbprint, &account);
	if (!is_refused(found))
		return REFUSE(csr_key_is_account_key);
	if (found.refusal != refusal_account_unknown)
		return found;
	return order->voucher_size == 0 ? OK : store_record_claim(store, device->type, device->value, order->id);
}

static status issue(struct registrar *registrar, const struct order_row *order, const struct profile *profile,
		    const struct vouched *vouched, struct reply *reply)
{
	struct certificate_row row = {.order = order->id};
	struct message_issue ask = {
	    .order = bytes_from_text(order->name),
	    .envelope = bytes_from_text(profile->envelope),
	    .validity_s = profile->validity_s,
	    .device_voucher = bytes_from(order->voucher, order->voucher_size),
	    .request_voucher = bytes_from(vouched->voucher, vouched->voucher_size),
	};
	for (size_t i = 0; i < order->authorization_count; i++)
		if (order->authorizations[i].voucher_size != 0)
			ask.name_vouchers.at[ask.name_vouchers.count++] =
			    bytes_from(order->authorizations[i].voucher, order->authorizations[i].voucher_size);
	memcpy(ask.policy_hash, profile->policy_hash, sizeof ask.policy_hash);
	memcpy(row.policy_hash, profile->policy_hash, sizeof row.policy_hash);
	return issue_certificate(registrar, message_issue, &ask, &row, reply);
}

/* Ends the order: with another key than the attested one, or by the signer's last word. */
static status fail(struct registrar *registrar, const struct order_row *order, status why, const struct reply *reply)
{
	struct problem_text error = describe_problem(why, reply->detail, NULL);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store,
			store_order_close(registrar->store, order->name, error.text)));
	return why;
}

static status judge_state(const struct order_row *order)
{
	if (order->revoked_s != 0)
		return REFUSE(certificate_revoked);
	if (order->end == order_end_expired)
		return REFUSE(order_expired);
	return order->state == order_ready ? OK : REFUSE(order_not_ready);
}

/* The signer knows no profiles, and the client no envelopes. */
static void tell_lack(const struct order_row *order, const struct profile *profile, struct reply *reply)
{
	if (profile->name[0] == 0)
		return;
	snprintf(reply->detail, sizeof reply->detail, "the profile %s asks for more than %s%s (assurance %u)", profile->name,
		 order->voucher_size == 0 ? "names without a device" : "a statement of format ", order->format,
		 (unsigned)order->assurance);
}

static status finalize(struct registrar *registrar, const struct request *request, struct order_row *order,
		       struct reply *reply)
{
	struct vouched vouched;
	const char *csr = NULL;
	TRY(describe_load(registrar, request->part, request->account, order));
	TRY(judge_state(order));
	const struct profile *profile = registrar_find_profile(registrar, order->profile);
	if (profile == NULL)
		return fail(registrar, order, REFUSE(profile_withdrawn), reply);
	TRY(payload_text(request->payload, "csr", &csr));
	TRY(judge_request(registrar, request, order, &vouched, reply));
	store_enter(registrar->store);
	const status known = store_leave(registrar->store, judge_known(registrar->store, order, &vouched));
	if (known.refusal == refusal_record_burnt)
		return fail(registrar, order, known, reply);
	TRY(known);
	if (order->voucher_size != 0 && memcmp(vouched.spki_hash, order->spki_hash, sizeof order->spki_hash) != 0)
		return fail(registrar, order, REFUSE(csr_key_not_attested), reply);
	status issued = issue(registrar, order, profile, &vouched, reply);
	if (issued.refusal == refusal_envelope_unsatisfied)
		tell_lack(order, profile, reply);
	if (is_refused(issued) && !reply_is_retryable(issued))
		return fail(registrar, order, issued, reply);
	return issued;
}

/* Another request has the order in hand: to the client that repeats itself it is being processed. busy: the other has
 * just failed, or no further request can be in hand. */
static status give_in_hand(struct registrar *registrar, const struct request *request, struct order_row *order,
			   struct reply *reply)
{
	TRY(describe_load(registrar, request->part, request->account, order));
	if (order->state != order_valid) {
		TRY(judge_state(order));
		if (!flight_has(registrar->flight, "finalize", order->name))
			return REFUSE(busy);
	}
	return order_give(registrar, order, 200, reply);
}

status finalize_order(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct order_row *order = &desk_here()->order;
	if (!flight_start(registrar->flight, "finalize", request->part))
		return give_in_hand(registrar, request, order, reply);
	status done = finalize(registrar, request, order, reply);
	flight_end(registrar->flight, "finalize", request->part);
	TRY(done);
	TRY(describe_load(registrar, request->part, request->account, order));
	return order_give(registrar, order, 200, reply);
}
