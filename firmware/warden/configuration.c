/* SPDX-License-Identifier: Apache-2.0
 * Turns the one configuration file into struct configuration, by the table options.def. The only file that links
 * libconfuse. Distrusts the file: text first (configuration_text.c), then keys and values here, then their sense
 * (configuration_judge.c). */
#include "firmware/warden/configuration.h"

#include <confuse.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/boundary/bytes.h"
#include "firmware/warden/configuration_judge.h"
#include "firmware/warden/configuration_text.h"
#include "firmware/warden/configuration_value.h"

enum section_title { title_PLAIN, title_TITLED };

enum section {
#define SECTION(section, struct_name, title) section_##section,
#define NUMBER(section, key, field, least, most, preset)
#define FLAG(section, key, field, preset)
#define TEXT(section, key, field, grammar, longest, preset)
#define CHOICE(section, key, field, words, preset)
#define LIST(section, key, field, count_field, grammar, longest)
#include "firmware/warden/options.def"
#undef SECTION
	section_count
};

static const struct {
	const char *name;
	enum section_title title;
} sections[section_count] = {
#define SECTION(section, struct_name, title) [section_##section] = {#section, title_##title},
#include "firmware/warden/options.def"
#undef SECTION
#undef NUMBER
#undef FLAG
#undef TEXT
#undef CHOICE
#undef LIST
};

enum option_kind { option_number, option_flag, option_text, option_choice, option_list };

struct option {
	enum section section;
	const char *key, *preset, *words;
	enum option_kind kind;
	enum grammar grammar;
	size_t offset, size, count_offset;
	uint64_t least, most;
};

