/* SPDX-License-Identifier: Apache-2.0
 * keyward-control: an administrator's signed requests to the appliance. Distrusts the command line and the server. */
#include <getopt.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "ca/client/key_file.h"
#include "ca/client/signed.h"
#include "ca/jose/base64url.h"
#include "ca/jose/json.h"
#include "firmware/boundary/clock.h"

struct options {
	const char *root, *server, *administrator, *key, *identifier;
	const char *ek, *serial, *udid, *format; /* of the device: one of the first three, the last with the two before */
	bool is_one_time;
	char code[27]; /* drawn as the identifier */
	const char *certificate; /* to be revoked; NULL: an enrolment record is sent */
	uint64_t sequence, expires_in_s, reason;
};

static const char usage[] = "usage: keyward-control --root FILE --server URL --administrator NAME --key FILE\n"
			    "           enrolment-record --identifier ID --ek HEX [--sequence N] [--expires SECONDS]\n"
			    "         | enrolment-record --identifier ID --format FORMAT --serial NAME|--udid NAME [...]\n"
			    "         | enrolment-record --one-time [--identifier ID] ...\n"
			    "         | revoke --certificate FILE [--reason N]";

static outcome wrong_usage(const char *sentence)
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

static outcome judge_options(const struct options *options, const char *command)
{
	const bool is_revocation = strcmp(command, "revoke") == 0;
	if (!is_revocation && strcmp(command, "enrolment-record") != 0)
		return wrong_usage("name one command: enrolment-record or revoke");
	if (options->root == NULL || options->server == NULL || options->administrator == NULL || options->key == NULL)
		return wrong_usage("--root, --server, --administrator and --key are needed");
	const int devices = (options->ek != NULL) + (options->serial != NULL) + (options->udid != NULL);
	const bool has_format = options->format != NULL;
	if (is_revocation)
		return options->certificate != NULL && options->identifier == NULL && devices == 0 && !has_format && !options->is_one_time
			       ? DONE
			       : wrong_usage("revoke needs --certificate, and nothing of a device");
	if (options->certificate != NULL || options->identifier == NULL || devices != 1 || has_format == (options->ek != NULL))
		return wrong_usage("enrolment-record needs --identifier or --one-time, and --ek, or --format with --serial or --udid");
	return DONE;
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

static outcome read_options(int count, char **words, struct options *out)
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
					      {NULL, 0, NULL, 0}};
	struct options options = {.sequence = 1, .expires_in_s = 86400};
	int letter;
	while ((letter = getopt_long(count, words, "", names, NULL)) != -1) {
		const char **const texts[] = {
			['r'] = &options.root, ['s'] = &options.server,	    ['a'] = &options.administrator,
			['k'] = &options.key,  ['i'] = &options.identifier, ['e'] = &options.ek,
			['c'] = &options.certificate, ['l'] = &options.serial, ['u'] = &options.udid, ['f'] = &options.format};
		if (letter == 'n' || letter == 'x' || letter == 'w') {
			if (!read_whole(optarg, letter == 'n'	? &options.sequence
						: letter == 'x' ? &options.expires_in_s
								: &options.reason))
				return wrong_usage("--sequence, --expires and --reason take a whole number of 1 or more");
		} else if (letter == 'o') {
			options.is_one_time = true;
		} else if (letter == '?') {
			return wrong_usage("there is no such option, or it lacks its value");
		} else {
			*texts[letter] = optarg;
		}
	}
	*out = options;
	if (out->is_one_time && out->identifier == NULL)
		STEP(draw_code(out));
	return judge_options(out, optind + 1 == count ? words[optind] : "");
}

static bool add_text(struct buffer *out, const char *text)
{
	return buffer_add(out, text, strlen(text));
}

/* ,"name":"value"; nothing without a value. */
static bool add_member(struct buffer *out, const char *name, const char *value)
{
	return value == NULL || (add_text(out, ",\"") && add_text(out, name) && add_text(out, "\":") &&
				 json_quote(bytes_from_text(value), out));
}

