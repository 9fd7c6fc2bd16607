/* SPDX-License-Identifier: Apache-2.0
 * AK enrolment as step CLI asks for it of an "attestation CA" (smallstep/crypto, tpm/attestation): two requests of plain JSON with
 * octets in base64, by nobody in particular. The secret itself is what the second is known by. Only directories that say so. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "ca/registrar/activation.h"
#include "ca/registrar/allowance.h"
#include "ca/registrar/desk.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"

/* Verifier and ledger know by it that there is no account. */
static const uint8_t nobody[store_hash_size];

static status refuse_saying(struct reply *reply, const char *sentence)
{
	snprintf(reply->detail, sizeof reply->detail, "%s", sentence);
	return REFUSE(payload_malformed);
}

/* Go writes octets that there are not as null, or leaves them out. */
static status take_octets(const json_t *value, const char *what, size_t most, struct buffer *room, struct bytes *out,
			  struct reply *reply)
{
	const size_t before = room->size;
	char sentence[80];
	snprintf(sentence, sizeof sentence, "%s is not base64 of at most %zu octets", what, most);
	*out = (struct bytes){0};
	if (value == NULL || json_is_null(value))
		return OK;
	if (!json_is_string(value) || is_refused(payload_base64(json_string_value(value), room)) || room->size - before > most)
		return refuse_saying(reply, sentence);
	*out = bytes_from(room->data + before, room->size - before);
	return OK;
}

static status take_certificates(const json_t *payload, struct buffer *room, struct message_ak_begin *ask, struct reply *reply)
{
	const json_t *list = json_object_get(payload, "ekCerts");
	const size_t count = json_array_size(list); /* 0: no array */
	if (count == 0)
		return list == NULL || json_is_null(list) || json_is_array(list) ? REFUSE(ek_certificate_absent)
										  : refuse_saying(reply, "ekCerts is no list");
	if (count > 1 + activation_intermediates_most)
		return refuse_saying(reply, "ekCerts has too many certificates");
	for (size_t i = 0; i < count; i++) {
		struct bytes *out = i == 0 ? &ask->ek_certificate : &ask->ek_intermediates.at[i - 1];
		TRY(take_octets(json_array_get(list, i), "a certificate of ekCerts", activation_certificate_most, room, out, reply));
	}
	ask->ek_intermediates.count = count - 1;
	return OK;
}

static status read_evidence(const struct registrar *registrar, const json_t *payload, struct message_ak_begin *out,
			    struct reply *reply)
{
	struct buffer room = BUFFER(desk_here()->evidence);
	const json_t *params = json_object_get(payload, "params");
	const struct {
		const char *name;
		struct bytes *out;
	} octets[] = {{"public", &out->ak_public},
		      {"createData", &out->create_data},
		      {"createAttestation", &out->create_attestation},
		      {"createSignature", &out->create_signature}};
	if (!json_is_object(params))
		return refuse_saying(reply, "there are no params");
	if (json_is_true(json_object_get(params, "useTCSDActivationFormat")))
		return refuse_saying(reply, "useTCSDActivationFormat is for TPM 1.2");
	out->directory = bytes_from_text(registrar->directory->name);
	for (size_t i = 0; i < sizeof octets / sizeof octets[0]; i++)
		TRY(take_octets(json_object_get(params, octets[i].name), octets[i].name, activation_public_most, &room, octets[i].out,
				reply));
	TRY(take_octets(json_object_get(payload, "ek"), "ek", activation_public_most, &room, &out->ek_spki, reply));
	return take_certificates(payload, &room, out, reply);
}

static json_t *base64_of(struct bytes octets)
{
	uint8_t text[(activation_certificate_most + 2) / 3 * 4 + 1];
	if (octets.size > activation_certificate_most)
		return NULL;
	const int size = EVP_EncodeBlock(text, octets.data, (int)octets.size);
	return json_stringn((const char *)text, (size_t)size);
}

status attestation_ca_begin(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	struct message_ak_begin ask = {0};
	struct message_ak_begun begun;
	int64_t id = 0;
	if (!registrar->directory->is_attestation_ca)
		return REFUSE(not_found);
	TRY(read_evidence(registrar, request->payload, &ask, reply));
	TRY(allowance_activation(registrar, request, reply));
	TRY(activation_open(registrar, &ask, 0, reply, &begun, &id));
	return reply_json(reply, 200,
			  json_pack("{s:o, s:o}", "credential", base64_of(begun.credential), "secret",
				    base64_of(begun.encrypted_secret)));
}

static status find(struct registrar *registrar, struct bytes secret, int64_t *id)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256(secret.data, secret.size, hash);
	store_enter(registrar->store);
	return store_leave(registrar->store,
			   store_activation_find_secret(registrar->store, registrar->directory->id, hash, id));
}

static bool add_issuers(struct bytes pem, json_t *chain)
{
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long size = 0;
	bool is_good = in != NULL;
	while (is_good && PEM_read_bio(in, &name, &header, &der, &size) == 1) {
		is_good = json_array_append_new(chain, base64_of(bytes_from(der, (size_t)size))) == 0;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(in);
	return is_good;
}

static status reply_certificates(struct reply *reply, const struct certificate_row *row)
{
	JSON_OWNED chain = json_array();
	if (json_array_append_new(chain, base64_of(row->leaf)) != 0 || !add_issuers(row->issuers, chain))
		return REFUSE(internal);
	return reply_json(reply, 200, json_pack("{s:O}", "chain", chain));
}

/* Who sends the secret again, for the answer was lost, gets the certificate again. */
status attestation_ca_finish(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	uint8_t octets[32768], secret_octets[activation_secret_most];
	struct buffer room = BUFFER(octets), secret_room = BUFFER(secret_octets);
	struct certificate_row row;
	struct bytes secret;
	int64_t id = 0;
	if (!registrar->directory->is_attestation_ca)
		return REFUSE(not_found);
	TRY(take_octets(json_object_get(request->payload, "secret"), "secret", activation_secret_most, &secret_room, &secret, reply));
	TRY(find(registrar, secret, &id));
	status given = activation_certificate(registrar, id, &room, &row);
	if (given.refusal == refusal_activation_unknown) {
		TRY(activation_use(registrar, id, nobody, secret, reply));
		given = activation_certificate(registrar, id, &room, &row);
	}
	return is_refused(given) ? given : reply_certificates(reply, &row);
}
