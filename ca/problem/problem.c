/* SPDX-License-Identifier: Apache-2.0
 * Writes a refusal as a problem document. Distrusts the detail, which may repeat what a client sent. */
#include "ca/problem/problem.h"

#include <stdio.h>

#include "firmware/boundary/wire.h"

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

/* One octet of a JSON string. Beyond the required escapes DEL is escaped too: the text ends up on terminals. */
static bool add_escaped(struct buffer *out, uint8_t octet)
{
	static const char digits[] = "0123456789abcdef";
	if (octet == '"' || octet == '\\') {
		const uint8_t pair[] = {'\\', octet};
		return buffer_add(out, pair, sizeof pair);
	}
	if (octet < 0x20 || octet == 0x7f) {
		const char unit[] = {'\\', 'u', '0', '0', digits[octet >> 4], digits[octet & 15]};
		return buffer_add(out, unit, sizeof unit);
	}
	return buffer_add(out, &octet, 1);
}

static bool add_all_escaped(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!add_escaped(out, text.data[i]))
			return false;
	return true;
}

static bool add_string(struct buffer *out, const char *name, const char *value)
{
	return add_text(out, ",\"") && add_text(out, name) && add_text(out, "\":\"") &&
	       add_all_escaped(out, bytes_from_text(value)) && add_text(out, "\"");
}

/* What of the caller's detail goes into the document: at most problem_detail_most octets of whole characters. */
static struct bytes usable_detail(const char *detail)
{
	struct bytes text = bytes_from_text(detail);
	if (!wire_is_text(text))
		return bytes_from(NULL, 0);
	if (text.size <= problem_detail_most)
		return text;
	text.size = problem_detail_most;
	while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80)
		text.size--;
	return text;
}

static bool add_detail(struct buffer *out, const char *sentence, const char *detail)
{
	const struct bytes more = usable_detail(detail);
	if (!add_text(out, ",\"detail\":\"") || !add_all_escaped(out, bytes_from_text(sentence)))
		return false;
	if (more.size != 0 && (!add_text(out, ": ") || !add_all_escaped(out, more)))
		return false;
	return add_text(out, "\"");
}

static bool add_algorithms(struct buffer *out, const struct refusal_entry *entry)
{
	if (strcmp(entry->acme, "badSignatureAlgorithm") != 0)
		return true;
	return add_text(out, ",\"algorithms\":[\"ES256\",\"ES384\",\"ES512\",\"RS256\",\"PS256\",\"EdDSA\"]");
}

static bool add_subproblems(struct buffer *out, struct bytes subproblems)
{
	return subproblems.size == 0 || (add_text(out, ",\"subproblems\":[") &&
					 buffer_add(out, subproblems.data, subproblems.size) && add_text(out, "]"));
}

static bool add_document(struct buffer *out, const struct refusal_entry *entry, const char *detail,
			 struct bytes subproblems)
{
	char number[32];
	const int size = snprintf(number, sizeof number, ",\"status\":%u", (unsigned)entry->http_status);
	return add_text(out, "{\"type\":\"urn:ietf:params:acme:error:") && add_text(out, entry->acme) &&
	       add_text(out, "\"") && buffer_add(out, number, (size_t)size) &&
	       add_detail(out, entry->sentence, detail) && add_string(out, "refusal", entry->name) &&
	       add_string(out, "reference", entry->source) && add_algorithms(out, entry) &&
	       add_subproblems(out, subproblems) && add_text(out, "}");
}

bool problem_build_whole(status why, const char *detail, struct bytes subproblems, struct buffer *out)
{
	const size_t before = out->size;
	if (add_document(out, status_entry(why.refusal), detail, subproblems))
		return true;
	out->size = before;
	return false;
}

bool problem_build(status why, const char *detail, struct buffer *out)
{
	return problem_build_whole(why, detail, bytes_from(NULL, 0), out);
}

static bool add_subproblem(struct buffer *list, status why, const char *detail, const char *type, const char *value)
{
	const struct refusal_entry *entry = status_entry(why.refusal);
	const bool is_mismatch = why.refusal == refusal_identity_mismatch;
	struct bytes said = usable_detail(detail);
	if (said.size == 0)
		said = bytes_from_text(entry->sentence);
	return add_text(list, list->size == 0 ? "{" : ",{") && add_text(list, "\"type\":\"urn:ietf:params:acme:error:") &&
	       add_text(list, is_mismatch ? "rejectedIdentifier" : entry->acme) && add_text(list, "\",\"detail\":\"") &&
	       add_all_escaped(list, said) && add_text(list, "\",\"identifier\":{\"type\":\"") &&
	       add_all_escaped(list, bytes_from_text(type)) && add_text(list, "\"") && add_string(list, "value", value) &&
	       add_text(list, "}}");
}

bool problem_add_subproblem(status why, const char *detail, const char *type, const char *value, struct buffer *list)
{
	const size_t before = list->size;
	if (add_subproblem(list, why, detail, type, value))
		return true;
	list->size = before;
	return false;
}
