/* SPDX-License-Identifier: Apache-2.0
 * A verifier that vouches as it is told to, and a signer with a small ledger in memory. Both speak the real protocol.
 */
#include "tests/registrar/bench_neighbours.h"

#include <openssl/sha.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/boundary/channel.h"
#include "firmware/boundary/clock.h"

static atomic_int running;

struct neighbour {
	struct bench *bench;
	int channel;
	status (*answer)(struct bench *bench, int channel, uint32_t call, enum message id, struct bytes body);
};

/* A refusal of `neighbour_away` is the neighbour's own end. */
static void *serve(void *argument)
{
	struct neighbour *self = argument;
	struct buffer room = {.data = malloc(wire_packet_room), .room = wire_packet_room};
	struct packet packet;
	while (!is_refused(channel_receive(self->channel, &room, &packet))) {
		status answered = self->answer(self->bench, self->channel, packet.call, packet.id, packet.body);
		if (answered.refusal == refusal_neighbour_away)
			break;
		if (is_refused(answered) &&
		    is_refused(channel_refuse(self->channel, packet.call, answered, "as the test wished")))
			break;
		room.size = 0;
	}
	close(self->channel);
	free(room.data);
	free(self);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static void start(struct bench *bench, int channel,
		  status (*answer)(struct bench *bench, int channel, uint32_t call, enum message id, struct bytes body))
{
	struct neighbour *neighbour = malloc(sizeof *neighbour);
	pthread_t thread;
	*neighbour = (struct neighbour){bench, channel, answer};
	atomic_fetch_add(&running, 1);
	if (pthread_create(&thread, NULL, serve, neighbour) != 0)
		abort();
	pthread_detach(thread);
}

void neighbours_await_end(void)
{
	while (atomic_load(&running) > 0)
		usleep(500);
}

static void sleep_ms(unsigned ms)
{
	usleep(ms * 1000);
}

/* ---- verifier ---- */

static status open_order(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_order_open ask;
	char order[65], tokens[96][65];
	TRY(wire_decode(message_order_open, body, &ask));
	unsigned number = atomic_fetch_add(&bench->verifier.orders, 1);
	snprintf(order, sizeof order, "Order-%u_%08llx", number, (unsigned long long)clock_boot_ms());
	struct message_order_opened answer = {
	    .order = bytes_from_text(order),
	    .expires_boot_s = clock_boot_s() + bench->verifier.order_life_s,
	};
	for (size_t i = 0; i < ask.identifiers.count; i++) {
		struct message_identifier identifier;
		TRY(wire_decode(message_identifier, ask.identifiers.at[i], &identifier));
		for (enum challenge c = 0; c < challenge_count; c++) {
			if (!challenge_fits(c, identifier.type, identifier.value))
				continue;
			const size_t at = answer.tokens.count++;
			snprintf(tokens[at], sizeof tokens[at], "token-%u-%zu-of-the-order", number, at);
			answer.tokens.at[at] = bytes_from_text(tokens[at]);
		}
	}
	return channel_send(channel, call, message_order_opened, &answer);
}

static status judge_statement(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_statement_judge ask;
	static const char claims[] = "{\"manufacturer\":\"id:00001014\",\"firmware\":7}";
	TRY(wire_decode(message_statement_judge, body, &ask));
	atomic_fetch_add(&bench->verifier.statements, 1);
	bench->verifier.record_size = ask.enrolment_record.size;
	memcpy(bench->verifier.thumbprint, ask.account_thumbprint, 32);
	struct message_statement_judged answer = {
	    .voucher = ask.order, .format = bytes_from_text("tpm"), .assurance = 2, .claims = bytes_from_text(claims)};
	answer.certified = bytes_from_text(bench->verifier.certified);
	answer.record_sequence = bench->verifier.record_sequence;
	answer.device_hash[0] = bench->verifier.device;
	memset(answer.root_hash, 9, sizeof answer.root_hash);
	memset(answer.spki_hash, 7, sizeof answer.spki_hash);
	SHA256(ask.statement.data, ask.statement.size, answer.evidence_hash);
	return channel_send(channel, call, message_statement_judged, &answer);
}

static status judge_finalize(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_finalize_judge ask;
	TRY(wire_decode(message_finalize_judge, body, &ask));
	atomic_fetch_add(&bench->verifier.finalizes, 1);
	bench->verifier.device_voucher_size = ask.device_voucher.size;
	struct message_finalize_judged answer = {.voucher = ask.order};
	memset(answer.spki_hash, bench->verifier.has_other_key ? 8 : 7, sizeof answer.spki_hash);
	memcpy(answer.key_thumbprint, bench->verifier.key_thumbprint, sizeof answer.key_thumbprint);
	return channel_send(channel, call, message_finalize_judged, &answer);
}

static void note_text(struct bytes octets, char out[33])
{
	snprintf(out, 33, "%.*s", (int)octets.size, octets.size == 0 ? "" : (const char *)octets.data);
}

static const char *secret_of(const struct bench *bench)
{
	return bench->verifier.secret[0] != 0 ? bench->verifier.secret : "secret";
}

static status begin_ak(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_ak_begin ask;
	TRY(wire_decode(message_ak_begin, body, &ask));
	struct fake_activation *asked = &bench->verifier.activation;
	memcpy(bench->verifier.thumbprint, ask.account_thumbprint, 32);
	note_text(ask.ek_certificate, asked->ek_certificate);
	note_text(ask.ek_intermediates.count == 0 ? (struct bytes){0} : ask.ek_intermediates.at[0], asked->ek_intermediate);
	note_text(ask.ek_public, asked->ek_public);
	note_text(ask.ek_spki, asked->ek_spki);
	note_text(ask.ak_public, asked->ak_public);
	note_text(ask.create_data, asked->create_data);
	note_text(ask.create_attestation, asked->create_attestation);
	note_text(ask.create_signature, asked->create_signature);
	struct message_ak_begun answer = {.credential = bytes_from_text("blob"),
					  .encrypted_secret = bytes_from_text("encrypted"),
					  .state = bytes_from_text("sealed")};
	SHA256((const uint8_t *)secret_of(bench), strlen(secret_of(bench)), answer.secret_hash);
	return channel_send(channel, call, message_ak_begun, &answer);
}

static status finish_ak(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_ak_finish ask;
	TRY(wire_decode(message_ak_finish, body, &ask));
	memcpy(bench->verifier.thumbprint, ask.account_thumbprint, 32);
	if (!bytes_equal_text(ask.state, "sealed") || !bytes_equal_text(ask.secret, secret_of(bench)))
		return REFUSE(activation_wrong);
	const struct message_ak_finished answer = {.voucher = bytes_from_text("ak voucher")};
	return channel_send(channel, call, message_ak_finished, &answer);
}

static status answer_as_verifier(struct bench *bench, int channel, uint32_t call, enum message id, struct bytes body)
{
	sleep_ms(bench->verifier.delay_ms);
	if (bench->verifier.is_deaf)
		return REFUSE(neighbour_away);
	if (bench->verifier.refusal != refusal_none)
		return (status){(enum refusal)atomic_load(&bench->verifier.refusal)};
	if (id == message_order_open)
		return open_order(bench, channel, call, body);
	if (id == message_statement_judge)
		return judge_statement(bench, channel, call, body);
	if (id == message_finalize_judge)
		return judge_finalize(bench, channel, call, body);
	if (id == message_ak_begin)
		return begin_ak(bench, channel, call, body);
	if (id == message_ak_finish)
		return finish_ak(bench, channel, call, body);
	return REFUSE(neighbour_away);
}

void neighbours_serve_verifier(struct bench *bench, int channel)
{
	start(bench, channel, answer_as_verifier);
}

/* ---- signer ---- */

static size_t enter(struct fake_signer *signer, char kind, const char *order)
{
	const size_t at = signer->size;
	struct fake_entry *entry = &signer->entries[at];
	if (at == bench_entries_most)
		abort();
	*entry = (struct fake_entry){.kind = kind, .state = kind == 'c' || kind == 'a' ? 'i' : '-'};
	snprintf(entry->order, sizeof entry->order, "%s", order);
	entry->serial[0] = 1;
	entry->serial[19] = (uint8_t)at;
	signer->size = at + 1;
	return at;
}

/* Asked again for an order, it gives the same entry. */
static status find_or_enter(struct fake_signer *signer, char kind, const char *order, size_t *out)
{
	for (size_t i = 0; i < signer->size; i++)
		if (signer->entries[i].kind == kind && strcmp(signer->entries[i].order, order) == 0) {
			*out = i;
			return signer->entries[i].state == 'i' ? OK : REFUSE(order_void);
		}
	*out = enter(signer, kind, order);
	return OK;
}

/* What is issued for an entry, when its time has come. */
struct answering {
	struct bench *bench;
	int channel;
	uint32_t call;
	size_t at;
};

/* A real certificate, long enough to have the shape of ours. */
static size_t build_certificate(EVP_PKEY *key, const struct fake_entry *entry, uint8_t *out)
{
	static const char name[] = "a name that is long enough for a certificate of two long sequences";
	X509 *certificate = X509_new();
	BIGNUM *serial = BN_bin2bn(entry->serial, sizeof entry->serial, NULL);
	X509_NAME *subject = X509_get_subject_name(certificate), *issuer = X509_get_issuer_name(certificate);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const uint8_t *)name, 60, -1, 0);
	X509_NAME_add_entry_by_txt(issuer, "O", MBSTRING_UTF8, (const uint8_t *)name, 60, -1, 0);
	BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
	X509_set_version(certificate, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	const int size = X509_sign(certificate, key, EVP_sha256()) > 0 ? i2d_X509(certificate, &out) : 0;
	BN_free(serial);
	X509_free(certificate);
	return size > 0 ? (size_t)size : 0;
}

