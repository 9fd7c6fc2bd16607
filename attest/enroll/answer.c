/* SPDX-License-Identifier: Apache-2.0
 * Decides what is an answer. Distrusts its size, its members and their kinds. */
#include "attest/enroll/answer.h"

#include <stdlib.h>

#include "ca/client/signed.h"
#include "ca/jose/base64url.h"

outcome answer_read(const struct http_answer *answer, const char *from, json_t **out)
{
	json_error_t error;
	json_t *object = json_loadb((const char *)answer->body.data, answer->body.size, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(object)) {
		*out = object;
		return DONE;
	}
	json_decref(object);
	return outcome_fail(exit_network, "the answer of %s (HTTP status %u) is not a JSON object", from,
			    answer->status);
}

outcome answer_get(struct http *http, const char *url, const char *what, json_t **out)
{
	const struct http_request request = {.method = 'G', .url = url};
	struct http_answer answer;
	STEP(http_send(http, &request, &answer));
	return answer.status == 200 ? answer_read(&answer, url, out) : signed_refused(what, &answer);
}

const char *answer_word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

static outcome copy_text(const json_t *value, const char *name, char *out, size_t room)
{
	const char *text = json_string_value(value);
	const size_t size = json_string_length(value);
	if (text == NULL || size == 0 || size >= room)
		return outcome_fail(exit_network, "the CA's answer lacks \"%s\"", name);
	memcpy(out, text, size + 1);
	return DONE;
}

outcome answer_text(const json_t *object, const char *name, char *out, size_t room)
{
	return copy_text(json_object_get(object, name), name, out, room);
}

outcome answer_first(const json_t *object, const char *name, char *out, size_t room)
{
	return copy_text(json_array_get(json_object_get(object, name), 0), name, out, room);
}

outcome answer_octets(const json_t *object, const char *name, struct buffer *out)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	if (text == NULL || is_refused(base64url_decode(bytes_from(text, json_string_length(value)), out)))
		return outcome_fail(exit_network, "the CA's answer lacks \"%s\"", name);
	return DONE;
}

bool answer_add_octets(json_t *to, const char *name, struct bytes octets)
{
	const size_t room = octets.size / 3 * 4 + 4;
	struct buffer text = {.data = malloc(room), .room = room};
	json_t *value = NULL;
	if (text.data != NULL && base64url_encode(octets, &text))
		value = json_stringn((const char *)text.data, text.size);
	free(text.data);
	return value != NULL && json_object_set_new(to, name, value) == 0;
}
