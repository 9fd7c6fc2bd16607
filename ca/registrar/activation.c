/* SPDX-License-Identifier: Apache-2.0
 * Between the verifier, the signer and the row: nothing of what is asked is judged here. */
#include "ca/registrar/activation.h"

#include <stdio.h>

#include "ca/registrar/ask.h"
#include "ca/registrar/issue.h"
#include "firmware/boundary/clock.h"

enum { activation_s = 600, activations_most = 16 };

static status keep(struct registrar *registrar, struct activation_row *activation)
{
	uint64_t open = 0;
	if (activation->account != 0)
		TRY(store_activation_count(registrar->store, activation->account, clock_boot_s(), &open));
	if (open >= activations_most)
		return REFUSE(activations_too_many);
	TRY(store_room_take(registrar->store, store_room_activations, registrar->directory->id, activation->account,
			    registrar->directory->orders_most, clock_boot_s()));
	return store_activation_add(registrar->store, activation);
}

status activation_open(struct registrar *registrar, const struct message_ak_begin *ask, int64_t account, struct reply *reply,
		       struct message_ak_begun *out, int64_t *id)
{
	struct activation_row activation = {.account = account,
					    .directory = registrar->directory->id,
					    .expires_boot_s = clock_boot_s() + activation_s};
	TRY(ask_verifier(registrar, message_ak_begin, ask, out, reply));
	memcpy(activation.secret_hash, out->secret_hash, sizeof activation.secret_hash);
	memcpy(activation.state, out->state.data, out->state.size);
	activation.state_size = out->state.size;
	store_enter(registrar->store);
	TRY(store_leave_for_this_boot(registrar->store, keep(registrar, &activation)));
	*id = activation.id;
	return OK;
}

static status certify(struct registrar *registrar, const struct activation_row *activation, const uint8_t *thumbprint,
		      struct bytes secret, struct reply *reply)
{
	uint8_t voucher[2048];
	struct message_ak_finished finished;
	struct certificate_row row = {.activation = activation->id};
	struct message_ak_finish ask = {.secret = secret, .state = bytes_from(activation->state, activation->state_size)};
	memcpy(ask.account_thumbprint, thumbprint, sizeof ask.account_thumbprint);
	TRY(ask_verifier(registrar, message_ak_finish, &ask, &finished, reply));
	memcpy(voucher, finished.voucher.data, finished.voucher.size);
	const struct message_ak_certify certify_ask = {.voucher = bytes_from(voucher, finished.voucher.size)};
	return issue_certificate(registrar, message_ak_certify, &certify_ask, &row, reply);
}

/* A neighbour that is away says nothing about the TPM; any other refusal was the one use. */
static status use(struct registrar *registrar, int64_t id, const uint8_t *thumbprint, struct bytes secret, struct reply *reply)
{
	struct activation_row activation;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_activation_find(registrar->store, id, &activation)));
	if (!activation.is_open || activation.expires_boot_s <= clock_boot_s())
		return REFUSE(activation_unknown);
	status done = certify(registrar, &activation, thumbprint, secret, reply);
	if (!is_refused(done) || reply_is_retryable(done))
		return done;
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_activation_close(registrar->store, id)));
	return done;
}

status activation_use(struct registrar *registrar, int64_t id, const uint8_t thumbprint[store_hash_size], struct bytes secret,
		      struct reply *reply)
{
	char name[24];
	snprintf(name, sizeof name, "%lld", (long long)id);
	if (!flight_start(registrar->flight, "ak", name))
		return REFUSE(activation_unknown);
	status used = use(registrar, id, thumbprint, secret, reply);
	flight_end(registrar->flight, "ak", name);
	return used;
}

status activation_certificate(struct registrar *registrar, int64_t id, struct buffer *room, struct certificate_row *out)
{
	store_enter(registrar->store);
	status found = store_leave(registrar->store, store_certificate_find_activation(registrar->store, id, room, out));
	if (found.refusal == refusal_entry_unknown)
		return REFUSE(activation_unknown);
	TRY(found);
	return out->is_revoked ? REFUSE(certificate_revoked) : OK;
}
