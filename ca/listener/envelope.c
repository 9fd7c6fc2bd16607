/* SPDX-License-Identifier: Apache-2.0
 * Syntax of the flattened JWS. Distrusts every byte of the body. */
#include "ca/listener/envelope.h"

#include "ca/jose/json.h"

static bool is_base64url(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t c = text.data[i];
		const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!is_word && c != '-' && c != '_')
			return false;
	}
	return text.size % 4 != 1;
}

status envelope_check(struct bytes body, struct buffer *room)
{
	static const char *const names[] = {"protected", "payload", "signature"};
	enum { count = sizeof names / sizeof names[0] };
	struct json_read read;
	TRY(json_parse(body, room, &read));
	if (read.count != count)
		return REFUSE(jws_malformed);
	for (size_t i = 0; i < count; i++) {
		const struct json_member *member = json_find(&read, names[i]);
		if (member == NULL || member->kind != json_string)
			return REFUSE(jws_malformed);
		if (member->value.size == 0 && strcmp(names[i], "payload") != 0)
			return REFUSE(jws_malformed);
		if (!is_base64url(member->value))
			return REFUSE(base64url_malformed);
	}
	return OK;
}
