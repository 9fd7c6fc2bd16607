/* SPDX-License-Identifier: Apache-2.0
 * Decides what the command line asks for. */
#include "attest/judge/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"usage: keyward-judge --statement FILE --binding FILE [OPTION...]\n"
	"\n"
	"Judges an attestation statement as an appliance would, offline, and says which check refuses it.\n"
	"\n"
	"  --statement FILE   the attestation object: CBOR, or the base64url of attObj\n"
	"  --binding FILE     what it has to bind, octet for octet: the key authorization; for apple the token alone\n"
	"  --identifier VALUE the order's permanent-identifier; without it no identity is asked for\n"
	"  --ak-issuer FILE   an appliance's own issuer of AK certificates (keys/LABEL.der in its state)\n"
	"  --ak-root FILE     a root of another issuer of AK certificates (ak_roots)\n"
	"  --apple-root FILE  a root of Apple's (apple_roots)\n"
	"  --android-root FILE a root of Google's for Android (android_roots)\n"
	"  --packed-root FILE a root for the format packed (packed_roots)\n"
	"  --step-root FILE   a root of YubiKeys (step_roots); each of these may come several times\n"
	"  --revocation-list FILE  a CRL or a status list that counts (revocation_lists); this one too\n"
	"  --directory NAME   the order's directory, in which an appliance's own AK certificate must have been enrolled; default devices\n"
	"  --time TIME        judge as of then, such as 2026-11-24T12:00:00Z; without it as of now\n"
	"  --virtual-tpm      TPMs that are software are taken (virtual_tpm)\n"
	"  --sha1-signatures  AKs that sign with SHA-1 are taken (sha1_signatures)\n"
	"  --step-pin         a YubiKey's key has to ask for its PIN (step_pin)\n"
	"  --step-touch       and for a touch (step_touch)\n"
	"  --whose FILE       instead: say whose roots these are, as far as they are known (DER, or any number in PEM)\n"
	"  --json             the answer as JSON\n"
	"  --help             this\n"
	"\n"
	"Exit status: 0 accepted, 1 refused (or a root that is unknown), 2 command line or files.\n";

void options_tell(void)
{
	(void)fputs(help, stdout);
}

static bool wrong(const char *sentence)
{
	fprintf(stderr, "%s; keyward-judge --help says how it is used\n", sentence);
	return false;
}

static bool read_time(const char *text, int64_t *out)
{
	struct tm parts = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	if (end == NULL || *end != '\0')
		return wrong("--time is like 2026-11-24T12:00:00Z");
	*out = timegm(&parts);
	return *out > 0 || wrong("--time is after 1970");
}

static bool read_root(const char *value, size_t most, struct options_roots *roots)
{
	if (roots->count == most)
		return wrong("there are too many roots or lists");
	roots->at[roots->count++] = value;
	return true;
}

static bool read_letter(int letter, const char *value, struct options *options)
{
	switch (letter) {
	case 's':
		options->statement = value;
		return true;
	case 'b':
		options->binding = value;
		return true;
	case 'n':
		options->identifier = value;
		return true;
	case 'i':
		return read_root(value, options_most_roots, &options->ak_issuers);
	case 'k':
		return read_root(value, options_most_roots, &options->ak_roots);
	case 'a':
		return read_root(value, options_most_apple_roots, &options->apple_roots);
	case 'd':
		return read_root(value, options_most_roots, &options->android_roots);
	case 'p':
		return read_root(value, options_most_roots, &options->packed_roots);
	case 'y':
		return read_root(value, options_most_roots, &options->step_roots);
	case 'r':
		return read_root(value, options_most_roots, &options->revocation_lists);
	case 'q':
		options->whose = value;
		return true;
	case 'o':
		options->directory = value;
		return true;
	case 't':
		return read_time(value, &options->time_s);
	case 'v':
		return options->may_be_virtual = true;
	case 'w':
		return options->may_sign_sha1 = true;
	case 'P':
		return options->needs_step_pin = true;
	case 'T':
		return options->needs_step_touch = true;
	case 'j':
		return options->is_json = true;
	case 'h':
		return options->is_help = true;
	default:
		return wrong("there is no such option, or it lacks its value");
	}
}

bool options_read(int count, char **words, struct options *out)
{
	static const struct option names[] = {
		{"statement", required_argument, NULL, 's'},  {"binding", required_argument, NULL, 'b'},
		{"identifier", required_argument, NULL, 'n'}, {"ak-issuer", required_argument, NULL, 'i'},
		{"ak-root", required_argument, NULL, 'k'},    {"apple-root", required_argument, NULL, 'a'},
		{"android-root", required_argument, NULL, 'd'}, {"packed-root", required_argument, NULL, 'p'},
		{"step-root", required_argument, NULL, 'y'},  {"revocation-list", required_argument, NULL, 'r'},
		{"directory", required_argument, NULL, 'o'},  {"whose", required_argument, NULL, 'q'},
		{"time", required_argument, NULL, 't'},	      {"virtual-tpm", no_argument, NULL, 'v'},
		{"sha1-signatures", no_argument, NULL, 'w'},  {"step-pin", no_argument, NULL, 'P'},
		{"step-touch", no_argument, NULL, 'T'},
		{"json", no_argument, NULL, 'j'},	      {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	struct options options = {.statement = NULL, .directory = "devices"};
	int letter;
	opterr = 0;
	while ((letter = getopt_long(count, words, "", names, NULL)) != -1)
		if (!read_letter(letter, optarg, &options))
			return false;
	if (optind != count)
		return wrong("every word is an option");
	if (options.whose != NULL && (options.statement != NULL || options.binding != NULL))
		return wrong("--whose judges no statement");
	if (!options.is_help && options.whose == NULL && (options.statement == NULL || options.binding == NULL))
		return wrong("--statement and --binding are needed");
	*out = options;
	return true;
}
