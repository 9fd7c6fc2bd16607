/* SPDX-License-Identifier: Apache-2.0
 * JSON answers of the CA, member by member. Distrusts every answer. */
#ifndef KEYWARD_ANSWER_H
#define KEYWARD_ANSWER_H

#include <jansson.h>

#include "ca/client/http.h"

/* One JSON object without duplicate members. exit_network. Owner: json_decref. */
outcome answer_read(const struct http_answer *answer, const char *from, json_t **out);
/* Likewise, asked for by GET with status 200; `what` names it in the sentence. What http_send and signed_refused say. */
outcome answer_get(struct http *http, const char *url, const char *what, json_t **out);

/* Each with a sentence, exit_network, when the member is absent or of another kind or too long. */
outcome answer_text(const json_t *object, const char *name, char *out, size_t room);
outcome answer_octets(const json_t *object, const char *name, struct buffer *out);
/* The first element of an array of strings. */
outcome answer_first(const json_t *object, const char *name, char *out, size_t room);

/* The string of a member; "" when it is none. A view into the object. */
const char *answer_word(const json_t *object, const char *name);

/* Adds a member of base64url; false: no memory. */
bool answer_add_octets(json_t *to, const char *name, struct bytes octets);

#endif
