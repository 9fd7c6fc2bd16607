/* SPDX-License-Identifier: Apache-2.0
 * Sends payloads. Whose bytes: our own; the answers are read elsewhere. */
#include "attest/enroll/post.h"

#include <stdlib.h>

#include "attest/enroll/answer.h"

outcome post_object(struct acme *acme, const char *url, json_t *payload, struct http_answer *out)
{
	char *text = payload == NULL ? NULL : json_dumps(payload, JSON_COMPACT);
	json_decref(payload);
	if (text == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome result = signed_post(&acme->client, url, bytes_from_text(text), out);
	free(text);
	return result;
}

outcome post_as_get(struct acme *acme, const char *url, struct http_answer *answer, json_t **out)
{
	STEP(signed_post(&acme->client, url, (struct bytes){0}, answer));
	return answer_read(answer, url, out);
}
