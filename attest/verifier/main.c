/* SPDX-License-Identifier: Apache-2.0
 * The verifier: hostile evidence in, vouchers out. This file is its dispatch. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <sys/mman.h>

#include "attest/verifier/key_kinds.h"
#include "attest/verifier/settings_check.h"
#include "attest/verifier/trust.h"
#include "firmware/confine/child.h"

static struct verifier verifier;
static struct message_verifier_settings settings;
static uint8_t answer_octets[wire_packet_room];

/* Sends the answer, or the refusal with what there is to say about it. */
static status reply(int channel, uint32_t call, enum message id, const void *answer, status judged,
		    const struct detail *detail)
{
	if (is_refused(judged))
		return channel_refuse(channel, call, judged, detail == NULL || detail->text[0] == 0 ? NULL : detail->text);
	return channel_send(channel, call, id, answer);
}

static status serve_order_open(int channel, uint32_t call, const void *request)
{
	struct buffer room = BUFFER(answer_octets);
	struct message_order_opened answer;
	const status judged = verifier_order_open(&verifier, request, &room, &answer);
	return reply(channel, call, message_order_opened, &answer, judged, NULL);
}

static status serve_statement_judge(int channel, uint32_t call, const void *request)
{
	struct buffer room = BUFFER(answer_octets);
	struct message_statement_judged answer;
	struct detail detail = {.text = ""};
	const status judged = verifier_statement_judge(&verifier, request, &room, &answer, &detail);
	return reply(channel, call, message_statement_judged, &answer, judged, &detail);
}

static status serve_finalize_judge(int channel, uint32_t call, const void *request)
{
	struct buffer room = BUFFER(answer_octets);
	struct message_finalize_judged answer;
	struct detail detail = {.text = ""};
	const status judged = verifier_finalize_judge(&verifier, request, &room, &answer, &detail);
	return reply(channel, call, message_finalize_judged, &answer, judged, &detail);
}

static status serve_ak_begin(int channel, uint32_t call, const void *request)
{
	struct buffer room = BUFFER(answer_octets);
	struct message_ak_begun answer;
	struct detail detail = {.text = ""};
	const status judged = verifier_ak_begin(&verifier, request, &room, &answer, &detail);
	return reply(channel, call, message_ak_begun, &answer, judged, &detail);
}

static status serve_ak_finish(int channel, uint32_t call, const void *request)
{
	struct buffer room = BUFFER(answer_octets);
	struct message_ak_finished answer;
	const status judged = verifier_ak_finish(&verifier, request, &room, &answer);
	return reply(channel, call, message_ak_finished, &answer, judged, NULL);
}

/* No configuration file of OpenSSL: nothing outside the settings decides. The keys stay out of swap. */
static void prepare(void)
{
	if (mlock(&settings, sizeof settings) != 0 || mlock(&verifier, sizeof verifier) != 0)
		child_needs_person("The verifier cannot lock its keys in memory: %s.", strerror(errno));
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || !key_kinds_limit())
		status_broken("libcrypto does not start");
}

int main(int count, char **words)
{
	static const struct route routes[] = {
		{message_order_open, serve_order_open},         {message_statement_judge, serve_statement_judge},
		{message_finalize_judge, serve_finalize_judge}, {message_ak_begin, serve_ak_begin},
		{message_ak_finish, serve_ak_finish},
	};
	static const struct service service = {.routes = routes, .route_count = sizeof routes / sizeof routes[0]};
	struct detail detail = {.text = ""};
	if (count == 2 && strcmp(words[1], "--check") == 0)
		return key_kinds_limit() ? settings_check() : 1;
	child_enter(process_VERIFIER, message_verifier_settings, &settings, prepare);
	if (!verifier_open(&settings, &verifier, &detail))
		child_needs_person("The verifier cannot start: %s.", detail.text);
	trust_tell(&verifier, child_log);
	OPENSSL_cleanse(&settings, sizeof settings);
	child_report_serving();
	child_serve(&service);
}
