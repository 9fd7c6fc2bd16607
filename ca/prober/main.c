/* SPDX-License-Identifier: Apache-2.0
 * The prober: names in, vouchers out. It reaches the network, and nothing else of the appliance but the registrar's questions. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <sys/mman.h>

#include "ca/prober/dns.h"
#include "ca/prober/http_01.h"
#include "ca/prober/prober.h"
#include "ca/prober/tls_alpn_01.h"
#include "firmware/confine/child.h"

/* As many probes at once; the registrar asks no more (ca/registrar/probe.c). */
enum { threads = dns_channels };

static struct prober prober;
static struct message_prober_settings settings;

static status serve_name_probe(int channel, uint32_t call, const void *request)
{
	uint8_t octets[1024];
	struct buffer room = BUFFER(octets);
	struct message_name_probed answer;
	struct detail detail = {.text = ""};
	const status judged = prober_judge(&prober, request, &room, &answer, &detail);
	if (is_refused(judged))
		return channel_refuse(channel, call, judged, detail.text[0] == 0 ? NULL : detail.text);
	return channel_send(channel, call, message_name_probed, &answer);
}

/* No configuration file of OpenSSL, and all that libraries look for while there are files. The keys stay out of swap. */
static void prepare(void)
{
	if (mlock(&settings, sizeof settings) != 0 || mlock(&prober, sizeof prober) != 0)
		child_needs_person("The prober cannot lock its keys in memory: %s.", strerror(errno));
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || !tls_alpn_01_start() || !http_01_start() || !dns_start(settings.resolvers))
		status_broken("a library does not start");
}

int main(void)
{
	static const struct route routes[] = {{message_name_probe, serve_name_probe}};
	static const struct service service = {
		.routes = routes, .route_count = sizeof routes / sizeof routes[0], .threads = threads};
	child_enter(process_PROBER, message_prober_settings, &settings, prepare);
	if (is_refused(prober_open(&settings, &prober)))
		child_needs_person("The prober cannot start: its settings are too long.");
	OPENSSL_cleanse(&settings, sizeof settings);
	child_report_serving();
	child_serve(&service);
}
