/* SPDX-License-Identifier: Apache-2.0
 * keyward-registrar: enters its confinement, opens the database, and answers the listener's requests in several
 * threads. Wires only; every decision is in the other files. */
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ca/registrar/request.h"
#include "ca/registrar/sweep.h"
#include "firmware/confine/child.h"

/* Each waits for its neighbours itself; they share commits. */
enum { threads = 4 };

static struct registrar registrar;

/* What would look for files of the host: OpenSSL's configuration, jansson's seed. */
static void prepare(void)
{
	uint8_t octet;
	if (OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) != 1 ||
	    RAND_bytes(&octet, 1) != 1)
		child_needs_person("libcrypto cannot be used");
	json_object_seed(0);
}

static status answer(int channel, uint32_t call, const void *request)
{
	struct message_response response;
	request_answer(&registrar, request, &response);
	return channel_send(channel, call, message_response, &response);
}

static void take_channel(enum process neighbour, int channel)
{
	struct link *link = neighbour == process_SIGNER	  ? registrar.signer
			    : neighbour == process_PROBER ? registrar.prober
							  : registrar.verifier;
	link_wire(link, channel);
	if (neighbour == process_SIGNER)
		takeover_announce(&registrar);
}

int main(void)
{
	static const struct route routes[] = {{message_request, answer}};
	static const struct service service = {
	    .routes = routes,
	    .route_count = sizeof routes / sizeof routes[0],
	    .threads = threads,
	    .wired = take_channel,
	};
	struct message_registrar_settings settings;
	char sentence[256] = "";
	child_enter(process_REGISTRAR, message_registrar_settings, &settings, prepare);
	if (is_refused(registrar_open(&registrar, &settings, "/database/keyward.db", child_report_alive, sentence)))
		child_needs_person("%s", sentence);
	registrar.log = child_log;
	registrar.verifier = link_new(process_VERIFIER);
	registrar.signer = link_new(process_SIGNER);
	registrar.prober = link_new(process_PROBER);
	takeover_start(&registrar);
	sweep_start(&registrar);
	probe_start(&registrar);
	child_report_serving();
	child_serve(&service);
}
