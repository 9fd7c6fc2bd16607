/* SPDX-License-Identifier: Apache-2.0
 * Syntax of the flattened JWS. Distrusts every byte of the body. */
#include "ca/listener/envelope.h"

#include "ca/jose/base64url.h"
#include "ca/jose/json.h"

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
		if (!base64url_is(member->value))
			return REFUSE(base64url_malformed);
	}
	return OK;
}
