/* SPDX-License-Identifier: Apache-2.0
 * keyward-control: an administrator's signed requests to the appliance. Distrusts the command line and the server. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/client/key_file.h"
#include "ca/client/signed.h"
#include "ca/control/options.h"
#include "ca/control/payload.h"
#include "ca/control/root_import.h"
#include "ca/jose/base64url.h"
#include "ca/jose/json.h"
#include "firmware/boundary/clock.h"

static outcome build_record(const struct options *options, struct buffer *out)
{
	char numbers[128];
	const uint64_t now = clock_wall_s();
	if (options->ek != NULL && (strlen(options->ek) != 64 || strspn(options->ek, "0123456789abcdef") != 64))
		return options_wrong("--ek takes the 64 lower-case hexadecimal digits of the SHA-256 of the EK's "
				   "SubjectPublicKeyInfo");
	(void)snprintf(numbers, sizeof numbers, ",\"sequence\":%llu,\"issued\":%llu,\"expires\":%llu}",
		       (unsigned long long)options->sequence, (unsigned long long)now,
		       (unsigned long long)(now + options->expires_in_s));
	if (!payload_add_text(out, "{\"identifierType\":\"permanent-identifier\"") || !payload_add_member(out, "identifier", options->identifier) ||
	    !payload_add_member(out, "ek", options->ek) || !payload_add_member(out, "format", options->format) ||
	    !payload_add_member(out, "serial", options->serial) || !payload_add_member(out, "udid", options->udid) ||
	    (options->is_one_time && !payload_add_text(out, ",\"oneTime\":true")) || !payload_add_text(out, numbers))
		return options_wrong("the identifier or the device's name is not UTF-8 or too long");
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
	const bool is_built = size > 0 && payload_add_text(out, "{\"certificate\":\"") &&
			      base64url_encode(bytes_from(der, (size_t)size), out) && payload_add_text(out, reason);
	OPENSSL_free(der);
	X509_free(certificate);
	BIO_free(bio);
	return is_built ? DONE : outcome_fail(exit_other, "%s holds no certificate in PEM", options->certificate);
}

static void tell(const struct options *options)
{
	if (options->command == control_revoke) {
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
	const bool is_revocation = options->command == control_revoke;
	STEP(is_revocation ? build_revocation(options, &payload) : build_record(options, &payload));
	STEP(options_url(options, "/admin/new-nonce", "", client.new_nonce));
	STEP(options_url(options, "/admin/administrator/", options->administrator, client.kid));
	STEP(options_url(options, is_revocation ? "/admin/revocation" : "/admin/enrolment-record", "", url));
	STEP(signed_post(&client, url, buffer_view(&payload), &answer));
	tell(options);
	return DONE;
}

static outcome send(const struct options *options, EVP_PKEY *key)
{
	struct http *http = NULL;
	outcome result = http_open(options->root, options->server, &http);
	if (result.code == exit_done)
		result = post(options, http, key);
	http_close(http);
	return result;
}

static outcome run(const struct options *options)
{
	EVP_PKEY *key = NULL;
	STEP(key_file_read(options->key, &key));
	const outcome result = options->command == control_root_import ? root_import(options, key) : send(options, key);
	EVP_PKEY_free(key);
	return result;
}

int main(int count, char **words)
{
	struct options options;
	if (clearenv() != 0) /* neither proxies nor roots nor key logs by the environment */
		return exit_other;
	outcome result = options_read(count, words, &options);
	if (result.code == exit_done)
		result = run(&options);
	return result.code;
}
