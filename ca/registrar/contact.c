/* SPDX-License-Identifier: Apache-2.0
 * mailto: with one address and nothing else. */
#include "ca/registrar/contact.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

enum { contacts_most = 4, address_most = 254 };

static bool is_address_character(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0 ||
	       (c != 0 && strchr(".!#$&'*+-/=^_`{|}~@", c) != NULL);
}

/* Neither "?" (header fields) nor "," (several addresses) nor "%" (either in disguise) is a character of an address
 * here. */
static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');
	if (at == NULL || at == text || at[1] == 0 || strchr(at + 1, '@') != NULL || strlen(text) > address_most)
		return false;
	for (const char *c = text; *c != 0; c++)
		if (!is_address_character(*c))
			return false;
	return true;
}

static status judge_one(const json_t *contact)
{
	static const char scheme[] = "mailto:";
	const char *text = json_string_value(contact);
	if (text == NULL)
		return REFUSE(payload_malformed);
	if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
		return strchr(text, ':') != NULL ? REFUSE(contact_unsupported) : REFUSE(contact_invalid);
	return is_address(text + sizeof scheme - 1) ? OK : REFUSE(contact_invalid);
}

status contact_judge(const struct json_t *contacts, char out[2049])
{
	size_t size;
	if (contacts == NULL) {
		memcpy(out, "[]", 3);
		return OK;
	}
	if (!json_is_array(contacts))
		return REFUSE(payload_malformed);
	if (json_array_size(contacts) > contacts_most)
		return REFUSE(contact_invalid);
	for (size_t i = 0; i < json_array_size(contacts); i++)
		TRY(judge_one(json_array_get(contacts, i)));
	size = json_dumpb(contacts, out, 2048, JSON_COMPACT);
	if (size == 0 || size > 2048)
		return REFUSE(contact_invalid);
	out[size] = 0;
	return OK;
}
