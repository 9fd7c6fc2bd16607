/* SPDX-License-Identifier: Apache-2.0
 * A signed request whose payload is a JSON object. */
#ifndef KEYWARD_POST_H
#define KEYWARD_POST_H

#include "attest/enroll/acme.h"

/* Posts the object, which is given up either way (NULL: no memory is said). */
outcome post_object(struct acme *acme, const char *url, json_t *payload, struct http_answer *out);

/* POST-as-GET of a JSON object. Owner: json_decref. */
outcome post_as_get(struct acme *acme, const char *url, struct http_answer *answer, json_t **out);

#endif
