/* SPDX-License-Identifier: Apache-2.0
 * Strict JSON by jansson, under a limit of depth. Distrusts the sender, who is known by now but not therefore good. */
#include "ca/registrar/payload.h"

#include "ca/jose/base64url.h"

enum { deepest = 16, payload_base64_most = 8192 };

/* Brackets outside strings. What is not JSON at all is left to jansson, which stops where it is wrong. */
static bool is_shallow(struct bytes text)
{
	size_t depth = 0;
	bool is_string = false;
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t c = text.data[i];
		if (is_string && c == '\\')
			i++;
		else if (c == '"')
			is_string = !is_string;
		else if (!is_string && (c == '{' || c == '[') && ++depth > deepest)
			return false;
		else if (!is_string && (c == '}' || c == ']') && depth > 0)
			depth--;
	}
	return true;
}

status payload_open(struct bytes text, struct json_t **out)
{
	json_error_t error;
	if (!is_shallow(text))
		return REFUSE(json_malformed);
	json_t *value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
	if (value == NULL)
		return json_error_code(&error) == json_error_duplicate_key ? REFUSE(json_duplicate)
									   : REFUSE(json_malformed);
	if (!json_is_object(value)) {
		json_decref(value);
		return REFUSE(json_malformed);
	}
	*out = value;
	return OK;
}

void payload_close(struct json_t *payload)
{
	json_decref(payload);
}

status payload_text(const json_t *payload, const char *name, const char **out)
{
	const char *text = json_string_value(json_object_get(payload, name));
	if (text == NULL)
		return REFUSE(payload_malformed);
	*out = text;
	return OK;
}

status payload_octets(const json_t *payload, const char *name, struct buffer *out)
{
	const char *text = NULL;
	TRY(payload_text(payload, name, &text));
	return base64url_decode(bytes_from_text(text), out);
}

/* The other alphabet, with padding up to groups of four: the same octets have no second spelling here either. */
status payload_base64(const char *text, struct buffer *out)
{
	uint8_t url[payload_base64_most];
	size_t size = strlen(text);
	if (size > sizeof url || size % 4 != 0)
		return REFUSE(payload_malformed);
	for (size_t i = 0; i < 2 && size > 0 && text[size - 1] == '='; i++)
		size--;
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '-' || text[i] == '_')
			return REFUSE(payload_malformed);
		url[i] = (uint8_t)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	}
	return is_refused(base64url_decode(bytes_from(url, size), out)) ? REFUSE(payload_malformed) : OK;
}
