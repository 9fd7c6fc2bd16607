/* SPDX-License-Identifier: Apache-2.0
 * Judges requests, stages entries, and signs what is in the ledger. Distrusts every field of every request. */
#include "pkcs11/signer/issue.h"

#include <stdio.h>

#include "firmware/boundary/channel.h"
#include "firmware/boundary/voucher.h"
#include "pkcs11/signer/envelope.h"
#include "pkcs11/signer/spki.h"
#include "pkcs11/signer/vouchers.h"

enum { tls_validity_s = 86400, tls_every_s = 6 * 3600, tls_burst = 64, tls_refill_s = 60 };

/* What one certificate comes from, whatever its kind. */
struct draft {
	const struct authority *issuer;
	struct message_ledger_entry entry; /* without serial, times and TBS */
	struct bytes spki;
	uint32_t validity_s;
	status (*build)(const struct certificate_terms *terms, const void *facts, struct buffer *tbs);
	const void *facts;
};

static status build_device(const struct certificate_terms *terms, const void *facts, struct buffer *tbs)
{
	return certificate_build(terms, facts, tbs);
}

static status build_ak(const struct certificate_terms *terms, const void *facts, struct buffer *tbs)
{
	return certificate_build_ak(terms, facts, tbs);
}

static status build_tls(const struct certificate_terms *terms, const void *facts, struct buffer *tbs)
{
	return certificate_build_tls(terms, facts, tbs);
}

/* A start that could not be written down because of the clock is written before the first entry after it. */
static status stage_start(struct signer *signer, const struct moment *now)
{
	uint64_t number;
	if (!signer->owes_start)
		return OK;
	struct message_ledger_entry entry = {.kind = 's', .when_s = now->wall_s, .reporter = bytes_from_text("signer")};
	memcpy(entry.configuration_hash, signer->configuration_hash, sizeof entry.configuration_hash);
	TRY(ledger_stage(signer->ledger, &entry, bytes_from(NULL, 0), &number));
	signer->owes_start = false;
	signer->stages_start = true;
	return OK;
}

struct signer_waiting *issue_next_waiting(struct signer *signer, struct issue_caller caller)
{
	if (signer->waiting_count == signer_most_waiting)
		issue_settle(signer);
	struct signer_waiting *waiting = &signer->waiting[signer->waiting_count];
	*waiting = (struct signer_waiting){.channel = caller.channel, .call = caller.call};
	return waiting;
}

