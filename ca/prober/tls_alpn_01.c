/* SPDX-License-Identifier: Apache-2.0
 * One handshake, after which nothing is sent. Tries the name's addresses one after another. Distrusts the server. */
#include "ca/prober/tls_alpn_01.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/prober/acme_certificate.h"
#include "ca/prober/dns.h"

enum { connect_ms = 4000 };

static SSL_CTX *context;

bool tls_alpn_01_start(void)
{
	static const unsigned char protocol[] = "\x0a" "acme-tls/1";
	context = SSL_CTX_new(TLS_client_method());
	if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(context, protocol, sizeof protocol - 1) != 0)
		return false;
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* the certificate is judged below */
	return true;
}

static void free_tls(SSL **tls)
{
	SSL_free(*tls);
}
static void close_socket(int *socket)
{
	if (*socket >= 0)
		close(*socket);
}

void tls_alpn_01_server_name(const char *name, bool is_ip, char out[errand_name_room])
{
	struct address address;
	size_t used = 0;
	if (!is_ip || !address_read(name, &address)) {
		snprintf(out, errand_name_room, "%s", name);
		return;
	}
	for (size_t i = address.size; i-- > 0;) {
		const unsigned octet = address.octets[i];
		used += (size_t)(address.size == 4
					 ? snprintf(out + used, errand_name_room - used, "%u.", octet)
					 : snprintf(out + used, errand_name_room - used, "%x.%x.", octet & 15, octet >> 4));
	}
	snprintf(out + used, errand_name_room - used, "%s", address.size == 4 ? "in-addr.arpa" : "ip6.arpa");
}

/* False: not in time. */
static bool wait_for(const struct errand *errand, int socket, short events, uint32_t most_ms)
{
	const uint32_t left_ms = errand_left_ms(errand);
	struct pollfd slot = {.fd = socket, .events = events};
	return left_ms != 0 && poll(&slot, 1, (int)(left_ms < most_ms ? left_ms : most_ms)) == 1;
}

/* -1: no connection. */
static int connect_to(const struct errand *errand, const struct address *address)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)errand->settings->https_port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six.sin6_port};
	const bool is_six = address->size == 16;
	memcpy(is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr, address->octets, address->size);
	const struct sockaddr *to = is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	int error = 0;
	socklen_t size = sizeof error;
	__attribute__((cleanup(close_socket))) int made =
		socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (made < 0)
		return -1;
	if (connect(made, to, is_six ? sizeof six : sizeof four) != 0 &&
	    (errno != EINPROGRESS || !wait_for(errand, made, POLLOUT, connect_ms) ||
	     getsockopt(made, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0))
		return -1;
	const int connected = made;
	made = -1;
	return connected;
}

static status shake_hands(const struct errand *errand, SSL *tls, int socket)
{
	for (;;) {
		const int done = SSL_connect(tls);
		if (done == 1)
			return OK;
		const int wants = SSL_get_error(tls, done);
		if ((wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) ||
		    !wait_for(errand, socket, wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, UINT32_MAX / 2)) {
			const char *reason = ERR_reason_error_string(ERR_peek_last_error());
			detail_say(errand->detail, "%s: the TLS handshake fails: %s", errand->name,
				   reason == NULL ? "the server goes away, or is too slow" : reason);
			return REFUSE(probe_tls_failed);
		}
	}
}

static status judge_server(const struct errand *errand, const SSL *tls)
{
	const unsigned char *protocol = NULL;
	unsigned size = 0;
	unsigned char *der = NULL;
	SSL_get0_alpn_selected(tls, &protocol, &size);
	if (!bytes_equal_text(bytes_from(protocol, size), "acme-tls/1")) {
		detail_say(errand->detail, "%s does not choose the protocol acme-tls/1", errand->name);
		return REFUSE(probe_tls_failed);
	}
	X509 *certificate = SSL_get1_peer_certificate(tls);
	const int der_size = certificate == NULL ? 0 : i2d_X509(certificate, &der);
	const char *lack = acme_certificate_judge(bytes_from(der, der_size < 0 ? 0 : (size_t)der_size), errand->name,
						  errand->is_ip, errand->digest);
	OPENSSL_free(der);
	X509_free(certificate);
	if (lack == NULL)
		return OK;
	detail_say(errand->detail, "%s: of the certificate: %s", errand->name, lack);
	return REFUSE(probe_certificate_wrong);
}

static status ask_server(const struct errand *errand, int socket)
{
	char server_name[errand_name_room];
	__attribute__((cleanup(free_tls))) SSL *tls = SSL_new(context);
	tls_alpn_01_server_name(errand->name, errand->is_ip, server_name);
	if (tls == NULL || SSL_set_fd(tls, socket) != 1 || SSL_set_tlsext_host_name(tls, server_name) != 1)
		return REFUSE(internal);
	status done = shake_hands(errand, tls, socket);
	if (!is_refused(done))
		done = judge_server(errand, tls);
	ERR_clear_error();
	return done;
}

status tls_alpn_01_probe(const struct errand *errand)
{
	struct address_list addresses;
	TRY(dns_resolve(errand, errand->name, &addresses));
	for (size_t i = 0; i < addresses.count; i++) {
		__attribute__((cleanup(close_socket))) int socket = connect_to(errand, &addresses.at[i]);
		if (socket >= 0)
			return ask_server(errand, socket);
	}
	detail_say(errand->detail, "%s: no connection to port %u", errand->name, errand->settings->https_port);
	return REFUSE(probe_connection_failed);
}
