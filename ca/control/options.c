/* SPDX-License-Identifier: Apache-2.0
 * Reads the command line, and judges that it is whole. */
#include "ca/control/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "attest/verifier/vendor.h"
#include "ca/jose/base64url.h"

static const char usage[] = "usage: keyward-control --root FILE --server URL --administrator NAME --key FILE\n"
			    "           enrolment-record --identifier ID --ek HEX [--sequence N] [--expires SECONDS]\n"
			    "         | enrolment-record --identifier ID --format FORMAT --serial NAME|--udid NAME [...]\n"
			    "         | enrolment-record --one-time [--identifier ID] ...\n"
			    "         | revoke --certificate FILE [--reason N]\n"
			    "       keyward-control --server URL --administrator NAME --key FILE\n"
			    "           root-import --roots FILE --format FORMAT --into FOLDER\n"
			    "           [--vendors 'id:XXXXXXXX ...'] [--directories 'NAME ...'] [--unknown SHA256 ...] [--replace]";

outcome options_wrong(const char *sentence)
{
	outcome_note("%s", sentence);
	(void)fprintf(stderr, "%s\n", usage);
	return (outcome){exit_usage};
}

/* A whole number of 1 to 2^53, as JSON carries it. */
static bool read_whole(const char *text, uint64_t *out)
{
	char *end;
	if (*text < '0' || *text > '9' || strlen(text) > 16)
		return false;
	*out = strtoull(text, &end, 10);
	return *end == 0 && *out > 0 && *out <= UINT64_C(1) << 53;
}

static outcome judge_enrolment_record(const struct options *options)
{
	const int devices = (options->ek != NULL) + (options->serial != NULL) + (options->udid != NULL);
	const bool is_whole = options->certificate == NULL && options->identifier != NULL && devices == 1 &&
			      (options->format == NULL) == (options->ek != NULL);
	return is_whole ? DONE
			: options_wrong("enrolment-record needs --identifier or --one-time, and --ek, or --format with --serial or --udid");
}

static bool names_a_device(const struct options *options)
{
	return options->identifier != NULL || options->ek != NULL || options->serial != NULL || options->udid != NULL;
}

static outcome judge_revoke(const struct options *options)
{
	const bool is_whole = options->certificate != NULL && !names_a_device(options) && options->format == NULL;
	return is_whole ? DONE : options_wrong("revoke needs --certificate, and nothing of a device");
}

/* https://NAME:PORT as the appliance says it of itself: the request is signed for exactly that. */
static bool is_origin(const char *server)
{
	static const char scheme[] = "https://", letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	if (strncmp(server, scheme, sizeof scheme - 1) != 0)
		return false;
	const char *name = server + sizeof scheme - 1, *port = name + strspn(name, letters);
	const size_t digits = *port == ':' ? strspn(port + 1, "0123456789") : 0;
	return port != name && digits > 0 && digits < 6 && port[1 + digits] == 0;
}

static outcome judge_root_import(const struct options *options)
{
	vendor_set vendors;
	if (options->roots == NULL || options->format == NULL || options->into == NULL || options->certificate != NULL ||
	    options->has_number || options->is_one_time || names_a_device(options))
		return options_wrong("root-import needs --roots, --format and --into, and nothing that is for other commands");
	if (!is_origin(options->server))
		return options_wrong("--server takes https://NAME:PORT, as the appliance is configured and in lower case");
	if (options->vendors != NULL && (*options->vendors == 0 || !vendor_set_read(bytes_from_text(options->vendors), &vendors)))
		return options_wrong("--vendors takes identifiers of the TCG's list, such as id:49465800, with a space between");
	if (options->directories != NULL && *options->directories == 0)
		return options_wrong("--directories takes names, with a space between");
	for (size_t i = 0; i < options->unknown_count; i++)
		if (strlen(options->unknown[i]) != 64 || strspn(options->unknown[i], "0123456789abcdef") != 64)
			return options_wrong("--unknown takes the 64 lower-case hexadecimal digits of a root's SHA-256");
	return DONE;
}

static const struct {
	const char *name;
	outcome (*judge)(const struct options *options);
	bool is_sent; /* to the appliance */
} commands[control_commands] = {
	[control_enrolment_record] = {"enrolment-record", judge_enrolment_record, true},
	[control_revoke] = {"revoke", judge_revoke, true},
	[control_root_import] = {"root-import", judge_root_import, false},
};