/* What begins as a certificate of the real signer does. */
static size_t build_text(size_t at, const struct fake_entry *entry, uint8_t *out)
{
	static const uint8_t lead[15] = {0x30, 0x82, 1, 0x40, 0x30, 0x82, 1, 0, 0xa0, 3, 2, 1, 2, 2, 20};
	memcpy(out, lead, sizeof lead);
	memcpy(out + sizeof lead, entry->serial, sizeof entry->serial);
	static const uint8_t authority[11] = {6, 3, 0x55, 0x1d, 0x23, 4, 0x18, 0x30, 0x16, 0x80, 0x14};
	uint8_t *next = out + sizeof lead + sizeof entry->serial;
	memcpy(next, authority, sizeof authority);
	memcpy(next + sizeof authority, BENCH_KEY_ID, 20);
	next += sizeof authority + 20;
	return (size_t)(next - out) + (size_t)sprintf((char *)next, "certificate %zu of %.20s", at, entry->order);
}

static status give_issued(const struct answering *self)
{
	const struct fake_signer *signer = &self->bench->signer;
	const uint64_t from_s = clock_wall_s() - (signer->gives_expired ? 7200 : 0);
	const struct fake_entry *entry = &self->bench->signer.entries[self->at];
	uint8_t leaf[1024];
	struct message_issued answer = {.entry = self->at, .not_before_s = from_s, .not_after_s = from_s + 3600};
	memcpy(answer.serial, entry->serial, sizeof answer.serial);
	answer.chain.at[0] = bytes_from(leaf, signer->certified != NULL
						      ? build_certificate(signer->certified, entry, leaf)
						      : build_text(self->at, entry, leaf));
	answer.chain.at[1] = bytes_from_text("the issuing certificate, long enough to need a second line of base64");
	answer.chain.count = 2;
	return channel_send(self->channel, self->call, message_issued, &answer);
}

