/* SPDX-License-Identifier: Apache-2.0
 * Judges the whole file before anything is signed. Distrusts the file: what it holds is shown to who has to decide. */
#include "ca/control/root_import.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/verifier/anchor.h"
#include "attest/verifier/bundle.h"
#include "ca/client/key_file.h"
#include "ca/control/payload.h"
#include "ca/jose/base64url.h"
#include "ca/jose/jws.h"

enum { longest_file = 8 << 20, request_room = 8192 };

/* What goes into each request, and whose hand it is. */
struct signing {
	const struct options *options;
	EVP_PKEY *key;
	char kid[http_url_room], url[http_url_room];
	size_t roots, unknown, intermediates;
};

static outcome read_bundle(const char *path, STACK_OF(X509) **out)
{
	struct buffer file = {.data = malloc(longest_file), .room = longest_file};
	if (file.data == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome loaded = key_file_load(path, false, &file);
	*out = loaded.code == exit_done ? bundle_read(buffer_view(&file)) : NULL;
	free(file.data);
	STEP(loaded);
	return *out != NULL ? DONE : outcome_fail(exit_other, "%s holds no certificate, or one that is none", path);
}

static bool may_be_unknown(X509 *certificate, const struct options *options)
{
	char hex[known_root_hash_room] = "";
	const bool is_hashed = known_root_hash(certificate, hex);
	for (size_t i = 0; is_hashed && i < options->unknown_count; i++)
		if (strcmp(options->unknown[i], hex) == 0)
			return true;
	return false;
}

/* What keeps every chain from ending in it. The appliance, where it lies for years, does not ask. */
static const char *fault_of_age_or_key(X509 *certificate)
{
	enum { least_security_bits = 112 };
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	if (key == NULL || EVP_PKEY_get_security_bits(key) < least_security_bits)
		return "its key is too weak, or of no use";
	return X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0 ? "it has expired" : NULL;
}

/* Says whose it is, and why it may not be signed, where it may not. */
static bool judge(X509 *certificate, struct signing *signing)
{
	const struct options *options = signing->options;
	struct anchor anchor;
	const char *what = anchor_judge(certificate, bytes_from_text(options->format), &anchor);
	if (what == NULL)
		what = fault_of_age_or_key(certificate);
	if (what == NULL && anchor.is_root && !anchor.is_known && !may_be_unknown(certificate, options))
		what = anchor.known_format == NULL ? "compare its SHA-256 with what its maker publishes, then say --unknown with it"
						   : "it is known as a root of another format; where it is meant, say --unknown with its SHA-256";
	(void)printf("%-12s %s%s%s\n", anchor.is_root ? "root" : "intermediate", anchor.whose.text, what == NULL ? "" : "; not signed: ",
		     what == NULL ? "" : what);
	signing->roots += anchor.is_root;
	signing->unknown += anchor.is_root && !anchor.is_known;
	signing->intermediates += !anchor.is_root;
	return what == NULL;
}

static bool build(X509 *certificate, const struct options *options, struct buffer *out)
{
	unsigned char *der = NULL;
	const int size = i2d_X509(certificate, &der);
	const bool is_built = size > 0 && payload_add_text(out, "{\"certificate\":\"") && base64url_encode(bytes_from(der, (size_t)size), out) &&
			      payload_add_text(out, "\"") && payload_add_member(out, "format", options->format) &&
			      payload_add_member(out, "vendors", options->vendors) && payload_add_member(out, "directories", options->directories) &&
			      (!may_be_unknown(certificate, options) || payload_add_text(out, ",\"unknown\":true")) && payload_add_text(out, "}");
	OPENSSL_free(der);
	return is_built;
}

/* One file for each certificate and format. */
static outcome name_file(X509 *certificate, const struct options *options, char out[PATH_MAX])
{
	char hex[known_root_hash_room];
	if (!known_root_hash(certificate, hex))
		return outcome_fail(exit_other, "there is no memory");
	if (snprintf(out, PATH_MAX, "%s/%s-%s.jws", options->into, hex, options->format) >= PATH_MAX)
		return outcome_fail(exit_other, "the path %s is too long", options->into);
	return DONE;
}

static outcome sign(X509 *certificate, const struct signing *signing, struct buffer *request)
{
	uint8_t payload_room[request_room];
	struct buffer payload = BUFFER(payload_room);
	const struct jws_header header = {.url = bytes_from_text(signing->url), .kid = bytes_from_text(signing->kid)};
	if (build(certificate, signing->options, &payload) &&
	    !is_refused(jws_build(signing->key, &header, buffer_view(&payload), request)))
		return DONE;
	return outcome_fail(exit_other, "a certificate cannot be signed: it is too long, or the key of no use");
}

/* Signs it, and writes the request unless all are only tried. */
static outcome handle(X509 *certificate, const struct signing *signing, bool is_tried)
{
	uint8_t octets[request_room];
	struct buffer request = BUFFER(octets);
	char path[PATH_MAX];
	STEP(name_file(certificate, signing->options, path));
	STEP(sign(certificate, signing, &request));
	if (!is_tried)
		return key_file_store(path, 0644, buffer_view(&request));
	if (access(path, F_OK) == 0 && !signing->options->may_replace)
		return outcome_fail(exit_other, "%s is there, perhaps for other vendors or directories; say --replace to sign anew", path);
	return DONE;
}

static outcome handle_all(const STACK_OF(X509) *bundle, const struct signing *signing, bool is_tried)
{
	for (int i = 0; i < sk_X509_num(bundle); i++)
		STEP(handle(sk_X509_value(bundle, i), signing, is_tried));
	return DONE;
}

static outcome judge_all(const STACK_OF(X509) *bundle, struct signing *signing)
{
	bool is_good = true;
	for (int i = 0; i < sk_X509_num(bundle); i++)
		is_good = judge(sk_X509_value(bundle, i), signing) && is_good;
	return is_good ? handle_all(bundle, signing, true) : (outcome){exit_other};
}

static outcome sign_all(const STACK_OF(X509) *bundle, struct signing *signing)
{
	const struct options *options = signing->options;
	if (judge_all(bundle, signing).code != exit_done)
		return outcome_fail(exit_other, "nothing was signed");
	if (mkdir(options->into, 0755) != 0 && errno != EEXIST)
		return outcome_fail(exit_other, "%s cannot be made: %s", options->into, strerror(errno));
	STEP(handle_all(bundle, signing, false));
	(void)printf("signed for format %s, vendors %s, directories %s: roots %zu, of which unknown %zu, intermediates %zu. They hold "
		     "from the appliance's next start on, when they are in the folder roots of its state.\n",
		     options->format, options->vendors == NULL ? "any" : options->vendors,
		     options->directories == NULL ? "any" : options->directories, signing->roots, signing->unknown, signing->intermediates);
	return DONE;
}

/* Of equal ones the first stays. */
static void drop_repeated(STACK_OF(X509) *bundle)
{
	for (int i = 0; i < sk_X509_num(bundle); i++)
		for (int k = sk_X509_num(bundle) - 1; k > i; k--)
			if (X509_cmp(sk_X509_value(bundle, i), sk_X509_value(bundle, k)) == 0)
				X509_free(sk_X509_delete(bundle, k));
}

outcome root_import(const struct options *options, EVP_PKEY *key)
{
	struct signing signing = {.options = options, .key = key};
	STACK_OF(X509) *bundle = NULL;
	STEP(options_url(options, "/admin/administrator/", options->administrator, signing.kid));
	STEP(options_url(options, "/admin/root", "", signing.url));
	STEP(read_bundle(options->roots, &bundle));
	drop_repeated(bundle);
	const outcome result = sign_all(bundle, &signing);
	bundle_free(bundle);
	return result;
}