/* Builds the TBS, stages its entry, remembers the order. Nothing is left behind by a refusal. */
static status stage_certificate(struct signer *signer, struct draft *draft, struct issue_caller caller,
				const struct moment *now)
{
	struct certificate_terms terms;
	struct signer_waiting *waiting = issue_next_waiting(signer, caller);
	struct buffer tbs = BUFFER(waiting->tbs);
	TRY(ledger_judge_clock(signer->ledger, now));
	TRY(stage_start(signer, now));
	TRY(certificate_draw_terms(&draft->issuer->issuer, draft->spki, now->wall_s, draft->validity_s,
				   ledger_next(signer->ledger), &terms));
	TRY(draft->build(&terms, draft->facts, &tbs));
	struct message_ledger_entry *entry = &draft->entry;
	entry->when_s = terms.not_before_s;
	entry->not_after_s = terms.not_after_s;
	entry->serial = BYTES_OF(terms.serial);
	if (EVP_Digest(tbs.data, tbs.size, entry->tbs_hash, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	TRY(status_file_key(entry->kind, entry->order, waiting->order_key));
	const uint64_t next = ledger_next(signer->ledger);
	if (entry->order.size != 0)
		TRY(orders_put(signer->orders, waiting->order_key, next, now->boot_s));
	const status staged = ledger_stage(signer->ledger, entry, buffer_view(&tbs), &waiting->entry);
	if (is_refused(staged) && entry->order.size != 0)
		orders_drop(signer->orders, waiting->order_key);
	TRY(staged);
	waiting->kind = (char)entry->kind;
	waiting->issuer = draft->issuer;
	waiting->not_before_s = terms.not_before_s;
	waiting->not_after_s = terms.not_after_s;
	memcpy(waiting->serial, terms.serial, sizeof waiting->serial);
	waiting->tbs_size = tbs.size;
	signer->waiting_count++;
	return OK;
}

/* The order has an entry: the same key gets the identical TBS signed again, another key nothing. */
static status repeat_certificate(struct signer *signer, const struct draft *draft, struct issue_caller caller,
				 uint64_t number)
{
	struct ledger_record record;
	struct bytes spki;
	issue_settle(signer); /* the entry, or one that closes it, may still be waiting */
	TRY(ledger_read(signer->ledger, number, &record));
	if (!bytes_equal(record.entry.order, draft->entry.order) || record.entry.kind != draft->entry.kind)
		return REFUSE(ledger_broken);
	if (!bytes_equal(record.entry.envelope, draft->entry.envelope))
		return REFUSE(order_used); /* another issuer's key must not sign what was judged under this one */
	if (record.status.state == status_file_revoked)
		return REFUSE(certificate_revoked);
	if (record.status.state != status_file_issued)
		return REFUSE(order_void);
	TRY(certificate_read_spki(record.tbs, &spki));
	if (!bytes_equal(spki, draft->spki) || record.tbs.size > certificate_longest_tbs)
		return REFUSE(order_used);
	struct signer_waiting *waiting = issue_next_waiting(signer, caller);
	waiting->kind = (char)record.entry.kind;
	waiting->is_repeat = true;
	waiting->entry = number;
	waiting->issuer = draft->issuer;
	waiting->not_before_s = record.entry.when_s;
	waiting->not_after_s = record.entry.not_after_s;
	memcpy(waiting->serial, record.status.serial, sizeof waiting->serial);
	memcpy(waiting->tbs, record.tbs.data, record.tbs.size);
	waiting->tbs_size = record.tbs.size;
	signer->waiting_count++;
	return OK;
}

static status certify(struct signer *signer, struct draft *draft, struct issue_caller caller, const struct moment *now)
{
	uint8_t key[status_file_key_size];
	uint64_t number;
	TRY(status_file_key(draft->entry.kind, draft->entry.order, key));
	if (draft->entry.order.size != 0 && orders_find(signer->orders, key, &number))
		return repeat_certificate(signer, draft, caller, number);
	return stage_certificate(signer, draft, caller, now);
}

static void enter_device(struct message_ledger_entry *entry, const struct message_issue *request,
			 const struct vouchers *vouchers)
{
	const struct message_identifier *first = &vouchers->identifiers[vouchers->first];
	*entry = (struct message_ledger_entry){.kind = 'c',
					       .reporter = bytes_from_text("registrar"),
					       .order = request->order,
					       .identifier_type = first->type,
					       .identifier = first->value,
					       .record_sequence = vouchers->device.record_sequence,
					       .envelope = request->envelope};
	for (size_t i = 0; i < vouchers->count; i++)
		if (i != vouchers->first)
			entry->more_identifiers.at[entry->more_identifiers.count++] = vouchers->request.identifiers.at[i];
	memcpy(entry->thumbprint, vouchers->request.account_thumbprint, sizeof entry->thumbprint);
	memcpy(entry->evidence_hash, vouchers->evidence_hash, sizeof entry->evidence_hash);
	memcpy(entry->claims_hash, vouchers->device.claims_hash, sizeof entry->claims_hash);
	memcpy(entry->record_hash, vouchers->device.record_hash, sizeof entry->record_hash);
	memcpy(entry->configuration_hash, vouchers->configuration_hash, sizeof entry->configuration_hash);
	memcpy(entry->policy_hash, request->policy_hash, sizeof entry->policy_hash);
}

status issue_device(struct signer *signer, struct issue_caller caller, const struct message_issue *request,
		    const struct moment *now)
{
	struct vouchers vouchers = {.count = 0};
	const struct message_envelope *envelope = NULL;
	struct spki key;
	uint8_t name_room[512];
	struct buffer name = BUFFER(name_room);
	struct draft draft = {.build = build_device};
	TRY(vouchers_open(&signer->settings, request, &vouchers));
	TRY(spki_parse(vouchers.request.spki, &key));
	TRY(envelope_find(signer->envelopes, signer->envelope_count, request->envelope, &envelope));
	TRY(envelope_judge(envelope, &vouchers, &key, request->validity_s, &draft.validity_s));
	TRY(envelope_render(envelope->subject_cn, &vouchers, &name));
	const struct certificate_device facts = {.common_name = buffer_view(&name),
						 .identifiers = vouchers.identifiers,
						 .count = vouchers.count,
						 .usage = certificate_usage(envelope->extended_usage)};
	draft.issuer = authority_find_issuer(&signer->authorities, envelope->issuer);
	draft.spki = vouchers.request.spki;
	draft.facts = &facts;
	enter_device(&draft.entry, request, &vouchers);
	return certify(signer, &draft, caller, now);
}

static struct bytes hex(const uint8_t *octets, size_t size, char *room)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		room[2 * i] = digits[octets[i] >> 4];
		room[2 * i + 1] = digits[octets[i] & 15];
	}
	return bytes_from(room, 2 * size);
}