#define PLACE(section, field)                                                                                          \
	.offset = offsetof(struct_of_##section, field), .size = sizeof(((struct_of_##section *)0)->field)
#define HEAD(name_of_section, name_of_key) .section = section_##name_of_section, .key = #name_of_key

typedef struct configuration struct_of_top, struct_of_listen, struct_of_token, struct_of_tpm, struct_of_ledger,
	struct_of_prober;
typedef struct configuration_directory struct_of_directory;
typedef struct configuration_profile struct_of_profile;
typedef struct configuration_eab struct_of_eab;
typedef struct configuration_maker struct_of_maker;
typedef struct configuration_key struct_of_key;
typedef struct configuration_envelope struct_of_envelope;
typedef struct configuration_administrator struct_of_administrator;

static const struct option options[] = {
#define SECTION(name, struct_name, title)
#define NUMBER(in, name, field, smallest, biggest, preset_text)                                                        \
	{HEAD(in, name), PLACE(in, field), .kind = option_number, .least = smallest, .most = biggest,                 \
	 .preset = preset_text},
#define FLAG(in, name, field, preset_text) {HEAD(in, name), PLACE(in, field), .kind = option_flag, .preset = preset_text},
#define TEXT(in, name, field, form, longest, preset_text)                                                              \
	{HEAD(in, name), PLACE(in, field), .kind = option_text, .grammar = grammar_##form, .most = longest,            \
	 .preset = preset_text},
#define CHOICE(in, name, field, choices, preset_text)                                                                  \
	{HEAD(in, name), PLACE(in, field), .kind = option_choice, .words = choices, .preset = preset_text},
#define LIST(in, name, field, count_field, form, longest)                                                              \
	{HEAD(in, name), PLACE(in, field), .kind = option_list, .grammar = grammar_##form, .most = longest,            \
	 .count_offset = offsetof(struct_of_##in, count_field)},
#include "firmware/warden/options.def"
};
enum { option_count = sizeof options / sizeof options[0] };

/* ---- strings that last as long as the process ---- */

struct kept {
	struct kept *before;
	char characters[];
};
static struct kept *last_kept;

static const char *keep(const char *value)
{
	const size_t size = strlen(value) + 1;
	struct kept *kept = malloc(sizeof *kept + size);
	if (kept == NULL)
		abort();
	memcpy(kept->characters, value, size);
	kept->before = last_kept;
	last_kept = kept;
	return kept->characters;
}

/* ---- reading ---- */

struct reading {
	struct configuration_text text;
	cfg_t *parsed;
	char folder[PATH_MAX]; /* of the file */
};

static struct configuration_text *text_in_parsing; /* libconfuse gives its error function no argument of ours */

static void say_confuse_error(cfg_t *parsed, const char *format, va_list arguments)
{
	char reason[256];
	vsnprintf(reason, sizeof reason, format, arguments);
	(void)configuration_text_refuse(text_in_parsing, parsed == NULL ? 1 : (unsigned)parsed->line, "%s", reason);
}

static const char *keep_path(const struct reading *reading, const char *value)
{
	char whole[PATH_MAX + 256];
	if (value[0] == '/')
		return keep(value);
	snprintf(whole, sizeof whole, "%s/%s", strcmp(reading->folder, "/") == 0 ? "" : reading->folder, value);
	return keep(whole);
}

struct place {
	const struct option *option;
	const char *title; /* of the section; NULL: none */
	uint8_t *base;     /* of the struct that is filled */
};

static bool refuse_value(const struct reading *reading, const struct place *place, const char *value, const char *expected)
{
	const char *section = place->option->section == section_top ? "" : sections[place->option->section].name;
	return configuration_text_refuse(
		&reading->text, configuration_text_line(&reading->text, section, place->title, place->option->key),
		"%s = \"%s\": expected is %s", place->option->key, value, expected);
}

static bool put_number(const struct reading *reading, const struct place *place, const char *value)
{
	const struct option *option = place->option;
	uint64_t number;
	if (!configuration_value_number(value, &number) || number < option->least || number > option->most) {
		char expected[80];
		snprintf(expected, sizeof expected, "a whole number from %llu to %llu", (unsigned long long)option->least,
			 (unsigned long long)option->most);
		return refuse_value(reading, place, value, expected);
	}
	uint8_t *at = place->base + option->offset;
	if (option->size == 1)
		*at = (uint8_t)number;
	else if (option->size == 2)
		*(uint16_t *)(void *)at = (uint16_t)number;
	else if (option->size == 4)
		*(uint32_t *)(void *)at = (uint32_t)number;
	else
		*(uint64_t *)(void *)at = number;
	return true;
}

static bool put_text(const struct reading *reading, const struct place *place, const char *value, const char **at)
{
	const struct option *option = place->option;
	const char *expected = configuration_value_judge(option->grammar, value, option->most);
	if (expected != NULL)
		return refuse_value(reading, place, value, expected);
	*at = option->grammar == grammar_PATH ? keep_path(reading, value) : keep(value);
	return true;
}

static bool put_list(const struct reading *reading, const struct place *place, cfg_t *section)
{
	const struct option *option = place->option;
	const char **items = (const char **)(void *)(place->base + option->offset);
	size_t *count = (size_t *)(void *)(place->base + option->count_offset);
	const unsigned given = cfg_size(section, option->key);
	if (given > option->size / sizeof *items)
		return refuse_value(reading, place, "{...}", "a shorter list");
	for (unsigned i = 0; i < given; i++)
		if (!put_text(reading, place, cfg_getnstr(section, option->key, i), &items[i]))
			return false;
	*count = given;
	return true;
}

static bool put_option(const struct reading *reading, const struct place *place, cfg_t *section)
{
	const struct option *option = place->option;
	if (option->kind == option_list)
		return put_list(reading, place, section);
	const char *given = cfg_getstr(section, option->key);
	const char *value = given == NULL ? option->preset : given;
	if (value == NULL)
		return configuration_text_refuse(&reading->text,
						 configuration_text_line(&reading->text, sections[option->section].name, place->title, NULL),
						 "%s%s%s: the key %s is missing", sections[option->section].name,
						 place->title == NULL ? "" : " ", place->title == NULL ? "" : place->title,
						 option->key);
	const char **at = (const char **)(void *)(place->base + option->offset);
	if (option->kind == option_number)
		return put_number(reading, place, value);
	if (option->kind == option_text)
		return put_text(reading, place, value, at);
	const char *words = option->kind == option_flag ? "true|false" : option->words;
	if (!configuration_value_is_one_of(value, words))
		return refuse_value(reading, place, value, words);
	if (option->kind == option_flag)
		*(bool *)(void *)(place->base + option->offset) = strcmp(value, "true") == 0;
	else
		*at = keep(value);
	return true;
}

static bool put_section(const struct reading *reading, enum section which, cfg_t *section, void *base)
{
	const char *title = cfg_title(section);
	const char *expected = title == NULL ? NULL : configuration_value_judge(grammar_NAME, title, 63);
	if (expected != NULL)
		return configuration_text_refuse(&reading->text,
						 configuration_text_line(&reading->text, sections[which].name, title, NULL),
						 "the name \"%s\": expected is %s", title, expected);
	for (size_t i = 0; i < option_count; i++) {
		const struct place place = {.option = &options[i], .title = title, .base = base};
		if (options[i].section == which && !put_option(reading, &place, section))
			return false;
	}
	return true;
}

/* All sections of one kind; each goes into its own element of `first`, whose leading member is the section's title. */
static bool put_sections(const struct reading *reading, enum section which, void *first, size_t element, size_t *count)
{
	const unsigned given = cfg_size(reading->parsed, sections[which].name);
	if (given > configuration_most)
		return configuration_text_refuse(&reading->text, 1, "more than %d sections %s", configuration_most,
						 sections[which].name);
	for (unsigned i = 0; i < given; i++) {
		cfg_t *section = cfg_getnsec(reading->parsed, sections[which].name, i);
		uint8_t *base = (uint8_t *)first + i * element;
		if (!put_section(reading, which, section, base))
			return false;
		*(const char **)(void *)base = keep(cfg_title(section));
	}
	*count = given;
	return true;
}

static bool put_everything(const struct reading *reading, struct configuration *out)
{
	for (enum section which = section_listen; which < section_count; which++)
		if (sections[which].title == title_PLAIN &&
		    !put_section(reading, which, cfg_getsec(reading->parsed, sections[which].name), out))
			return false;
	return put_section(reading, section_top, reading->parsed, out) &&
	       put_sections(reading, section_directory, out->directories, sizeof out->directories[0], &out->directory_count) &&
	       put_sections(reading, section_profile, out->profiles, sizeof out->profiles[0], &out->profile_count) &&
	       put_sections(reading, section_eab, out->eabs, sizeof out->eabs[0], &out->eab_count) &&
	       put_sections(reading, section_maker, out->makers, sizeof out->makers[0], &out->maker_count) &&
	       put_sections(reading, section_key, out->keys, sizeof out->keys[0], &out->key_count) &&
	       put_sections(reading, section_envelope, out->envelopes, sizeof out->envelopes[0], &out->envelope_count) &&
	       put_sections(reading, section_administrator, out->administrators, sizeof out->administrators[0],
			    &out->administrator_count);
}

/* libconfuse's own tables, made from ours; every scalar is a string to it, so that no value is read in two ways. */
static void fill_rows(enum section which, cfg_opt_t *rows)
{
	for (size_t i = 0; i < option_count; i++) {
		const cfg_opt_t scalar = CFG_STR(options[i].key, NULL, CFGF_NONE);
		const cfg_opt_t list = CFG_STR_LIST(options[i].key, NULL, CFGF_NODEFAULT);
		if (options[i].section == which)
			*rows++ = options[i].kind == option_list ? list : scalar;
	}
	if (which != section_top)
		return;
	static cfg_opt_t within[section_count][option_count + 1];
	const cfg_opt_t end = CFG_END();
	for (enum section inner = section_listen; inner < section_count; inner++) {
		for (size_t i = 0; i <= option_count; i++)
			within[inner][i] = end;
		fill_rows(inner, within[inner]);
		const cfg_opt_t row = CFG_SEC(sections[inner].name, within[inner],
					      sections[inner].title == title_TITLED
						      ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES
						      : CFGF_NONE);
		*rows++ = row;
	}
}

/* Sections and keys that there are not are found here, since libconfuse 3.3 counts lines within a section wrongly. */
static bool check_mark(const struct configuration_text *text, const struct configuration_mark *mark)
{
	enum section which = *mark->section == '\0' ? section_top : section_listen;
	while (which != section_top && which < section_count && strcmp(sections[which].name, mark->section) != 0)
		which++;
	if (which == section_count)
		return configuration_text_refuse(text, mark->line, "there is no section %s", mark->section);
	if (*mark->key == '\0' && (*mark->title != '\0') != (sections[which].title == title_TITLED))
		return configuration_text_refuse(text, mark->line, "the section %s has %s name", mark->section,
						 *mark->title == '\0' ? "a" : "no");
	for (size_t i = 0; i < option_count && *mark->key != '\0'; i++)
		if (options[i].section == which && strcmp(options[i].key, mark->key) == 0)
			return true;
	return *mark->key == '\0' || configuration_text_refuse(text, mark->line, "there is no key %s%s%s", mark->key,
							       which == section_top ? "" : " in the section ", mark->section);
}

static bool check_marks(const struct configuration_text *text)
{
	for (size_t i = 0; i < text->mark_count; i++)
		if (!check_mark(text, &text->marks[i]))
			return false;
	return true;
}

static bool parse(struct reading *reading)
{
	static cfg_opt_t rows[option_count + section_count + 1];
	const cfg_opt_t end = CFG_END();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		rows[i] = end;
	fill_rows(section_top, rows);
	reading->parsed = cfg_init(rows, CFGF_NONE);
	if (reading->parsed == NULL)
		return configuration_text_refuse(&reading->text, 1, "there is no memory to read it");
	text_in_parsing = &reading->text;
	cfg_set_error_function(reading->parsed, say_confuse_error);
	return cfg_parse_buf(reading->parsed, reading->text.characters) == CFG_SUCCESS;
}

/* The one list with a default. */
static bool fill_formats(struct configuration *out)
{
	for (size_t i = 0; i < out->directory_count; i++)
		if (out->directories[i].format_count == 0)
			out->directories[i].formats[out->directories[i].format_count++] = "tpm";
	return true;
}

static bool read_into(struct reading *reading, const char *path, struct configuration *out)
{
	snprintf(reading->folder, sizeof reading->folder, "%s", path);
	char *slash = strrchr(reading->folder, '/');
	slash[slash == reading->folder ? 1 : 0] = '\0';
	out->file = keep(path);
	return configuration_text_read(path, &reading->text) && check_marks(&reading->text) && parse(reading) && put_everything(reading, out) &&
	       fill_formats(out) && configuration_judge(&reading->text, out);
}

bool configuration_read(const char *file, struct configuration *out)
{
	char path[PATH_MAX];
	if (realpath(file, path) == NULL) {
		fprintf(stderr, "The configuration %s cannot be read: %s\n", file, strerror(errno));
		return false;
	}
	struct reading *reading = calloc(1, sizeof *reading);
	struct configuration *filled = calloc(1, sizeof *filled);
	const bool is_good = reading != NULL && filled != NULL && read_into(reading, path, filled);
	if (is_good)
		*out = *filled;
	if (reading != NULL) {
		cfg_free(reading->parsed);
		configuration_text_free(&reading->text);
	}
	free(reading);
	free(filled);
	return is_good;
}

bool configuration_serves(const char *const *directories, size_t count, const char *directory)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(directories[i], directory) == 0)
			return true;
	return count == 0;
}
