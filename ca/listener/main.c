/* SPDX-License-Identifier: Apache-2.0
 * keyward-listener: the appliance's side of the network. Reads TLS, HTTP and the envelope of signed requests, and
 * passes what is well-formed to the registrar. Holds no key but its own of one day. */
#include <pthread.h>
#include <time.h>

#include "ca/listener/certify.h"
#include "ca/listener/server.h"
#include "firmware/confine/child.h"

enum { first_retry_ms = 10, last_retry_ms = 2000 };

static struct message_listener_settings settings;
static struct link *registrar, *signer;

static void pause_ms(uint64_t ms)
{
	struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	while (nanosleep(&left, &left) != 0)
		continue;
}

/* Until there is a certificate. A signer that starts, too, is waited for without a word; whatever else it says is told once. */
static uint64_t certify(void)
{
	uint64_t renew_after_s = 0, retry_ms = first_retry_ms;
	enum refusal told = refusal_none;
	for (;; retry_ms = retry_ms < last_retry_ms / 2 ? retry_ms * 2 : last_retry_ms) {
		const status done = certify_once(signer, &renew_after_s);
		if (!is_refused(done)) {
			child_log(6, "the signer certified a new TLS key");
			return renew_after_s;
		}
		if (done.refusal != told && (done.refusal != refusal_neighbour_away || retry_ms == last_retry_ms)) {
			child_log(4, "no TLS certificate yet: %s", status_entry(done.refusal)->sentence);
			told = done.refusal;
		}
		pause_ms(retry_ms);
	}
}

/* Serving starts with the first certificate; connections made before wait in the socket's queue. */
static void *keep_certified(void *unused)
{
	(void)unused;
	uint64_t renew_after_s = certify();
	const struct server_setup setup = {
		.listening = child_fd_own,
		.limits = &settings,
		.registrar = registrar,
	};
	if (!server_start(&setup))
		child_needs_person("the HTTPS server cannot start on its socket; check listen in the configuration");
	child_report_serving();
	for (;;) {
		pause_ms(renew_after_s * 1000);
		renew_after_s = certify();
	}
	return NULL;
}

static void wired(enum process neighbour, int channel)
{
	link_wire(neighbour == process_SIGNER ? signer : registrar, channel);
}

int main(void)
{
	static const struct service service = {.wired = wired};
	pthread_t thread;
	child_enter(process_LISTENER, message_listener_settings, &settings, NULL);
	registrar = link_new(process_REGISTRAR);
	signer = link_new(process_SIGNER);
	if (pthread_create(&thread, NULL, keep_certified, NULL) != 0)
		status_broken("the listener cannot start a thread");
	child_serve(&service);
}