/* How long AK certificates of the directory live. directory_wrong: it enrols none. */
static status find_ak_rule(const struct message_signer_settings *settings, struct bytes directory, uint32_t *validity_s)
{
	for (size_t i = 0; i < settings->ak_rules.count; i++) {
		struct message_ak_rule rule;
		TRY(wire_decode(message_ak_rule, settings->ak_rules.at[i], &rule));
		if (!bytes_equal(rule.directory, directory))
			continue;
		*validity_s = rule.validity_s;
		return OK;
	}
	return REFUSE(directory_wrong);
}

status issue_ak(struct signer *signer, struct issue_caller caller, const struct message_ak_certify *request,
		const struct moment *now)
{
	struct message_ak_voucher voucher = {0};
	struct spki key;
	char activation[32], ek[64];
	struct draft draft = {.build = build_ak, .issuer = signer->authorities.ak_issuer};
	TRY(voucher_open(message_ak_voucher, request->voucher, signer->settings.ak_key, &voucher));
	TRY(voucher_judge_expiry(voucher.expires_boot_s));
	TRY(find_ak_rule(&signer->settings, voucher.directory, &draft.validity_s));
	TRY(spki_parse(voucher.ak_spki, &key));
	const struct certificate_ak facts = {.manufacturer = voucher.tpm_manufacturer,
					     .model = voucher.tpm_model,
					     .version = voucher.tpm_version,
					     .directory = voucher.directory,
					     .ek_hash = voucher.ek_hash};
	draft.spki = voucher.ak_spki;
	draft.facts = &facts;
	draft.entry = (struct message_ledger_entry){
		.kind = 'a',
		.reporter = bytes_from_text("registrar"),
		.order = hex(voucher.activation, sizeof voucher.activation, activation),
		.identifier_type = bytes_from_text("ek-sha256"),
		.identifier = hex(voucher.ek_hash, sizeof voucher.ek_hash, ek)};
	memcpy(draft.entry.thumbprint, voucher.account_thumbprint, sizeof draft.entry.thumbprint);
	memcpy(draft.entry.claims_hash, voucher.ek_root_hash, sizeof draft.entry.claims_hash);
	memcpy(draft.entry.configuration_hash, voucher.configuration_hash, sizeof draft.entry.configuration_hash);
	if (EVP_Digest(request->voucher.data, request->voucher.size, draft.entry.evidence_hash, NULL, EVP_sha256(),
		       NULL) != 1)
		return REFUSE(internal);
	return certify(signer, &draft, caller, now);
}

void issue_listener_came(struct signer *signer)
{
	signer->listener_is_new = true;
}

/* A listener that dies and comes back gets one each time; one that only has itself wired again and again soon does
 * not. */
