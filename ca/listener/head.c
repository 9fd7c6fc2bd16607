/* SPDX-License-Identifier: Apache-2.0
 * Strictness that libmicrohttpd 0.9.75 lacks: it takes a bare CR or LF for the end of a line, drops folded lines and
 * accepts any Transfer-Encoding. Since it cuts lines in place, the distances between the views tell what it skipped. */
#include "ca/listener/head.h"

#include <strings.h>

static bool is_named(const struct head_field *field, const char *name)
{
	return field->name.size == strlen(name) &&
	       strncasecmp((const char *)field->name.data, name, field->name.size) == 0;
}

static bool is_token(struct bytes text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t c = text.data[i];
		const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		if (!is_word && memchr(others, c, sizeof others - 1) == NULL)
			return false;
	}
	return text.size != 0;
}

static bool is_field_value(struct bytes text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
			return false;
	return true;
}

/* Octets from the end of `before` to the start of `after`; huge when they are not in that order. */
static size_t gap(struct bytes before, struct bytes after)
{
	return (uintptr_t)after.data - ((uintptr_t)before.data + before.size);
}

/* Single spaces in the request line, and CRLF, nothing else, between the lines. */
static bool is_gapless(const struct head *head)
{
	enum { space = 1, line_end = 2, longest_line = 65536 };
	struct bytes last = head->version;
	if (gap(head->method, head->target) != space || gap(head->target, head->version) != space)
		return false;
	for (size_t i = 0; i < head->field_count; i++) {
		const struct head_field *field = &head->fields[i];
		if (gap(last, field->name) != line_end || gap(field->name, field->value) > longest_line)
			return false;
		last = field->value;
	}
	return true;
}

static struct bytes trim(struct bytes text)
{
	while (text.size != 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = bytes_from(text.data + 1, text.size - 1);
	while (text.size != 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
		text.size--;
	return text;
}

/* The only field of that name; `out` is empty when there is none. */
static status find_single(const struct head *head, const char *name, struct bytes *out)
{
	const struct head_field *found = NULL;
	for (size_t i = 0; i < head->field_count; i++) {
		if (!is_named(&head->fields[i], name))
			continue;
		if (found != NULL)
			return REFUSE(http_malformed);
		found = &head->fields[i];
	}
	*out = found == NULL ? bytes_from(NULL, 0) : trim(found->value);
	return OK;
}

static bool has_field(const struct head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (is_named(&head->fields[i], name))
			return true;
	return false;
}

static status read_length(struct bytes digits, size_t limit, size_t *out)
{
	enum { most_digits = 15 };
	size_t length = 0;
	for (size_t i = 0; i < digits.size; i++)
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return REFUSE(http_malformed);
	if (digits.size > most_digits)
		return REFUSE(body_too_long);
	for (size_t i = 0; i < digits.size; i++)
		length = length * 10 + (size_t)(digits.data[i] - '0');
	if (length > limit)
		return REFUSE(body_too_long);
	*out = length;
	return OK;
}

status head_frame(const struct head *head, size_t body_limit, size_t *body_size)
{
	struct bytes host, length;
	if (!bytes_equal_text(head->version, "HTTP/1.1") || !is_token(head->method) || !is_gapless(head))
		return REFUSE(http_malformed);
	for (size_t i = 0; i < head->field_count; i++)
		if (!is_token(head->fields[i].name) || !is_field_value(head->fields[i].value))
			return REFUSE(http_malformed);
	TRY(find_single(head, "Host", &host));
	TRY(find_single(head, "Content-Length", &length));
	if (host.size == 0 || has_field(head, "Transfer-Encoding"))
		return REFUSE(http_malformed);
	if (has_field(head, "Content-Length") && length.size == 0)
		return REFUSE(http_malformed);
	return read_length(length, body_limit, body_size);
}

static bool is_path_character(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
	       c == '.' || c == '~' || c == '/';
}

/* Segments of a path that starts with a slash; the last may be empty (a trailing slash is another resource, not
 * ours). */
static bool has_bad_segment(struct bytes path)
{
	size_t start = 1;
	for (size_t i = 1; i <= path.size; i++) {
		if (i != path.size && path.data[i] != '/')
			continue;
		const struct bytes segment = bytes_from(path.data + start, i - start);
		if (bytes_equal_text(segment, ".") || bytes_equal_text(segment, ".."))
			return true;
		if (segment.size == 0 && i != path.size)
			return true;
		start = i + 1;
	}
	return false;
}

status head_judge_target(struct bytes target)
{
	if (target.size == 0 || target.data[0] != '/')
		return REFUSE(http_malformed);
	for (size_t i = 0; i < target.size; i++)
		if (target.data[i] <= 0x20 || target.data[i] >= 0x7f)
			return REFUSE(http_malformed);
	if (target.size > head_longest_target)
		return REFUSE(not_found);
	for (size_t i = 0; i < target.size; i++)
		if (!is_path_character(target.data[i]))
			return REFUSE(not_found);
	return has_bad_segment(target) ? REFUSE(not_found) : OK;
}

static bool is_type(struct bytes type, const char *expected)
{
	return type.size == strlen(expected) && strncasecmp((const char *)type.data, expected, type.size) == 0;
}

bool head_is_plain(struct bytes target)
{
	static const char lead[] = "/acme/";
	static const char *const last[] = {"/attest", "/secret"};
	if (target.size < sizeof lead || memcmp(target.data, lead, sizeof lead - 1) != 0)
		return false;
	const struct bytes rest = bytes_from(target.data + sizeof lead - 1, target.size - sizeof lead + 1);
	const uint8_t *slash = memchr(rest.data, '/', rest.size);
	if (slash == NULL)
		return false;
	const struct bytes resource = bytes_from(slash, rest.size - (size_t)(slash - rest.data));
	return bytes_equal_text(resource, last[0]) || bytes_equal_text(resource, last[1]);
}

/* Step CLI does not say what its JSON is. */
static bool is_type_taken(struct bytes type, bool is_plain)
{
	return is_plain ? type.size == 0 || is_type(type, "application/json") : is_type(type, "application/jose+json");
}

status head_judge(const struct head *head, size_t body_size, struct head_asked *out)
{
	struct bytes type;
	TRY(find_single(head, "Content-Type", &type));
	if (bytes_equal_text(head->method, "POST")) {
		if (!is_type_taken(type, head_is_plain(head->target)))
			return REFUSE(media_type_wrong);
		*out = (struct head_asked){.method = 'P', .content_type = type};
		return OK;
	}
	const bool is_get = bytes_equal_text(head->method, "GET");
	if (!is_get && !bytes_equal_text(head->method, "HEAD"))
		return REFUSE(method_wrong);
	if (body_size != 0)
		return REFUSE(http_malformed);
	*out = (struct head_asked){.method = is_get ? 'G' : 'H', .content_type = bytes_from(NULL, 0)};
	return OK;
}
