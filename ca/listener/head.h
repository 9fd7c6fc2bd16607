/* SPDX-License-Identifier: Apache-2.0
 * The head of an HTTP request, judged more strictly than libmicrohttpd's parser does: framing first, since a request
 * whose end is in doubt ends its connection, then what is asked. Distrusts every byte; allocates and logs nothing. */
#ifndef KEYWARD_HEAD_H
#define KEYWARD_HEAD_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

enum { head_most_fields = 64, head_longest_target = 512 };

struct head_field {
	struct bytes name, value;
};

/* As the parser cut it: all views point into the one buffer that the request was received in. */
struct head {
	struct bytes method, target, version;
	struct head_field fields[head_most_fields];
	size_t field_count;
};

struct head_asked {
	uint8_t method;            /* 'G', 'H', 'P' */
	struct bytes content_type; /* without white space around it; empty: none */
};

/* Where the request ends (RFC 9112 6.3): http_malformed unless HTTP/1.1, one Host, lines that end in CRLF and are
 * not folded (seen by the places of the views), field names of token characters, values without control
 * characters, no Transfer-Encoding (every ACME client knows its body's length), at most one Content-Length, of
 * digits. body_too_long. */
status head_frame(const struct head *head, size_t body_limit, size_t *body_size);

/* The request target before anything was unescaped: http_malformed when not in origin form; not_found for what no
 * resource of ours is called: a query, an escape, an empty or dot segment, too long. */
status head_judge_target(struct bytes target);

/* Whether a POST there is not signed: the resources attest and secret of a directory. */
bool head_is_plain(struct bytes target);

/* What is asked, of a head that head_frame accepted: method_wrong, media_type_wrong (RFC 8555 6.2: POST takes
 * application/jose+json only, but where it is not signed application/json or none), http_malformed for GET or HEAD with a body and for two content types. */
status head_judge(const struct head *head, size_t body_size, struct head_asked *out);

#endif
