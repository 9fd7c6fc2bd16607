/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment by an account, in two steps. */
#include "ca/jose/base64url.h"
#include "ca/registrar/activation.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"

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
	if (!json_is_array(list) || json_array_size(list) > activation_intermediates_most)
		return REFUSE(payload_malformed);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		const size_t before = room->size;
		if (text == NULL)
			return REFUSE(payload_malformed);
		TRY(base64url_decode(bytes_from_text(text), room));
		if (room->size - before > activation_certificate_most)
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
	TRY(take_octets(request->payload, "ekCertificate", activation_certificate_most, &room, &out->ek_certificate));
	TRY(take_octets(request->payload, "ekPublic", activation_public_most, &room, &out->ek_public));
	TRY(take_octets(request->payload, "akPublic", activation_public_most, &room, &out->ak_public));
	return take_intermediates(request->payload, &room, out);
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
	int64_t id = 0;
	TRY(read_evidence(registrar, request, &ask));
	TRY(activation_open(registrar, &ask, request->account, reply, &begun, &id));
	reply_locate(reply, registrar_url(registrar, "ak/%lld", (long long)id).text);
	return reply_json(reply, 201, build_credential(&begun));
}

/* That of the path, of the account that signed. */
static status find(struct registrar *registrar, const struct request *request, int64_t *id)
{
	struct activation_row activation;
	if (!registrar_read_number(bytes_from_text(request->part), id))
		return REFUSE(activation_unknown);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_activation_find(registrar->store, *id, &activation)));
	return activation.account == request->account ? OK : REFUSE(account_wrong);
}

static status use(struct registrar *registrar, const struct request *request, int64_t id, struct reply *reply)
{
	uint8_t octets[activation_secret_most];
	struct buffer secret = BUFFER(octets);
	TRY(payload_octets(request->payload, "secret", &secret));
	return activation_use(registrar, id, request->thumbprint, buffer_view(&secret), reply);
}

status ak_finish(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	int64_t id = 0;
	struct certificate_row row;
	uint8_t octets[32768];
	struct buffer room = BUFFER(octets);
	TRY(find(registrar, request, &id));
	if (request->payload != NULL)
		TRY(use(registrar, request, id, reply));
	TRY(activation_certificate(registrar, id, &room, &row));
	return reply_chain(reply, row.leaf, row.issuers);
}
