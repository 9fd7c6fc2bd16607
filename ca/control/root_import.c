/* SPDX-License-Identifier: Apache-2.0
 * Judges the whole file before anything is signed. Distrusts the file: what it holds is shown to who has to decide. */
#include "ca/control/root_import.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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
	size_t roots, intermediates;
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

/* Says whose it is, and why it may not be signed, where it may not. */
static bool judge(X509 *certificate, struct signing *signing)
{
	const struct options *options = signing->options;
	struct anchor anchor;
	const char *what = anchor_judge(certificate, bytes_from_text(options->format), &anchor);
	if (what == NULL && anchor.is_root && !anchor.is_known && !options->may_be_unknown)
		what = "compare its SHA-256 with what its maker publishes, then say --unknown";
	(void)printf("%-12s %s%s%s\n", anchor.is_root ? "root" : "intermediate", anchor.whose.text, what == NULL ? "" : "; not signed: ",
		     what == NULL ? "" : what);
	signing->roots += anchor.is_root;
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
			      (!options->may_be_unknown || payload_add_text(out, ",\"unknown\":true")) && payload_add_text(out, "}");
	OPENSSL_free(der);
	return is_built;
}

static outcome name_file(X509 *certificate, const char *folder, char out[PATH_MAX])
{
	char hex[known_root_hash_room];
	if (!known_root_hash(certificate, hex))
		return outcome_fail(exit_other, "there is no memory");
	if (snprintf(out, PATH_MAX, "%s/%s.jws", folder, hex) >= PATH_MAX)
		return outcome_fail(exit_other, "the path %s is too long", folder);
	return DONE;
}

static outcome sign(X509 *certificate, const struct signing *signing)
{
	uint8_t payload_room[request_room], octets[request_room];
	struct buffer payload = BUFFER(payload_room), request = BUFFER(octets);
	char path[PATH_MAX];
	const struct jws_header header = {.url = bytes_from_text(signing->url), .kid = bytes_from_text(signing->kid)};
	STEP(name_file(certificate, signing->options->into, path));
	if (!build(certificate, signing->options, &payload) ||
	    is_refused(jws_build(signing->key, &header, buffer_view(&payload), &request)))
		return outcome_fail(exit_other, "the certificate for %s cannot be signed: it is too long, or the key of no use", path);
	return key_file_store(path, 0644, buffer_view(&request));
}

static outcome sign_all(const STACK_OF(X509) *bundle, struct signing *signing)
{
	bool is_good = true;
	for (int i = 0; i < sk_X509_num(bundle); i++)
		is_good = judge(sk_X509_value(bundle, i), signing) && is_good;
	if (!is_good)
		return outcome_fail(exit_other, "nothing was signed");
	if (mkdir(signing->options->into, 0755) != 0 && errno != EEXIST)
		return outcome_fail(exit_other, "%s cannot be made: %s", signing->options->into, strerror(errno));
	for (int i = 0; i < sk_X509_num(bundle); i++)
		STEP(sign(sk_X509_value(bundle, i), signing));
	(void)printf("signed for format %s: roots %zu, intermediates %zu. They hold from the appliance's next start on, when they "
		     "are in the folder roots of its state.\n",
		     signing->options->format, signing->roots, signing->intermediates);
	return DONE;
}

outcome root_import(const struct options *options, EVP_PKEY *key)
{
	struct signing signing = {.options = options, .key = key};
	STACK_OF(X509) *bundle = NULL;
	STEP(options_url(options, "/admin/administrator/", options->administrator, signing.kid));
	STEP(options_url(options, "/admin/root", "", signing.url));
	STEP(read_bundle(options->roots, &bundle));
	const outcome result = sign_all(bundle, &signing);
	bundle_free(bundle);
	return result;
}