static outcome build_record(const struct options *options, struct buffer *out)
{
	char numbers[128];
	const uint64_t now = clock_wall_s();
	if (options->ek != NULL && (strlen(options->ek) != 64 || strspn(options->ek, "0123456789abcdef") != 64))
		return wrong_usage("--ek takes the 64 lower-case hexadecimal digits of the SHA-256 of the EK's "
				   "SubjectPublicKeyInfo");
	(void)snprintf(numbers, sizeof numbers, ",\"sequence\":%llu,\"issued\":%llu,\"expires\":%llu}",
		       (unsigned long long)options->sequence, (unsigned long long)now,
		       (unsigned long long)(now + options->expires_in_s));
	if (!add_text(out, "{\"identifierType\":\"permanent-identifier\"") || !add_member(out, "identifier", options->identifier) ||
	    !add_member(out, "ek", options->ek) || !add_member(out, "format", options->format) ||
	    !add_member(out, "serial", options->serial) || !add_member(out, "udid", options->udid) ||
	    (options->is_one_time && !add_text(out, ",\"oneTime\":true")) || !add_text(out, numbers))
		return wrong_usage("the identifier or the device's name is not UTF-8 or too long");
	return DONE;
}

/* The first certificate of the file. */
static outcome build_revocation(const struct options *options, struct buffer *out)
{
	char reason[64];
	unsigned char *der = NULL;
	BIO *bio = BIO_new_file(options->certificate, "re");
	X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
	const int size = certificate == NULL ? 0 : i2d_X509(certificate, &der);
	(void)snprintf(reason, sizeof reason, "\",\"reason\":%llu}", (unsigned long long)options->reason);
	const bool is_built = size > 0 && add_text(out, "{\"certificate\":\"") &&
			      base64url_encode(bytes_from(der, (size_t)size), out) && add_text(out, reason);
	OPENSSL_free(der);
	X509_free(certificate);
	BIO_free(bio);
	return is_built ? DONE : outcome_fail(exit_other, "%s holds no certificate in PEM", options->certificate);
}

/* URL of the server: its origin without a slash, then the path. */
static outcome build_url(const struct options *options, const char *path, const char *last, char out[http_url_room])
{
	size_t size = strlen(options->server);
	while (size > 0 && options->server[size - 1] == '/')
		size--;
	if ((size_t)snprintf(out, http_url_room, "%.*s%s%s", (int)size, options->server, path, last) >= http_url_room)
		return wrong_usage("the server's URL is too long");
	return DONE;
}

static void tell(const struct options *options)
{
	if (options->certificate != NULL) {
		(void)printf("the certificate in %s is revoked\n", options->certificate);
		return;
	}
	(void)fputs("enrolment record taken: ", stdout);
	outcome_print(bytes_from_text(options->identifier));
	(void)printf(" belongs to the device with %s ",
		     options->ek != NULL ? "EK" : options->serial != NULL ? "serial number" : "UDID");
	outcome_print(bytes_from_text(options->ek != NULL ? options->ek : options->serial != NULL ? options->serial : options->udid));
	(void)printf(", sequence %llu, for %llu seconds from now%s\n", (unsigned long long)options->sequence,
		     (unsigned long long)options->expires_in_s, options->is_one_time ? ", and for one certificate" : "");
}

static outcome post(const struct options *options, struct http *http, EVP_PKEY *key)
{
	struct signed_client client = {.http = http, .key = key};
	struct http_answer answer;
	char url[http_url_room];
	uint8_t text[8192];
	struct buffer payload = BUFFER(text);
	const bool is_revocation = options->certificate != NULL;
	STEP(is_revocation ? build_revocation(options, &payload) : build_record(options, &payload));
	STEP(build_url(options, "/admin/new-nonce", "", client.new_nonce));
	STEP(build_url(options, "/admin/administrator/", options->administrator, client.kid));
	STEP(build_url(options, is_revocation ? "/admin/revocation" : "/admin/enrolment-record", "", url));
	STEP(signed_post(&client, url, buffer_view(&payload), &answer));
	tell(options);
	return DONE;
}

static outcome run(const struct options *options)
{
	struct http *http = NULL;
	EVP_PKEY *key = NULL;
	STEP(key_file_read(options->key, &key));
	outcome result = http_open(options->root, options->server, &http);
	if (result.code == exit_done)
		result = post(options, http, key);
	http_close(http);
	EVP_PKEY_free(key);
	return result;
}

int main(int count, char **words)
{
	struct options options;
	if (clearenv() != 0) /* neither proxies nor roots nor key logs by the environment */
		return exit_other;
	opterr = 0;
	outcome result = read_options(count, words, &options);
	if (result.code == exit_done)
		result = run(&options);
	return result.code;
}
