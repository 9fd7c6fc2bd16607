/* SPDX-License-Identifier: Apache-2.0
 * The one path of every request. In this order: route, media type, JWS syntax, key, algorithm, signature, url, nonce,
 * account or role, and only then the payload. What fails before the nonce leaves the nonce good. */
#ifndef KEYWARD_REQUEST_H
#define KEYWARD_REQUEST_H

#include "ca/registrar/keyring.h"
#include "ca/registrar/reply.h"

/* What stood for each * and ? in the path; empty: none. */
enum { route_parts_most = 3, route_part_room = 80 };
struct route_parts {
	char at[route_parts_most][route_part_room];
};

/* What a resource gets to see: everything up to here was verified. */
struct request {
	char method;		/* 'G', 'H', 'P' */
	struct bytes body;	/* the flattened JWS as sent */
	struct route_parts parts;
	const char *part;	/* the first of them */
	uint8_t address[limit_address_size]; /* where it came from, as the listener says */
	struct json_t *payload; /* an object; NULL: POST-as-GET, or a GET */
	struct bytes payload_text, url; /* as signed */
	int64_t account;	/* who signed; 0: a new key, an administrator, nobody */
	char jwk[1025];
	const struct key_holder *signer; /* lasts as long as the request */
	uint8_t thumbprint[store_hash_size];
	char administrator[65];
};

/* Answers; views in `out` last until this thread answers again. Called by many threads. */
void request_answer(struct registrar *registrar, const struct message_request *in, struct message_response *out);

/* The resources of routes.def. A refusal becomes a problem document. */
#define ROUTE(path, method, signer, handler)                                                                           \
	status handler(struct registrar *registrar, const struct request *request, struct reply *reply);
#include "ca/registrar/routes.def"
#undef ROUTE

#endif
