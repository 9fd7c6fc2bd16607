/* SPDX-License-Identifier: Apache-2.0
 * Signed requests (RFC 8555 6.2 to 6.7): nonces fetched and renewed, problem documents turned into sentences. Distrusts
 * every answer. */
#ifndef KEYWARD_SIGNED_H
#define KEYWARD_SIGNED_H

#include <openssl/evp.h>

#include "ca/client/http.h"

/* Who signs, and where its nonces come from. */
struct signed_client {
	struct http *http;	       /* borrowed */
	EVP_PKEY *key;		       /* borrowed */
	char new_nonce[http_url_room]; /* URL */
	char kid[http_url_room];       /* empty: the key's jwk is sent */
	char nonce[http_nonce_room];   /* the next one; empty: fetch */
};

/* Posts a payload (empty: POST-as-GET); a bad nonce is answered by the fresh one that came with it, a few times (RFC 8555
 * 6.5), and a busy server waited for (http_wait). DONE: a status of 200 to 299. exit_refused or exit_later, with the
 * problem's detail said; exit_network. */
outcome signed_post(struct signed_client *client, const char *url, struct bytes payload, struct http_answer *out);

/* A sentence for a problem document (RFC 7807); `what` was asked for. exit_later for a busy server and for what may pass,
 * else exit_refused. */
outcome signed_refused(const char *what, const struct http_answer *answer);

/* Whether a refusal (by its name in a problem document) is one of this order or activation, not of the device: a new
 * one may be granted. */
bool signed_may_pass(struct bytes refusal);

#endif
