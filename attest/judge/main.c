/* SPDX-License-Identifier: Apache-2.0
 * keyward-judge(1): the verifier's own checks over one statement from a file, at a time, with roots from files. Distrusts the statement;
 * it has no keys and asks nobody. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "attest/judge/options.h"
#include "attest/judge/report.h"
#include "attest/judge/whose.h"
#include "attest/verifier/key_kinds.h"
#include "ca/jose/base64url.h"

enum { exit_accepted, exit_refused, exit_usage };
enum { longest_file = 65536, longest_list = 524288, longest_statement = 49152 /* as the verifier's message has it */ };

static uint8_t octets[2 * 6 * options_most_roots * 4416 + 4 * longest_file + 4 * longest_list]; /* all files */
static struct buffer files = {.data = octets, .size = 0, .room = sizeof octets};

static bool fail(const char *path, const char *reason)
{
	fprintf(stderr, "%s: %s\n", path, reason);
	return false;
}

static bool read_file(const char *path, size_t longest, struct bytes *out)
{
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return fail(path, "it cannot be opened");
	if (files.room - files.size <= longest) {
		(void)fclose(file);
		return fail(path, "there is too much to read");
	}
	*out = bytes_from(files.data + files.size, fread(files.data + files.size, 1, longest + 1, file));
	const bool is_bad = ferror(file) != 0;
	(void)fclose(file);
	if (is_bad || out->size > longest)
		return fail(path, is_bad ? "it cannot be read" : "it is too long");
	files.size += out->size;
	return true;
}

static bool read_roots(const struct options_roots *paths, struct bytes *at, size_t *count)
{
	for (; *count < paths->count; (*count)++)
		if (!read_file(paths->at[*count], 4096, &at[*count]))
			return false;
	return true;
}

static bool read_trust_roots(const char *format, const struct options_roots *paths, struct message_verifier_settings *settings)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct message_trust_root root = {.format = bytes_from_text(format), .directories = 1};
		if (!read_file(paths->at[i], 4096, &root.certificate))
			return false;
		const size_t before = files.size;
		if (is_refused(wire_encode(message_trust_root, &root, &files)))
			return fail(paths->at[i], "there is too much to read");
		settings->roots.at[settings->roots.count++] = bytes_from(files.data + before, files.size - before);
	}
	return true;
}

static bool read_revocation_lists(const struct options_roots *paths, struct message_verifier_settings *settings)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct message_trust_file list = {.file = bytes_from_text(paths->at[i]), .directories = 1};
		if (!read_file(paths->at[i], longest_list, &list.content))
			return false;
		const size_t before = files.size;
		if (is_refused(wire_encode(message_trust_file, &list, &files)))
			return fail(paths->at[i], "there is too much to read");
		settings->revocation_lists.at[settings->revocation_lists.count++] = bytes_from(files.data + before, files.size - before);
	}
	return true;
}

/* CBOR's maps begin above ASCII, so a file of ASCII is the base64url of one; a line may end. */
static bool read_statement(const char *path, struct bytes *out)
{
	if (!read_file(path, longest_file, out))
		return false;
	if (out->size != 0 && out->data[0] < 0x80) {
		const size_t before = files.size;
		while (out->size > 0 && (out->data[out->size - 1] == '\n' || out->data[out->size - 1] == '\r'))
			out->size--;
		if (is_refused(base64url_decode(*out, &files)))
			return fail(path, "it is neither CBOR nor base64url without padding");
		*out = bytes_from(files.data + before, files.size - before);
	}
	return out->size <= longest_statement || fail(path, "it is longer than an appliance takes");
}

