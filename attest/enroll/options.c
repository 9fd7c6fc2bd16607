/* SPDX-License-Identifier: Apache-2.0
 * Decides what the command line asks for. */
#include "attest/enroll/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_STATE "/var/lib/keyward-enroll"
#define DEFAULT_TCTI "device:/dev/tpmrm0"

static const char help[] =
	"usage: keyward-enroll --directory URL --root FILE [OPTION...] [enroll|renew|revoke]\n"
	"       keyward-enroll [--state FOLDER] show\n"
	"\n"
	"Gets a certificate for a key inside this device's TPM 2.0 from a Keyward appliance.\n"
	"\n"
	"  enroll   get a certificate, whether or not there is one (the default)\n"
	"  renew    the same if there is none or the time has come; else nothing: for a timer\n"
	"  show     tell about the certificate that is there; asks neither TPM nor appliance\n"
	"  revoke   have the certificate that is there revoked; asks no TPM\n"
	"\n"
	"  --directory URL        the appliance's ACME directory, https://NAME:PORT/acme/DIRECTORY/directory\n"
	"  --root FILE            its root certificate in PEM; no other is trusted\n"
	"  --audit FILE           its audit certificate: the ledger's signature is checked too\n"
	"  --state FOLDER         where keys and certificates are kept (" DEFAULT_STATE ")\n"
	"  --tcti STRING          the TPM: device:NODE or swtpm:path=SOCKET (" DEFAULT_TCTI ")\n"
	"  --identifier VALUE     what the certificate names (the digest of the TPM's endorsement key)\n"
	"  --profile NAME         one of the directory's profiles (the directory's choice)\n"
	"  --eab-kid NAME         of the key that opens an account, where the directory asks for one\n"
	"  --eab-key FILE         that key, in base64url\n"
	"  --key-type TYPE        p256 or rsa2048 (p256)\n"
	"  --ek-certificate FILE  of the TPM's endorsement key, if the TPM lacks it\n"
	"  --ek-chain FILE        intermediate certificates of the TPM's maker, if the TPM lacks them\n"
	"  --renew-before SECONDS how long before its end renew acts (when the appliance says so)\n"
	"  --reason NUMBER        why revoke revokes, by RFC 5280 5.3.1 (0, unspecified)\n"
	"  --help                 this\n"
	"\n"
	"Exit status: 0 done, 1 command line, 2 no answer of this appliance, 3 it refused, 4 TPM, 5 files, 6 try later.\n"
	"More: man keyward-enroll\n";

void options_tell(void)
{
	(void)fputs(help, stdout);
}

static outcome wrong(const char *sentence)
{
	return outcome_fail(exit_usage, "%s; keyward-enroll --help says how it is used", sentence);
}

static bool read_number(const char *text, uint64_t *out)
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
		['a'] = &options->audit,     ['p'] = &options->profile,	   ['n'] = &options->eab_kid,
		['x'] = &options->eab_key,   ['f'] = &options->ek_certificate};
	if (letter == 'k')
		return read_kind(value, &options->key_kind) ? DONE : wrong("--key-type is p256 or rsa2048");
	if (letter == 'b')
		return (options->is_renew_before_set = read_number(value, &options->renew_before_s))
			       ? DONE
			       : wrong("--renew-before takes a number of seconds");
	if (letter == 'c')
		return read_number(value, &options->reason) ? DONE : wrong("--reason takes a number");
	if (letter == '?')
		return wrong("there is no such option, or it lacks its value");
	*texts[letter] = value;
	return DONE;
}

static outcome read_command(int count, char **words, struct options *options)
{
	static const char *const commands[] = {
		[options_enroll] = "enroll", [options_renew] = "renew", [options_show] = "show",
		[options_revoke] = "revoke"};
	if (count == 0)
		return DONE;
	for (size_t i = 0; count == 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(words[0], commands[i]) == 0) {
			options->command = (enum options_command)i;
			return DONE;
		}
	return wrong("the command is enroll, renew, show or revoke");
}

outcome options_read(int count, char **words, struct options *out)
{
	static const struct option names[] = {
		{"directory", required_argument, NULL, 'd'},	{"root", required_argument, NULL, 'r'},
		{"tcti", required_argument, NULL, 't'},		{"state", required_argument, NULL, 's'},
		{"identifier", required_argument, NULL, 'i'},	{"ek-chain", required_argument, NULL, 'e'},
		{"audit", required_argument, NULL, 'a'},	{"key-type", required_argument, NULL, 'k'},
		{"renew-before", required_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'},
		{"reason", required_argument, NULL, 'c'},	{"profile", required_argument, NULL, 'p'},
		{"eab-kid", required_argument, NULL, 'n'},	{"eab-key", required_argument, NULL, 'x'},
		{"ek-certificate", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0}};
	struct options options = {.key_kind = tpm_key_p256, .state = DEFAULT_STATE, .tcti = DEFAULT_TCTI};
	int letter;
	opterr = 0;
	while ((letter = getopt_long(count, words, "", names, NULL)) != -1) {
		if (letter == 'h') {
			*out = (struct options){.command = options_help};
			return DONE;
		}
		STEP(read_letter(letter, optarg, &options));
	}
	STEP(read_command(count - optind, words + optind, &options));
	if (options.command != options_show &&
	    (options.directory == NULL || options.root == NULL))
		return wrong("--directory and --root are needed");
	if ((options.eab_kid == NULL) != (options.eab_key == NULL))
		return wrong("--eab-kid and --eab-key go together");
	*out = options;
	return DONE;
}