static bool may_certify_listener(struct signer *signer, const struct moment *now)
{
	const uint64_t since = now->boot_s - signer->tls_counted_boot_s, refill = since / tls_refill_s;
	if (signer->tls_counted_boot_s == 0 || refill >= tls_burst - signer->tls_allowance) {
		signer->tls_allowance = tls_burst;
		signer->tls_counted_boot_s = now->boot_s;
	} else {
		signer->tls_allowance += (uint32_t)refill;
		signer->tls_counted_boot_s += refill * tls_refill_s;
	}
	return signer->tls_allowance != 0 &&
	       (signer->listener_is_new || now->boot_s - signer->tls_last_boot_s >= tls_every_s);
}

status issue_tls(struct signer *signer, struct issue_caller caller, const struct message_tls_certify *request,
		 const struct moment *now)
{
	const struct message_signer_settings *settings = &signer->settings;
	const struct certificate_tls facts = {.name = settings->server_name, .address = settings->server_address};
	struct spki key;
	struct draft draft = {.build = build_tls,
			      .issuer = authority_find_issuer(&signer->authorities, settings->tls_issuer),
			      .spki = request->spki,
			      .validity_s = tls_validity_s,
			      .facts = &facts};
	if (facts.name.size == 0 || draft.issuer == NULL)
		return REFUSE(tls_name_unset);
	if (!may_certify_listener(signer, now))
		return REFUSE(tls_too_soon);
	TRY(spki_parse(request->spki, &key));
	draft.entry = (struct message_ledger_entry){.kind = 't',
						    .reporter = bytes_from_text("listener"),
						    .identifier_type = bytes_from_text("dns"),
						    .identifier = facts.name};
	TRY(certify(signer, &draft, caller, now));
	signer->listener_is_new = false;
	signer->tls_allowance--;
	signer->tls_last_boot_s = now->boot_s;
	return OK;
}

status issue_void(struct signer *signer, struct issue_caller caller, const struct message_entry_void *request,
		  const struct moment *now)
{
	struct ledger_record record;
	char order[64], identifier[256];
	struct message_ledger_entry entry = {.kind = 'v', .reporter = bytes_from_text("registrar")};
	issue_settle(signer); /* a void of the same entry may be waiting */
	TRY(ledger_read(signer->ledger, request->entry, &record));
	TRY(status_file_judge_closing(&record.status));
	memcpy(order, record.entry.order.data, record.entry.order.size);
	memcpy(identifier, record.entry.identifier.data, record.entry.identifier.size);
	entry.order = bytes_from(order, record.entry.order.size);
	entry.identifier_type = record.entry.identifier_type;
	entry.identifier = bytes_from(identifier, record.entry.identifier.size);
	entry.refers_to = request->entry;
	entry.when_s = ledger_plausible_s(signer->ledger, now);
	struct signer_waiting *waiting = issue_next_waiting(signer, caller);
	TRY(ledger_stage(signer->ledger, &entry, bytes_from(NULL, 0), &waiting->entry));
	waiting->kind = 'v';
	signer->waiting_count++;
	return OK;
}

/* ---- after the sync ---- */

static status answer_certificate(const struct signer_waiting *waiting, struct bytes certificate)
{
	struct bytes chain[4] = {certificate};
	size_t count = 1;
	if (!authority_add_chain(waiting->issuer, chain, 4, &count))
		return REFUSE(internal);
	if (waiting->kind == 't') {
		struct message_tls_certified given = {.not_after_s = waiting->not_after_s};
		memcpy(given.chain.at, chain, sizeof chain);
		given.chain.count = count;
		return channel_send(waiting->channel, waiting->call, message_tls_certified, &given);
	}
	struct message_issued given = {.entry = waiting->entry,
				       .not_before_s = waiting->not_before_s,
				       .not_after_s = waiting->not_after_s};
	memcpy(given.serial, waiting->serial, sizeof given.serial);
	memcpy(given.chain.at, chain, sizeof chain);
	given.chain.count = count;
	return channel_send(waiting->channel, waiting->call, message_issued, &given);
}

