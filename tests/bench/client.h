/* SPDX-License-Identifier: Apache-2.0
 * One keep-alive HTTPS connection of the load client. For measurements only: whatever fails, or keeps silent for ten
 * seconds, ends the program with a sentence. */
#ifndef KEYWARD_BENCH_CLIENT_H
#define KEYWARD_BENCH_CLIENT_H

#include <jansson.h>
#include <openssl/ssl.h>

#include "tests/device/key.h"

struct client {
	SSL_CTX *context;
	SSL *ssl;
	int socket;
	char host[128], port[8];
	unsigned signed_requests; /* so far */
	/* the last answer */
	unsigned http_status;
	char nonce[128], location[600];
	size_t body_size;
	char body[128 * 1024];
};

/* Connects to the host and port of the URL, trusting that root alone. False: nobody answers there yet, or somebody else. */
bool client_open(struct client *client, const char *url, const char *root_file);
void client_close(struct client *client);

/* Sends one request and reads its answer. `body` of size 0: none. */
void client_ask(struct client *client, const char *method, const char *url, struct bytes body);

/* The last answer's body as JSON; the caller owns it. */
json_t *client_json(const struct client *client);

#endif
