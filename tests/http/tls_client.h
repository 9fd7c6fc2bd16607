/* SPDX-License-Identifier: Apache-2.0
 * A TLS client for tests of the listener, by GnuTLS. What may not fail ends the program. */
#ifndef KEYWARD_TESTS_TLS_CLIENT_H
#define KEYWARD_TESTS_TLS_CLIENT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

enum { tls_answer_room = 200000 };
/* What tls_client_read got last, with a NUL behind. */
extern char tls_answer[tls_answer_room];

struct tls_client {
	int socket;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

/* A TCP connection to that port of the loopback. */
int tls_client_connect(uint16_t port);

/* Connects and shakes hands with those priorities; false when the server did not. To be closed in both cases. */
bool tls_client_try(uint16_t port, struct tls_client *client, const char *priorities);
void tls_client_open(uint16_t port, struct tls_client *client);
void tls_client_close(struct tls_client *client);

bool tls_client_send(struct tls_client *client, const char *text, size_t size);

/* Reads until `count` answers (0: any number) are complete, the end, or nothing came for that long. True: the
 * server ended the connection. */
bool tls_client_read(struct tls_client *client, size_t count, int timeout_ms);

#endif
