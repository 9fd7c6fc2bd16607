/* SPDX-License-Identifier: Apache-2.0
 * Decides whether a file has the plain form that libconfuse reads as a person would: KEY = VALUE, lists in braces,
 * sections of one level, comments from # to the end of the line. Distrusts every byte; believes in no environment. */
#include "firmware/warden/configuration_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/boundary/wire.h"

bool configuration_text_refuse(const struct configuration_text *text, unsigned line, const char *format, ...)
{
	char reason[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s:%u: %s\n", text->file, line, reason);
	return false;
}

void configuration_text_free(struct configuration_text *text)
{
	free(text->characters);
	text->characters = NULL;
}

/* ---- bytes ---- */

static bool read_whole(int descriptor, struct configuration_text *out)
{
	out->characters = calloc(1, configuration_text_longest + 2);
	if (out->characters == NULL)
		return false;
	while (out->size <= configuration_text_longest) {
		ssize_t got = read(descriptor, out->characters + out->size, configuration_text_longest + 1 - out->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		out->size += (size_t)got;
	}
	errno = EFBIG;
	return false;
}

static bool read_file(struct configuration_text *out)
{
	struct stat about;
	int descriptor = open(out->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool is_read = descriptor >= 0 && fstat(descriptor, &about) == 0;
	if (is_read && !S_ISREG(about.st_mode)) {
		is_read = false;
		errno = EINVAL;
	}
	is_read = is_read && read_whole(descriptor, out);
	if (!is_read)
		fprintf(stderr, "The configuration %s cannot be read: %s\n", out->file, strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return is_read;
}

static bool check_bytes(const struct configuration_text *text)
{
	unsigned line = 1;
	for (size_t i = 0; i < text->size; i++) {
		const char c = text->characters[i];
		if (c == '\n')
			line++;
		if (c == '$' && text->characters[i + 1] == '{')
			return configuration_text_refuse(text, line, "${ is refused: no value comes from the environment");
		if (c == '\\')
			return configuration_text_refuse(text, line, "a backslash is refused: no value needs one");
		if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			return configuration_text_refuse(text, line, "a control character is refused");
	}
	return wire_is_text(bytes_from(text->characters, text->size)) ||
	       configuration_text_refuse(text, 1, "the file is not UTF-8");
}

/* ---- form ---- */

enum token { token_end, token_word, token_open, token_close, token_equals, token_comma, token_wrong };

struct scan {
	struct configuration_text *text;
	const char *at;
	unsigned line;
	char word[80]; /* of the last token_word; cut when longer, which no name is */
	char section[40], title[80];
	bool is_within;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.';
}

static void skip_blank(struct scan *scan)
{
	for (;; scan->at++) {
		if (*scan->at == '#')
			scan->at += strcspn(scan->at, "\n");
		if (*scan->at == '\n')
			scan->line++;
		else if (*scan->at != ' ' && *scan->at != '\t')
			return;
	}
}

static void keep_word(struct scan *scan, const char *from, size_t size)
{
	snprintf(scan->word, sizeof scan->word, "%.*s", (int)(size < sizeof scan->word ? size : sizeof scan->word), from);
}

static enum token scan_quoted(struct scan *scan)
{
	const char *from = scan->at + 1;
	size_t size = strcspn(from, "\"\n");
	if (from[size] != '"')
		return token_wrong;
	keep_word(scan, from, size);
	scan->at = from + size + 1;
	return token_word;
}

static enum token scan_token(struct scan *scan)
{
	static const struct {
		char character;
		enum token token;
	} signs[] = {{'{', token_open}, {'}', token_close}, {'=', token_equals}, {',', token_comma}};
	skip_blank(scan);
	if (*scan->at == '\0')
		return token_end;
	if (*scan->at == '"')
		return scan_quoted(scan);
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		if (*scan->at == signs[i].character) {
			scan->at++;
			return signs[i].token;
		}
	size_t size = 0;
	while (is_word(scan->at[size]))
		size++;
	if (size == 0)
		return token_wrong;
	keep_word(scan, scan->at, size);
	scan->at += size;
	return token_word;
}

static bool refuse_form(const struct scan *scan)
{
	return configuration_text_refuse(scan->text, scan->line,
					 "not of the form KEY = VALUE, KEY = { \"A\", \"B\" }, SECTION { or SECTION NAME {; "
					 "a value with other characters than letters, digits, _ - . stands in double quotes");
}

static const struct configuration_mark *find_mark(const struct configuration_text *text, const char *section,
						  const char *title, const char *key)
{
	for (size_t i = 0; i < text->mark_count; i++) {
		const struct configuration_mark *mark = &text->marks[i];
		if (strcmp(mark->section, section) == 0 && strcmp(mark->title, title == NULL ? "" : title) == 0 &&
		    strcmp(mark->key, key == NULL ? "" : key) == 0)
			return mark;
	}
	return NULL;
}

/* Takes down a key or section; a second one of the same name is refused. */
static bool take_mark(struct scan *scan, const char *key, unsigned line)
{
	struct configuration_text *text = scan->text;
	const struct configuration_mark *before = find_mark(text, scan->section, scan->title, key);
	if (before != NULL)
		return configuration_text_refuse(text, line, "%s is given twice, first on line %u",
						 *key != '\0' ? key : scan->section, before->line);
	if (text->mark_count == configuration_text_most_marks)
		return configuration_text_refuse(text, line, "more than %d keys", configuration_text_most_marks);
	struct configuration_mark *mark = &text->marks[text->mark_count++];
	memcpy(mark->section, scan->section, sizeof mark->section);
	memcpy(mark->title, scan->title, sizeof mark->title);
	snprintf(mark->key, sizeof mark->key, "%s", key);
	mark->line = line;
	return true;
}

/* What stands between the braces of a list. */
static bool scan_list(struct scan *scan)
{
	enum token token = scan_token(scan);
	while (token == token_word) {
		token = scan_token(scan);
		if (token != token_comma)
			break;
		token = scan_token(scan);
		if (token != token_word)
			return refuse_form(scan);
	}
	return token == token_close || refuse_form(scan);
}

static bool scan_value(struct scan *scan, const char *key, unsigned line)
{
	enum token token = scan_token(scan);
	if (!take_mark(scan, key, line))
		return false;
	if (token == token_open)
		return scan_list(scan);
	return token == token_word || refuse_form(scan);
}

static bool scan_section(struct scan *scan, const char *section, const char *title, unsigned line)
{
	if (scan->is_within)
		return configuration_text_refuse(scan->text, line, "a section within a section; is a } missing above?");
	snprintf(scan->section, sizeof scan->section, "%.*s", (int)sizeof scan->section - 1, section);
	snprintf(scan->title, sizeof scan->title, "%.*s", (int)sizeof scan->title - 1, title);
	scan->is_within = true;
	return take_mark(scan, "", line);
}

/* One statement, whose first word was read. */
static bool scan_statement(struct scan *scan)
{
	char first[sizeof scan->word];
	const unsigned line = scan->line;
	memcpy(first, scan->word, sizeof first);
	enum token token = scan_token(scan);
	if (token == token_equals)
		return scan_value(scan, first, line);
	if (token == token_open)
		return scan_section(scan, first, "", line);
	if (token != token_word)
		return refuse_form(scan);
	char title[sizeof scan->word];
	memcpy(title, scan->word, sizeof title);
	return scan_token(scan) == token_open ? scan_section(scan, first, title, line) : refuse_form(scan);
}

static bool check_form(struct configuration_text *text)
{
	struct scan scan = {.text = text, .at = text->characters, .line = 1};
	for (;;) {
		enum token token = scan_token(&scan);
		if (token == token_end)
			return !scan.is_within || configuration_text_refuse(text, scan.line, "the section %s has no }", scan.section);
		if (token == token_close && scan.is_within) {
			scan.is_within = false;
			scan.section[0] = scan.title[0] = '\0';
		} else if (token != token_word) {
			return refuse_form(&scan);
		} else if (!scan_statement(&scan)) {
			return false;
		}
	}
}

bool configuration_text_read(const char *file, struct configuration_text *out)
{
	*out = (struct configuration_text){.file = file};
	return read_file(out) && check_bytes(out) && check_form(out);
}

unsigned configuration_text_line(const struct configuration_text *text, const char *section, const char *title,
				 const char *key)
{
	const struct configuration_mark *mark = find_mark(text, section, title, key);
	if (mark == NULL)
		mark = find_mark(text, section, title, "");
	return mark == NULL ? 1 : mark->line;
}