static outcome judge_options(struct options *options, const char *word)
{
	enum control_command command = 0;
	while (command < control_commands && strcmp(commands[command].name, word) != 0)
		command++;
	if (command == control_commands)
		return options_wrong("name one command: enrolment-record, revoke or root-import");
	options->command = command;
	if (options->server == NULL || options->administrator == NULL || options->key == NULL ||
	    commands[command].is_sent != (options->root != NULL))
		return options_wrong(commands[command].is_sent ? "--root, --server, --administrator and --key are needed"
							       : "--server, --administrator and --key are needed, and --root is not");
	const bool is_of_import = options->roots != NULL || options->into != NULL || options->vendors != NULL ||
				  options->directories != NULL || options->unknown_count > 0 || options->may_replace;
	if (is_of_import && command != control_root_import)
		return options_wrong("--roots, --into, --vendors, --directories, --unknown and --replace are for root-import");
	return commands[command].judge(options);
}

/* An identifier that nobody guesses: 128 random bits. */
static outcome draw_code(struct options *options)
{
	uint8_t octets[16];
	struct buffer text = {.data = (uint8_t *)options->code, .room = sizeof options->code - 1};
	if (getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets || !base64url_encode(BYTES_OF(octets), &text))
		return outcome_fail(exit_other, "the system gives no random bytes");
	options->code[text.size] = 0;
	options->identifier = options->code;
	return DONE;
}

outcome options_read(int count, char **words, struct options *out)
{
	static const struct option names[] = {{"root", required_argument, NULL, 'r'},
					      {"server", required_argument, NULL, 's'},
					      {"administrator", required_argument, NULL, 'a'},
					      {"key", required_argument, NULL, 'k'},
					      {"identifier", required_argument, NULL, 'i'},
					      {"ek", required_argument, NULL, 'e'},
					      {"serial", required_argument, NULL, 'l'},
					      {"udid", required_argument, NULL, 'u'},
					      {"format", required_argument, NULL, 'f'},
					      {"one-time", no_argument, NULL, 'o'},
					      {"sequence", required_argument, NULL, 'n'},
					      {"expires", required_argument, NULL, 'x'},
					      {"certificate", required_argument, NULL, 'c'},
					      {"reason", required_argument, NULL, 'w'},
					      {"roots", required_argument, NULL, 'R'},
					      {"into", required_argument, NULL, 'I'},
					      {"vendors", required_argument, NULL, 'V'},
					      {"directories", required_argument, NULL, 'D'},
					      {"unknown", required_argument, NULL, 'U'},
					      {"replace", no_argument, NULL, 'P'},
					      {NULL, 0, NULL, 0}};
	struct options options = {.sequence = 1, .expires_in_s = 86400};
	int letter;
	opterr = 0;
	while ((letter = getopt_long(count, words, "", names, NULL)) != -1) {
		const char **const texts[] = {
			['r'] = &options.root, ['s'] = &options.server,	    ['a'] = &options.administrator,
			['k'] = &options.key,  ['i'] = &options.identifier, ['e'] = &options.ek,
			['c'] = &options.certificate, ['l'] = &options.serial, ['u'] = &options.udid, ['f'] = &options.format,
			['R'] = &options.roots, ['I'] = &options.into, ['V'] = &options.vendors, ['D'] = &options.directories};
		if (letter == 'n' || letter == 'x' || letter == 'w') {
			options.has_number = true;
			if (!read_whole(optarg, letter == 'n'	? &options.sequence
						: letter == 'x' ? &options.expires_in_s
								: &options.reason))
				return options_wrong("--sequence, --expires and --reason take a whole number of 1 or more");
		} else if (letter == 'o') {
			options.is_one_time = true;
		} else if (letter == 'U') {
			if (options.unknown_count == options_most_unknown)
				return options_wrong("--unknown is taken 64 times at most; sign the rest by another run");
			options.unknown[options.unknown_count++] = optarg;
		} else if (letter == 'P') {
			options.may_replace = true;
		} else if (letter == '?') {
			return options_wrong("there is no such option, or it lacks its value");
		} else {
			*texts[letter] = optarg;
		}
	}
	*out = options;
	if (out->is_one_time && out->identifier == NULL)
		STEP(draw_code(out));
	return judge_options(out, optind + 1 == count ? words[optind] : "");
}

outcome options_url(const struct options *options, const char *path, const char *last, char out[http_url_room])
{
	size_t size = strlen(options->server);
	while (size > 0 && options->server[size - 1] == '/')
		size--;
	if ((size_t)snprintf(out, http_url_room, "%.*s%s%s", (int)size, options->server, path, last) >= http_url_room)
		return options_wrong("the server's URL is too long");
	return DONE;
}
