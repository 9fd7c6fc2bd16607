/* SPDX-License-Identifier: Apache-2.0
 * keyward-signer: holds the token's keys and the ledger. Enters its confinement, gets the PIN from the sealer,
 * opens, and serves the registrar and the listener, one sync a round. Wiring only; the rules are in issue.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "firmware/boundary/link.h"
#include "firmware/confine/child.h"
#include "pkcs11/signer/revoke.h"

enum { sealer_patience_ms = 20000 };

static struct message_signer_settings settings;
static struct signer signer;
static struct link *sealer;
static char trouble[signer_why_room]; /* found before confinement, said after it */
static bool is_open;

/* The host's files are in sight for the last time: the module and what it links are loaded now. */
static void prepare(void)
{
	const status configured = signer_configure(&settings, &signer, trouble);
	if (!is_refused(configured) && is_refused(token_load(signer.module, trouble)))
		return;
	if (is_refused(configured) && trouble[0] == 0)
		(void)snprintf(trouble, sizeof trouble, "The signer could not read its settings");
}

/* What a new start may mend is left to one; token and room for the ledger may come back; the rest waits for a person. */
static _Noreturn void end(status why, const char *sentence)
{
	const enum refusal for_a_person[] = {refusal_token_failed, refusal_ledger_broken, refusal_clock_unsafe};
	if (why.refusal == refusal_token_absent || why.refusal == refusal_ledger_full)
		child_lacks("%s", sentence);
	for (size_t i = 0; i < sizeof for_a_person / sizeof for_a_person[0]; i++)
		if (why.refusal == for_a_person[i])
			child_needs_person("%s", sentence);
	status_broken(sentence);
}

/* Asked once; a start that fails for another reason ends the process, and the next start asks again. */
static void open_signer(void)
{
	static uint8_t room[wire_packet_room];
	struct signer_places places = {.module_settings = "/softhsm2.conf"};
	struct buffer answer = BUFFER(room);
	struct message_pin_given given;
	const struct message_pin_ask ask = {};
	char why[signer_why_room] = "";
	const struct call call = {message_pin_ask, &ask, sealer_patience_ms, true};
	const status asked = link_call(sealer, &call, &answer, &given);
	if (asked.refusal == refusal_pin_sealed || asked.refusal == refusal_pin_spent)
		child_needs_person("The sealer gives no PIN: %s", status_entry(asked.refusal)->sentence);
	if (is_refused(asked))
		status_broken("the sealer does not answer");
	places.ledger_folder = open("/ledger", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (places.ledger_folder < 0)
		status_broken("the ledger's folder cannot be opened");
	const struct moment now = moment_now();
	const status opened = signer_open(&signer, &places, given.pin, &now, why);
	OPENSSL_cleanse(room, sizeof room);
	if (is_refused(opened))
		end(opened, why);
	if (signer.owes_start)
		child_log(3, "the clock is behind the last entry or far ahead of it; nothing is issued until it is set");
	is_open = true;
}

/* For auditors: the TPM's word on what runs, bound to the checkpoint of this start. Serving does not depend on it. */
static void keep_quote(void)
{
	static uint8_t room[wire_packet_room];
	struct buffer answer = BUFFER(room);
	struct message_quote_given given;
	struct message_quote_ask ask;
	const struct call call = {message_quote_ask, &ask, sealer_patience_ms / 4, true};
	struct bytes checkpoint;
	status kept = ledger_checkpoint(signer.ledger, &checkpoint);
	if (!is_refused(kept))
		kept = signer_quote_data(checkpoint, ask.extra_data);
	if (!is_refused(kept))
		kept = link_call(sealer, &call, &answer, &given);
	if (!is_refused(kept))
		kept = signer_keep_quote(&signer, checkpoint, &given);
	if (is_refused(kept))
		child_log(4, "this start has no quote of the TPM: %s", status_entry(kept.refusal)->sentence);
}

/* The sealer's first channel is the signal to open: from then on requests are served. */
static void wired(enum process neighbour, int channel)
{
	if (neighbour != process_SEALER) {
		(void)close(channel);
		return;
	}
	link_wire(sealer, channel);
	if (is_open)
		return;
	open_signer();
	keep_quote();
	child_log(5, "token and ledger are open; the ledger has %llu entries",
		  (unsigned long long)ledger_size(signer.ledger));
	child_report_serving();
}

static void settle(void)
{
	if (!is_open)
		return;
	issue_settle(&signer);
	if (signer_is_dead(&signer))
		status_broken("the ledger or the token failed; starting again");
}

/* What the old channel's last words left waiting is settled before its descriptor can become another's. */
static void attached(enum process neighbour, int channel)
{
	(void)channel;
	settle();
	if (neighbour == process_LISTENER)
		issue_listener_came(&signer);
}

static struct issue_caller from(int channel, uint32_t call)
{
	return (struct issue_caller){.channel = channel, .call = call};
}

static status issue(int channel, uint32_t call, const void *request)
{
	const struct moment now = moment_now();
	return is_open ? issue_device(&signer, from(channel, call), request, &now) : REFUSE(neighbour_away);
}

static status ak_certify(int channel, uint32_t call, const void *request)
{
	const struct moment now = moment_now();
	return is_open ? issue_ak(&signer, from(channel, call), request, &now) : REFUSE(neighbour_away);
}

static status tls_certify(int channel, uint32_t call, const void *request)
{
	const struct moment now = moment_now();
	return is_open ? issue_tls(&signer, from(channel, call), request, &now) : REFUSE(neighbour_away);
}

static status entry_void(int channel, uint32_t call, const void *request)
{
	const struct moment now = moment_now();
	return is_open ? issue_void(&signer, from(channel, call), request, &now) : REFUSE(neighbour_away);
}

static status entry_revoke(int channel, uint32_t call, const void *request)
{
	const struct moment now = moment_now();
	return is_open ? revoke_entry(&signer, from(channel, call), request, &now) : REFUSE(neighbour_away);
}

static status entry_read(int channel, uint32_t call, const void *request)
{
	return is_open ? issue_read(&signer, from(channel, call), request) : REFUSE(neighbour_away);
}

static status ledger_ask(int channel, uint32_t call, const void *request)
{
	(void)request;
	return is_open ? issue_ledger(&signer, from(channel, call)) : REFUSE(neighbour_away);
}

int main(void)
{
	static const struct route routes[] = {
		{message_issue, issue},           {message_ak_certify, ak_certify}, {message_tls_certify, tls_certify},
		{message_entry_void, entry_void}, {message_entry_read, entry_read}, {message_ledger_ask, ledger_ask},
		{message_entry_revoke, entry_revoke},
	};
	static const struct service service = {.routes = routes,
					       .route_count = sizeof routes / sizeof routes[0],
					       .wired = wired,
					       .attached = attached,
					       .settle = settle};
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	child_enter(process_SIGNER, message_signer_settings, &settings, prepare);
	if (trouble[0] != 0)
		child_needs_person("%s", trouble);
	sealer = link_new(process_SEALER);
	child_serve(&service);
}
