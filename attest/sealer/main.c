/* SPDX-License-Identifier: Apache-2.0
 * keyward-sealer: the only process that reaches the TPM. Gives the token PIN to a signer that was just started, and
 * quotes to the signer alone. Distrusts the blobs in its settings; reads nothing hostile. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "attest/sealer/measure.h"
#include "attest/sealer/sealer.h"
#include "firmware/confine/child.h"

static struct message_sealer_settings settings;
static struct sealer_seal seal;
static char tcti[257];
static const char *trouble; /* found before confinement, said after it */
static struct measure_problem measure_trouble;

static const char *text_copy(struct bytes text, char *room, size_t size)
{
	snprintf(room, size, "%.*s", (int)text.size, (const char *)text.data);
	return room;
}

/* The host's files are in sight for the last time. */
static void prepare(void)
{
	static char programs[513], configuration[513];
	if (!sealer_lock_memory())
		trouble = "the memory for the PIN cannot be locked";
	if (!measure_appliance(text_copy(settings.programs, programs, sizeof programs),
			       text_copy(settings.configuration, configuration, sizeof configuration), seal.measurement,
			       &measure_trouble))
		trouble = measure_trouble.sentence;
}

static status pin_ask(int channel, uint32_t call, const void *request)
{
	struct message_pin_given given;
	(void)request;
	TRY(sealer_hand_over(&given.pin));
	return channel_send(channel, call, message_pin_given, &given);
}

static void tpm_done(struct tpm **tpm)
{
	tpm_close(*tpm);
}

static status quote_ask(int channel, uint32_t call, const void *request)
{
	const struct message_quote_ask *ask = request;
	uint8_t attest[1024], signature[1024], ak_public[1024];
	struct tpm_quote quote = {BUFFER(attest), BUFFER(signature), BUFFER(ak_public)};
	__attribute__((cleanup(tpm_done))) struct tpm *tpm = NULL;
	TRY(tpm_open(tcti, &tpm));
	tpm_expect(tpm, seal.srk_name);
	const status quoted = tpm_quote(tpm, ask->extra_data, &quote);
	if (is_refused(quoted)) {
		child_log(4, "no quote: %s", tpm_problem(tpm));
		return quoted;
	}
	const struct message_quote_given given = {.attest = buffer_view(&quote.attest),
						  .signature = buffer_view(&quote.signature),
						  .ak_public = buffer_view(&quote.ak_public)};
	return channel_send(channel, call, message_quote_given, &given);
}

static void attached(enum process neighbour, int channel)
{
	(void)channel;
	if (neighbour == process_SIGNER)
		sealer_signer_came();
}

/* Serving without a PIN is right after a restart in the same boot: the signer has it and may want quotes. */
static void unlock(void)
{
	struct sealer_problem problem = {""};
	bool is_restart;
	const status unlocked = sealer_unlock(&seal, &is_restart, &problem);
	if (!is_refused(unlocked))
		child_log(5, "the token PIN was unsealed; the TPM releases it no more in this boot");
	else if (is_restart)
		child_log(4, "no PIN: %s; a signer that starts now needs the machine restarted", problem.sentence);
	else if (unlocked.refusal == refusal_pin_sealed)
		child_needs_person("%s; check what was changed, then seal it anew: keyward-ceremony --reseal",
				   problem.sentence);
	else
		child_needs_person("%s; check the TPM and the tpm section of the configuration", problem.sentence);
}

int main(void)
{
	static const struct route routes[] = {{message_pin_ask, pin_ask}, {message_quote_ask, quote_ask}};
	static const struct service service = {.routes = routes, .route_count = 2, .attached = attached};
	/* libtss2 would write to standard error, and read its level from the environment */
	setenv("TSS2_LOG", "all+none", 1);
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	child_enter(process_SEALER, message_sealer_settings, &settings, prepare);
	if (trouble != NULL)
		child_needs_person("%s", trouble);
	seal.tcti = text_copy(settings.tcti, tcti, sizeof tcti);
	seal.pcr = settings.pcr;
	seal.public = settings.sealed_public;
	seal.private = settings.sealed_private;
	seal.srk_name = settings.srk_name;
	unlock();
	child_report_serving();
	child_serve(&service);
}