static void *give_late(void *argument)
{
	struct answering *self = argument;
	sleep_ms(self->bench->signer.late_ms);
	(void)is_refused(give_issued(self));
	free(self);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static status issue_late(const struct answering *now)
{
	struct answering *later = malloc(sizeof *later);
	pthread_t thread;
	*later = *now;
	atomic_fetch_add(&running, 1);
	if (pthread_create(&thread, NULL, give_late, later) != 0)
		abort();
	pthread_detach(thread);
	return OK;
}

static status issue(struct bench *bench, int channel, uint32_t call, char kind, const char *order)
{
	struct fake_signer *signer = &bench->signer;
	struct answering now = {.bench = bench, .channel = channel, .call = call};
	atomic_fetch_add(&signer->issues, 1);
	if (signer->is_deaf)
		return REFUSE(neighbour_away);
	TRY(find_or_enter(signer, kind, order, &now.at));
	if (atomic_exchange(&signer->dies_after_entry, false))
		return REFUSE(neighbour_away);
	return signer->late_ms == 0 ? give_issued(&now) : issue_late(&now);
}

static status issue_for_order(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_issue ask;
	char order[65];
	TRY(wire_decode(message_issue, body, &ask));
	bench->signer.device_size = ask.device_voucher.size;
	bench->signer.names = ask.name_vouchers.count;
	bench->signer.validity_s = ask.validity_s;
	snprintf(bench->signer.envelope, sizeof bench->signer.envelope, "%.*s", (int)ask.envelope.size,
		 (const char *)ask.envelope.data);
	if ((ask.device_voucher.size != 0 && !bytes_equal(ask.order, ask.device_voucher)) || !bytes_equal(ask.order, ask.request_voucher))
		return REFUSE(voucher_mismatch);
	snprintf(order, sizeof order, "%.*s", (int)ask.order.size, (const char *)ask.order.data);
	return issue(bench, channel, call, 'c', order);
}

static status give_entry(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_entry_read ask;
	uint8_t octets[1024];
	struct buffer leaf = BUFFER(octets);
	TRY(wire_decode(message_entry_read, body, &ask));
	atomic_fetch_add(&bench->signer.reads, 1);
	if (ask.entry >= bench->signer.size)
		return REFUSE(entry_unknown);
	const struct fake_entry *entry = &bench->signer.entries[ask.entry];
	struct message_ledger_entry fields = {.kind = (uint8_t)entry->kind,
						    .when_s = 5,
						    .order = bytes_from_text(entry->order),
						    .serial = BYTES_OF(entry->serial),
						    .refers_to = entry->refers_to,
						    .reason = entry->reason,
						    .asked_by = entry->asked_by};
	memcpy(fields.tbs_hash, entry->request_hash, sizeof fields.tbs_hash);
	TRY(wire_encode(message_ledger_entry, &fields, &leaf));
	struct message_entry_given answer = {.entry = ask.entry,
					     .state = (uint8_t)entry->state,
					     .leaf = buffer_view(&leaf),
					     .tbs = bytes_from_text("tbs"),
					     .checkpoint = bytes_from_text("note\n")};
	answer.path.at[0] = bytes_from("01234567890123456789012345678901", 32);
	answer.path.count = 1;
	return channel_send(channel, call, message_entry_given, &answer);
}

static status void_entry(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_entry_void ask;
	TRY(wire_decode(message_entry_void, body, &ask));
	atomic_fetch_add(&bench->signer.voids, 1);
	if (ask.entry >= bench->signer.size || bench->signer.entries[ask.entry].state != 'i')
		return REFUSE(entry_final);
	bench->signer.entries[ask.entry].state = 'v';
	const struct message_entry_voided answer = {.entry = enter(&bench->signer, 'v', "")};
	return channel_send(channel, call, message_entry_voided, &answer);
}

static status revoke_entry(struct bench *bench, int channel, uint32_t call, struct bytes body)
{
	struct message_entry_revoke ask;
	struct fake_signer *signer = &bench->signer;
	TRY(wire_decode(message_entry_revoke, body, &ask));
	atomic_fetch_add(&signer->revocations, 1);
	if (ask.entry >= signer->size || memcmp(signer->entries[ask.entry].serial, ask.serial, sizeof ask.serial) != 0)
		return REFUSE(entry_unknown);
	if (signer->entries[ask.entry].state != 'i')
		return REFUSE(already_revoked);
	signer->entries[ask.entry].state = 'r';
	const size_t at = enter(signer, 'r', "");
	struct fake_entry *entry = &signer->entries[at];
	entry->refers_to = ask.entry;
	entry->reason = ask.reason;
	entry->asked_by = ask.asked_by;
	memcpy(entry->thumbprint, ask.thumbprint, sizeof entry->thumbprint);
	SHA256(ask.request.data, ask.request.size, entry->request_hash);
	if (atomic_exchange(&signer->dies_after_entry, false))
		return REFUSE(neighbour_away);
	const struct message_entry_revoked answer = {.entry = at, .when_s = 1700000000};
	return channel_send(channel, call, message_entry_revoked, &answer);
}

static status answer_as_signer(struct bench *bench, int channel, uint32_t call, enum message id, struct bytes body)
{
	sleep_ms(bench->signer.delay_ms);
	if (bench->signer.refusal != refusal_none)
		return (status){(enum refusal)atomic_load(&bench->signer.refusal)};
	if (id == message_issue)
		return issue_for_order(bench, channel, call, body);
	if (id == message_ak_certify)
		return issue(bench, channel, call, 'a', "0123456789abcdef");
	if (id == message_entry_read)
		return give_entry(bench, channel, call, body);
	if (id == message_entry_void)
		return void_entry(bench, channel, call, body);
	if (id == message_entry_revoke)
		return revoke_entry(bench, channel, call, body);
	if (id == message_ledger_ask) {
		const struct message_ledger_given answer = {.size = bench->signer.size,
							    .checkpoint = bytes_from_text("note\n")};
		return channel_send(channel, call, message_ledger_given, &answer);
	}
	return REFUSE(neighbour_away);
}

void neighbours_serve_signer(struct bench *bench, int channel)
{
	start(bench, channel, answer_as_signer);
}

/* ---- prober ---- */

static void keep_text(struct bytes text, char *out, size_t room)
{
	snprintf(out, room, "%.*s", (int)text.size, (const char *)text.data);
}

static status answer_as_prober(struct bench *bench, int channel, uint32_t call, enum message id, struct bytes body)
{
	struct fake_prober *prober = &bench->prober;
	struct message_name_probe ask;
	if (id != message_name_probe || prober->is_deaf)
		return REFUSE(neighbour_away);
	TRY(wire_decode(message_name_probe, body, &ask));
	keep_text(ask.identifier, prober->identifier, sizeof prober->identifier);
	keep_text(ask.identifier_type, prober->type, sizeof prober->type);
	keep_text(ask.challenge, prober->challenge, sizeof prober->challenge);
	keep_text(ask.token, prober->token, sizeof prober->token);
	memcpy(prober->thumbprint, ask.account_thumbprint, sizeof prober->thumbprint);
	atomic_fetch_add(&prober->probes, 1);
	sleep_ms(prober->delay_ms);
	if (prober->refusal != refusal_none)
		return (status){(enum refusal)atomic_load(&prober->refusal)};
	const struct message_name_probed answer = {.voucher = ask.identifier};
	return channel_send(channel, call, message_name_probed, &answer);
}

void neighbours_serve_prober(struct bench *bench, int channel)
{
	start(bench, channel, answer_as_prober);
}