/* The one place where a certificate is signed: its entry is durable. */
static status sign_and_answer(struct signer *signer, const struct signer_waiting *waiting)
{
	uint8_t signature_room[token_longest_signature], room[certificate_longest];
	struct buffer signature = BUFFER(signature_room), certificate = BUFFER(room);
	const struct bytes tbs = bytes_from(waiting->tbs, waiting->tbs_size);
	if (waiting->kind == 'r') {
		const struct message_entry_revoked given = {.entry = waiting->entry, .when_s = waiting->not_before_s};
		return channel_send(waiting->channel, waiting->call, message_entry_revoked, &given);
	}
	if (waiting->kind == 'v') {
		const struct message_entry_voided given = {.entry = waiting->entry};
		return channel_send(waiting->channel, waiting->call, message_entry_voided, &given);
	}
	TRY(token_sign(signer->token, waiting->issuer->place, tbs, &signature));
	TRY(certificate_assemble(tbs, waiting->issuer->issuer.signature_algorithm, buffer_view(&signature),
				 &certificate));
	return answer_certificate(waiting, buffer_view(&certificate));
}

/* Who is gone needs no refusal. */
static void refuse(const struct signer_waiting *waiting, status why)
{
	const status sent = channel_refuse(waiting->channel, waiting->call, why, NULL);
	(void)is_refused(sent);
}

static void refuse_all(struct signer *signer, status why)
{
	for (size_t i = 0; i < signer->waiting_count; i++) {
		const struct signer_waiting *waiting = &signer->waiting[i];
		if (!waiting->is_repeat && waiting->issuer != NULL)
			orders_drop(signer->orders, waiting->order_key);
		refuse(waiting, why);
	}
	signer->owes_start = signer->owes_start || signer->stages_start;
}

void issue_settle(struct signer *signer)
{
	const status committed = ledger_commit(signer->ledger);
	if (is_refused(committed)) {
		refuse_all(signer, committed);
	} else {
		for (size_t i = 0; i < signer->waiting_count; i++) {
			const status answered = sign_and_answer(signer, &signer->waiting[i]);
			if (is_refused(answered) && answered.refusal != refusal_neighbour_away)
				refuse(&signer->waiting[i], answered);
		}
		/* a checkpoint that fails now is tried again when it is asked for */
		const status checkpoint = ledger_checkpoint_if_due(signer->ledger);
		(void)is_refused(checkpoint);
	}
	signer->stages_start = false;
	signer->waiting_count = 0;
}

status issue_read(struct signer *signer, struct issue_caller caller, const struct message_entry_read *request)
{
	struct tree_hash path[tree_deepest];
	struct ledger_record record;
	struct message_entry_given given = {.entry = request->entry};
	unsigned count = 0;
	issue_settle(signer);
	if (request->entry >= ledger_size(signer->ledger))
		return REFUSE(entry_unknown);
	if (is_refused(ledger_prove(signer->ledger, request->entry, path, &count))) {
		TRY(ledger_checkpoint(signer->ledger, &given.checkpoint));
		TRY(ledger_prove(signer->ledger, request->entry, path, &count));
	}
	TRY(ledger_read(signer->ledger, request->entry, &record));
	ledger_stored_checkpoint(signer->ledger, &given.checkpoint);
	given.state = record.status.state;
	given.leaf = record.leaf;
	given.tbs = record.tbs;
	for (unsigned i = 0; i < count; i++)
		given.path.at[i] = BYTES_OF(path[i].octets);
	given.path.count = count;
	return channel_send(caller.channel, caller.call, message_entry_given, &given);
}

status issue_ledger(struct signer *signer, struct issue_caller caller)
{
	struct message_ledger_given given = {0};
	issue_settle(signer);
	TRY(ledger_checkpoint(signer->ledger, &given.checkpoint));
	given.size = ledger_size(signer->ledger);
	return channel_send(caller.channel, caller.call, message_ledger_given, &given);
}
