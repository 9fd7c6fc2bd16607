/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment by credential activation in two steps. The verifier draws the secret and keeps nothing; what it must
 * know again is kept here, sealed by it. An activation is used once, rightly or wrongly. */
#include "ca/jose/base64url.h"
#include "ca/registrar/ask.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/issue.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"


enum { activation_s = 600, activations_most = 16, certificate_most = 4096, intermediates_most = 6, public_most = 1024 };

static status take_octets(const json_t *payload, const char *name, size_t most, struct buffer *room, struct bytes *out)
{
	const size_t before = room->size;
	TRY(payload_octets(payload, name, room));
	*out = bytes_from(room->data + before, room->size - before);
	return out->size == 0 || out->size > most ? REFUSE(payload_malformed) : OK;
}

static status take_intermediates(const json_t *payload, struct buffer *room, struct message_ak_begin *ask)
{
	const json_t *list = json_object_get(payload, "ekIntermediates");
	if (list == NULL)
		return OK;
	if (!json_is_array(list) || json_array_size(list) > intermediates_most)
		return REFUSE(payload_malformed);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		const size_t before = room->size;
		if (text == NULL)
			return REFUSE(payload_malformed);
		TRY(base64url_decode(bytes_from_text(text), room));
		if (room->size - before > certificate_most)
			return REFUSE(payload_malformed);
		ask->ek_intermediates.at[i] = bytes_from(room->data + before, room->size - before);
	}
	ask->ek_intermediates.count = json_array_size(list);
	return OK;
}

static status read_evidence(const struct registrar *registrar, const struct request *request,
			    struct message_ak_begin *out)
{
	struct buffer room = BUFFER(desk_here()->evidence);
	out->directory = bytes_from_text(registrar->directory->name);
	memcpy(out->account_thumbprint, request->thumbprint, sizeof out->account_thumbprint);
	TRY(take_octets(request->payload, "ekCertificate", certificate_most, &room, &out->ek_certificate));
	TRY(take_octets(request->payload, "ekPublic", public_most, &room, &out->ek_public));
	TRY(take_octets(request->payload, "akPublic", public_most, &room, &out->ak_public));
	return take_intermediates(request->payload, &room, out);
}

static status keep(struct registrar *registrar, struct activation_row *activation)
{
	uint64_t open = 0;
	TRY(store_activation_count(registrar->store, activation->account, clock_boot_s(), &open));
	if (open >= activations_most)
		return REFUSE(activations_too_many);
	TRY(store_room_take(registrar->store, store_room_activations, registrar->directory->id, activation->account, registrar->directory->orders_most,
			    clock_boot_s()));
	return store_activation_add(registrar->store, activation);
}

static json_t *build_credential(const struct message_ak_begun *begun)
{
	uint8_t credential[700], secret[700];
	struct buffer first = BUFFER(credential), second = BUFFER(secret);
	if (!base64url_encode(begun->credential, &first) || !base64url_encode(begun->encrypted_secret, &second))
		return NULL;
	return json_pack("{s:s%, s:s%}", "credential", (const char *)credential, first.size, "encryptedSecret",
			 (const char *)secret, second.size);
}

status ak_begin(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct message_ak_begin ask = {0};
	struct message_ak_begun begun;
	struct activation_row activation = {.account = request->account,
					    .directory = registrar->directory->id,
					    .expires_boot_s = clock_boot_s() + activation_s};
	TRY(read_evidence(registrar, request, &ask));
	TRY(ask_verifier(registrar, message_ak_begin, &ask, &begun, reply));
	memcpy(activation.secret_hash, begun.secret_hash, sizeof activation.secret_hash);
	memcpy(activation.state, begun.state.data, begun.state.size);
	activation.state_size = begun.state.size;
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, keep(registrar, &activation)));
	reply_locate(reply, registrar_url(registrar, "ak/%lld", (long long)activation.id).text);
	return reply_json(reply, 201, build_credential(&begun));
}

/* The activation of the path, of the account that signed. */
static status load(struct registrar *registrar, const struct request *request, struct activation_row *out)
{
	int64_t id = 0;
	if (!registrar_read_number(bytes_from_text(request->part), &id))
		return REFUSE(activation_unknown);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_activation_find(registrar->store, id, out)));
	return out->account == request->account ? OK : REFUSE(account_wrong);
}

static status certify(struct registrar *registrar, const struct request *request,
		      const struct activation_row *activation, struct reply *reply)
{
	uint8_t secret_octets[64], voucher[2048];
	struct buffer secret = BUFFER(secret_octets);
	struct message_ak_finished finished;
	struct certificate_row row = {.activation = activation->id};
	TRY(payload_octets(request->payload, "secret", &secret));
	struct message_ak_finish ask = {
	    .secret = buffer_view(&secret),
	    .state = bytes_from(activation->state, activation->state_size),
	};
	memcpy(ask.account_thumbprint, request->thumbprint, sizeof ask.account_thumbprint);
	TRY(ask_verifier(registrar, message_ak_finish, &ask, &finished, reply));
	memcpy(voucher, finished.voucher.data, finished.voucher.size);
	const struct message_ak_certify certify_ask = {.voucher = bytes_from(voucher, finished.voucher.size)};
	return issue_certificate(registrar, message_ak_certify, &certify_ask, &row, reply);
}

/* The answer to a request that says nothing about the TPM may be tried again; any other was the one use. */
static status use(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct activation_row activation;
	TRY(load(registrar, request, &activation));
	if (!activation.is_open || activation.expires_boot_s <= clock_boot_s())
		return REFUSE(activation_unknown);
	status done = certify(registrar, request, &activation, reply);
	if (!is_refused(done) || reply_is_retryable(done) || done.refusal == refusal_payload_malformed ||
	    done.refusal == refusal_base64url_malformed)
		return done;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_activation_close(registrar->store, activation.id)));
	return done;
}

static status give(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct activation_row activation;
	struct certificate_row row;
	uint8_t octets[32768];
	struct buffer room = BUFFER(octets);
	TRY(load(registrar, request, &activation));
	store_enter(registrar->store);
	status found = store_leave(registrar->store,
				   store_certificate_find_activation(registrar->store, activation.id, &room, &row));
	if (found.refusal == refusal_entry_unknown)
		return REFUSE(activation_unknown);
	TRY(found);
	if (row.is_revoked)
		return REFUSE(certificate_revoked);
	return reply_chain(reply, row.leaf, row.issuers);
}

status ak_finish(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	if (request->payload != NULL) {
		if (!flight_start(registrar->flight, "ak", request->part))
			return REFUSE(activation_unknown);
		status used = use(registrar, request, reply);
		flight_end(registrar->flight, "ak", request->part);
		TRY(used);
	}
	return give(registrar, request, reply);
}
