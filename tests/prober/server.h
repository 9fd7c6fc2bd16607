/* SPDX-License-Identifier: Apache-2.0
 * A web server and a TLS server on loopback that answer what they are told to. For tests only. */
#ifndef KEYWARD_TEST_SERVER_H
#define KEYWARD_TEST_SERVER_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* Start the threads that serve on 127.0.0.1 and ::1; their ports. */
uint16_t server_start_http(void);
uint16_t server_start_tls(void);

/* From now on every path is answered with 404, and TLS is not spoken. */
void server_forget(void);
/* The whole answer to GET of a path, over both; NULL: the request is taken and never answered. */
void server_answer(const char *path, const char *answer);
/* The certificate and what ALPN chooses, of what the client offers; NULL: nothing. */
void server_show(X509 *certificate, EVP_PKEY *key, const char *protocol);

/* The latest version of TLS that is spoken; 0: all. */
void server_speak(int version);

/* Of the last connection. */
const char *server_last_host(void);
const char *server_last_server_name(void);
const char *server_last_offer(void); /* of ALPN, as in the handshake */
unsigned server_last_data(void);     /* octets that followed the handshake; UINT32_MAX: the client does not go */
unsigned server_connections(void); /* since server_forget */

#endif
