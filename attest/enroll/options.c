/* SPDX-License-Identifier: Apache-2.0
 * Decides what the command line asks for. */
#include "attest/enroll/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char summary[] =
	"usage: keyward-enroll --directory URL --root FILE --tcti STRING --state FOLDER [--identifier VALUE]\n"
	"           [--key-type p256|rsa2048] [--ek-chain FILE] [--audit FILE] [--renew-before SECONDS] "
	"[enroll|renew]\n"
	"       keyward-enroll --state FOLDER show";

static outcome wrong(const char *sentence)
{
	outcome_note("%s", sentence);
	(void)fprintf(stderr, "%s\n", summary);
	return (outcome){exit_usage};
}

static bool read_seconds(const char *text, uint64_t *out)
{
	char *end;
	if (*text < '0' || *text > '9' || strlen(text) > 10)
		return false;
	*out = strtoull(text, &end, 10);
	return *end == 0;
}

static bool read_kind(const char *text, enum tpm_key_kind *out)
{
	*out = strcmp(text, "rsa2048") == 0 ? tpm_key_rsa2048 : tpm_key_p256;
	return *out == tpm_key_rsa2048 || strcmp(text, "p256") == 0;
}

static outcome read_letter(int letter, const char *value, struct options *options)
{
	const char **const texts[] = {
		['d'] = &options->directory, ['r'] = &options->root,	   ['t'] = &options->tcti,
		['s'] = &options->state,     ['i'] = &options->identifier, ['e'] = &options->ek_chain,
		['a'] = &options->audit};
	if (letter == 'k')
		return read_kind(value, &options->key_kind) ? DONE : wrong("--key-type is p256 or rsa2048");
	if (letter == 'b')
		return read_seconds(value, &options->renew_before_s)
			       ? DONE
			       : wrong("--renew-before takes a number of seconds");
	if (letter == '?')
		return wrong("there is no such option, or it lacks its value");
	*texts[letter] = value;
	return DONE;
}

static outcome read_command(int count, char **words, struct options *options)
{
	static const char *const commands[] = {
		[options_enroll] = "enroll", [options_renew] = "renew", [options_show] = "show"};
	if (count == 0)
		return DONE;
	for (size_t i = 0; count == 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(words[0], commands[i]) == 0) {
			options->command = (enum options_command)i;
			return DONE;
		}
	return wrong("the command is enroll, renew or show");
}

outcome options_read(int count, char **words, struct options *out)
{
	static const struct option names[] = {
		{"directory", required_argument, NULL, 'd'},	{"root", required_argument, NULL, 'r'},
		{"tcti", required_argument, NULL, 't'},		{"state", required_argument, NULL, 's'},
		{"identifier", required_argument, NULL, 'i'},	{"ek-chain", required_argument, NULL, 'e'},
		{"audit", required_argument, NULL, 'a'},	{"key-type", required_argument, NULL, 'k'},
		{"renew-before", required_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
	struct options options = {.key_kind = tpm_key_p256, .renew_before_s = 28800};
	int letter;
	opterr = 0;
	while ((letter = getopt_long(count, words, "", names, NULL)) != -1)
		STEP(read_letter(letter, optarg, &options));
	STEP(read_command(count - optind, words + optind, &options));
	if (options.state == NULL)
		return wrong("--state is needed");
	if (options.command != options_show &&
	    (options.directory == NULL || options.root == NULL || options.tcti == NULL))
		return wrong("--directory, --root and --tcti are needed");
	*out = options;
	return DONE;
}