static bool add_directory(const struct options *options, struct message_verifier_settings *settings)
{
	struct message_verifier_directory directory = {.name = bytes_from_text(options->directory),
						       .may_be_virtual = options->may_be_virtual,
						       .may_sign_sha1 = options->may_sign_sha1,
						       .needs_step_pin = options->needs_step_pin,
						       .needs_step_touch = options->needs_step_touch};
	const size_t before = files.size;
	for (const struct format *row; (row = format_row(directory.formats.count)) != NULL;)
		directory.formats.at[directory.formats.count++] = bytes_from_text(row->name);
	if (is_refused(wire_encode(message_verifier_directory, &directory, &files)))
		return fail(options->directory, "this is no name of a directory");
	settings->directories.at[settings->directories.count++] = bytes_from(files.data + before, files.size - before);
	return true;
}

/* The settings of an appliance with one directory that takes every format. */
static bool open_verifier(const struct options *options, struct verifier *out)
{
	static struct message_verifier_settings settings;
	struct detail detail = {.text = ""};
	if (!add_directory(options, &settings) ||
	    !read_roots(&options->ak_issuers, settings.ak_issuers.at, &settings.ak_issuers.count) ||
	    !read_trust_roots("ak", &options->ak_roots, &settings) || !read_trust_roots("apple", &options->apple_roots, &settings) ||
	    !read_trust_roots("android-key", &options->android_roots, &settings) ||
	    !read_trust_roots("packed", &options->packed_roots, &settings) ||
	    !read_trust_roots("step", &options->step_roots, &settings) ||
	    !read_revocation_lists(&options->revocation_lists, &settings))
		return false;
	if (!verifier_open(&settings, out, &detail))
		return fail("roots", detail.text);
	struct verifier_directory *only = &out->directories[0];
	out->ak_issuers.at_s = only->ak_roots.at_s = only->apple_roots.at_s = only->android_roots.at_s = only->packed_roots.at_s =
		only->step_roots.at_s = options->time_s;
	return true;
}

static status judge(struct bytes statement, bool is_identity_asked, struct statement *s)
{
	TRY(format_open(statement, s));
	TRY(format_judge(s));
	return is_identity_asked ? s->format->identify(s) : OK;
}

static int judge_and_report(const struct options *options, const struct verifier *verifier, struct bytes octets_of_statement,
			    struct bytes binding)
{
	struct detail detail = {.text = ""};
	__attribute__((cleanup(format_close))) struct statement s = {
		.verifier = verifier,
		.directory = &verifier->directories[0],
		.identifier_type = bytes_from_text("permanent-identifier"),
		.identifier = bytes_from_text(options->identifier),
		.detail = &detail,
	};
	s.bound = binding;
	if (EVP_Digest(binding.data, binding.size, s.expected, NULL, EVP_sha256(), NULL) != 1)
		return exit_usage;
	struct report report = {.statement = &s, .is_identity_asked = options->identifier != NULL, .octets = octets_of_statement};
	report.judged = judge(octets_of_statement, report.is_identity_asked, &s);
	report.detail = detail.text;
	const bool is_said = options->is_json ? report_as_json(&report) : report_as_text(&report);
	return !is_said ? exit_usage : is_refused(report.judged) ? exit_refused : exit_accepted;
}

static int tell_whose(const char *path)
{
	struct bytes file;
	if (!read_file(path, longest_list, &file))
		return exit_usage;
	const enum whose answer = whose_tell(file);
	if (answer == whose_malformed)
		(void)fail(path, "it is no certificate, or holds something that is none");
	return answer == whose_malformed ? exit_usage : answer == whose_unknown ? exit_refused : exit_accepted;
}

int main(int count, char **words)
{
	static struct verifier verifier;
	struct options options;
	struct bytes statement, binding;
	if (clearenv() != 0 || !options_read(count, words, &options))
		return exit_usage;
	if (options.is_help) {
		options_tell();
		return exit_accepted;
	}
	if (options.whose != NULL)
		return tell_whose(options.whose);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 || !key_kinds_limit() ||
	    !read_statement(options.statement, &statement) || !read_file(options.binding, longest_file, &binding) ||
	    !open_verifier(&options, &verifier))
		return exit_usage;
	const int code = judge_and_report(&options, &verifier, statement, binding);
	verifier_close(&verifier);
	return code;
}
