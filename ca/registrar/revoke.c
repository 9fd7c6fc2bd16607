/* SPDX-License-Identifier: Apache-2.0
 * Revocation (RFC 8555 7.6). Decides who may ask: the account that got the certificate, one that has just proven the
 * same identifiers, the certificate's own key, an administrator. The signer enters it; only then it is kept here. */
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "ca/registrar/ask.h"
#include "ca/registrar/payload.h"
#include "ca/registrar/request.h"
#include "firmware/boundary/clock.h"

enum { certificate_most = 4096, request_most = 16384 };

/* Every certificate of ours begins alike: two sequences of more than 255 octets each, version 3, a serial of 20. What
 * was sent is not parsed: it is looked for by what stands where ours have the serial, and then must be the one that we
 * gave, octet for octet. */
enum { serial_at = 15 };

static status find_certificate(struct registrar *registrar, struct bytes sent, struct buffer *room,
			       struct revocable_row *out)
{
	if (sent.size < serial_at + store_serial_size)
		return REFUSE(certificate_unknown);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store, store_revocable_find(registrar->store, sent.data + serial_at, room, out)));
	return bytes_equal(sent, out->leaf) ? OK : REFUSE(certificate_unknown);
}

/* An unknown reason is the signer's to refuse; here it must only fit the message. */
static status read_reason(const json_t *payload, uint8_t *out)
{
	const json_t *reason = json_object_get(payload, "reason");
	*out = 0;
	if (reason == NULL)
		return OK;
	if (!json_is_integer(reason))
		return REFUSE(payload_malformed);
	if (json_integer_value(reason) < 0 || json_integer_value(reason) > UINT8_MAX)
		return REFUSE(revocation_reason_bad);
	*out = (uint8_t)json_integer_value(reason);
	return OK;
}

static bool is_key_of(struct bytes leaf, const EVP_PKEY *key)
{
	const unsigned char *at = leaf.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)leaf.size);
	const EVP_PKEY *certified = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
	const bool is = certified != NULL && EVP_PKEY_eq(certified, key) == 1;
	X509_free(certificate);
	return is;
}

/* Who asks, as in messages.def. */
static status judge_asker(struct registrar *registrar, const struct request *request, const struct revocable_row *row,
			  uint8_t *out)
{
	bool has_authorization = false;
	*out = request->administrator[0] != 0		? 'm'
	       : request->account == 0			? 'k'
	       : request->account == row->account ? 'a'
						  : 'i';
	if (*out == 'm' || *out == 'a')
		return OK;
	if (*out == 'k')
		return is_key_of(row->leaf, request->signer->key) ? OK : REFUSE(revocation_forbidden);
	store_enter(registrar->store);
	TRY(store_leave(registrar->store,
			store_authorization_has(registrar->store, request->account, row,
						(struct now){clock_wall_s(), clock_boot_s()}, &has_authorization)));
	return has_authorization ? OK : REFUSE(revocation_forbidden);
}

static status find_revocation(struct registrar *registrar, uint64_t certificate, struct revocation_row *out)
{
	store_enter(registrar->store);
	return store_leave(registrar->store, store_revocation_find(registrar->store, certificate, out));
}

static status judge_state(struct registrar *registrar, const struct revocable_row *row)
{
	struct revocation_row revocation;
	status found = find_revocation(registrar, row->entry, &revocation);
	if (!is_refused(found))
		return REFUSE(already_revoked);
	if (found.refusal != refusal_entry_unknown)
		return found;
	return row->not_after_s >= clock_wall_s() ? OK : REFUSE(certificate_expired);
}

/* Asks the signer and keeps its word. What is in the ledger and could not be kept here is taken over later. */
static status enter(struct registrar *registrar, const struct message_entry_revoke *ask, struct revocation_row *row,
		    struct reply *reply)
{
	struct message_entry_revoked revoked;
	TRY(takeover_hold(registrar));
	status done = ask_signer(registrar, message_entry_revoke, ask, &revoked, reply);
	if (!is_refused(done)) {
		row->entry = revoked.entry;
		row->when_s = revoked.when_s;
		store_enter(registrar->store);
		done = store_leave(registrar->store, store_revocation_add(registrar->store, row));
		if (is_refused(done))
			takeover_announce(registrar);
	}
	takeover_release(registrar);
	return done;
}

/* The signer knows more than we do: it died between its entry and its answer, or we did. It may be this very request
 * that it entered. */
static status catch_up(struct registrar *registrar, const struct revocation_row *wanted)
{
	struct revocation_row found;
	takeover_announce(registrar);
	TRY(takeover_hold(registrar));
	takeover_release(registrar);
	status known = find_revocation(registrar, wanted->certificate, &found);
	if (is_refused(known))
		return known.refusal == refusal_entry_unknown ? REFUSE(already_revoked) : known;
	return memcmp(found.request_hash, wanted->request_hash, sizeof found.request_hash) == 0
		       ? OK
		       : REFUSE(already_revoked);
}

static status ask_for(struct registrar *registrar, const struct request *request, const uint8_t *serial,
		     struct revocation_row *row, struct reply *reply)
{
	struct message_entry_revoke ask = {.entry = row->certificate,
					   .reason = row->reason,
					   .asked_by = row->asked_by,
					   .request = request->body};
	memcpy(ask.serial, serial, sizeof ask.serial);
	memcpy(ask.thumbprint, request->thumbprint, sizeof ask.thumbprint);
	SHA256(request->body.data, request->body.size, row->request_hash);
	status done = enter(registrar, &ask, row, reply);
	return done.refusal == refusal_already_revoked ? catch_up(registrar, row) : done;
}

status revoke_certificate(struct registrar *registrar, const struct request *request, struct reply *reply)
{
	uint8_t sent_octets[certificate_most], leaf_octets[certificate_most];
	struct buffer sent = BUFFER(sent_octets), room = BUFFER(leaf_octets);
	struct revocable_row certificate;
	struct revocation_row row = {0};
	if (request->body.size > request_most)
		return REFUSE(body_too_long);
	TRY(payload_octets(request->payload, "certificate", &sent));
	TRY(read_reason(request->payload, &row.reason));
	TRY(find_certificate(registrar, buffer_view(&sent), &room, &certificate));
	if (registrar->directory != NULL && certificate.directory != registrar->directory->id)
		return REFUSE(certificate_unknown);
	TRY(judge_asker(registrar, request, &certificate, &row.asked_by));
	TRY(judge_state(registrar, &certificate));
	row.certificate = certificate.entry;
	TRY(ask_for(registrar, request, sent.data + serial_at, &row, reply));
	if (registrar->log != NULL)
		registrar->log(5, "certificate of ledger entry %llu revoked for reason %u by %s",
			       (unsigned long long)row.certificate, (unsigned)row.reason,
			       row.asked_by == 'm'   ? request->administrator
			       : row.asked_by == 'k' ? "its own key"
			       : row.asked_by == 'a' ? "its account"
						     : "an account with an authorization");
	reply->http_status = 200;
	return OK;
}
