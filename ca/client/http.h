/* SPDX-License-Identifier: Apache-2.0
 * HTTPS to one origin, trusted by one root file and nothing else. The one file for libcurl. Distrusts every answer: its
 * size, its headers, its time. */
#ifndef KEYWARD_HTTP_H
#define KEYWARD_HTTP_H

#include "ca/client/outcome.h"

enum { http_body_room = 262144, http_url_room = 600, http_nonce_room = 128, http_patience_s = 30 };

struct http;

/* origin_url: any URL of the server; requests to another scheme, host or port are refused. One at a time. Owner:
 * http_close. */
outcome http_open(const char *root_file, const char *origin_url, struct http **out);
void http_close(struct http *http);

struct http_request {
	char method; /* 'G', 'H' or 'P' */
	const char *url;
	const char *content_type; /* of the body */
	struct bytes body;
};

struct http_answer {
	unsigned status;
	char nonce[http_nonce_room];  /* Replay-Nonce; empty: none */
	char location[http_url_room]; /* empty: none */
	char content_type[128];	      /* without parameters; empty: none */
	unsigned retry_after_s;	      /* 0: none */
	struct bytes body;	      /* until the next request; a NUL stands behind it */
};

/* One request, one answer of at most http_body_room octets, within a minute; redirects are not followed. GET and HEAD
 * are repeated while the server is busy. Unless an HTTP answer came: a sentence, and exit_network, or exit_later when the
 * server answered before and is gone now. */
outcome http_send(struct http *http, const struct http_request *request, struct http_answer *out);

/* 503 or 429: the same may succeed later. */
bool http_is_busy(const struct http_answer *answer);

/* Waits as long as is asked, as by an answer's Retry-After (RFC 9110 10.2.3); a second for 0. False, at once and from then
 * on, when that would end more than http_patience_s after the first wait began: slow answers count too. */
bool http_wait(struct http *http, unsigned asked_s);

#endif
