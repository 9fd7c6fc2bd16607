/* SPDX-License-Identifier: Apache-2.0
 * Roots, lists and intermediates of the settings, read once and given to the directories that they serve. The files are as
 * administrators put them there; what they signed is judged, the rest is trusted to be meant. */
#include "attest/verifier/trust.h"

#include <openssl/pem.h>

#include "attest/verifier/bundle.h"
#include "attest/verifier/root_import.h"

/* PEM or DER, as the file had it. */
static X509 *read_root(struct bytes file)
{
	const unsigned char *at = file.data;
	X509 *root = d2i_X509(NULL, &at, (long)file.size);
	if (root != NULL)
		return root;
	BIO *text = BIO_new_mem_buf(file.data, (int)file.size);
	root = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	return root;
}

static bool read_roots(const struct bytes *files, size_t count, struct chain_roots *out)
{
	for (size_t i = 0; i < count; i++) {
		X509 *root = out->count < chain_most_roots ? read_root(files[i]) : NULL;
		if (root == NULL)
			return false;
		out->at[out->count++] = root;
	}
	return true;
}

/* Which roots a format's are; NULL: no such format. */
static struct chain_roots *roots_of(struct verifier_directory *of, struct bytes format)
{
	const struct {
		const char *format;
		struct chain_roots *roots;
	} pools[] = {
		{"ek", &of->ek_roots},	       {"ak", &of->ak_roots},	      {"apple", &of->apple_roots},
		{"android-key", &of->android_roots}, {"packed", &of->packed_roots}, {"step", &of->step_roots},
	};
	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
		if (bytes_equal_text(format, pools[i].format))
			return pools[i].roots;
	return NULL;
}

/* What is wrong; NULL: nothing. */
static const char *add_root(struct bytes format, vendor_set vendors, X509 *root, struct verifier_directory *to)
{
	struct chain_roots *roots = roots_of(to, format);
	if (roots == NULL)
		return "a root is of no known format";
	if (roots->count == chain_most_roots || X509_up_ref(root) != 1)
		return "a directory has too many roots";
	if (roots == &to->ek_roots)
		to->ek_vendors[roots->count] = vendors;
	roots->at[roots->count++] = root;
	return NULL;
}

/* Each root is read once, and goes to the directories that it serves and to no other. */
static const char *read_trust_root(struct bytes encoded, struct verifier *out)
{
	struct message_trust_root record;
	vendor_set vendors;
	if (is_refused(wire_decode(message_trust_root, encoded, &record)))
		return "a root is no record of one";
	if (!vendor_set_read(record.vendors, &vendors))
		return "a vendor of a maker's roots is not in the list";
	if (record.directories == 0 || record.directories >> out->directory_count != 0)
		return "a root serves no directory, or one that there is not";
	X509 *root = read_root(record.certificate);
	const char *what = root == NULL ? "a root is no certificate" : NULL;
	for (size_t i = 0; what == NULL && i < out->directory_count; i++)
		if ((record.directories >> i & 1) != 0)
			what = add_root(record.format, vendors, root, &out->directories[i]);
	X509_free(root);
	return what;
}

/* What is wrong; NULL: nothing. */
static const char *add_revocation_list(const struct message_trust_file *file, struct verifier *out)
{
	struct revocation_list *list = &out->lists[out->list_count];
	const char *what = revocation_read(file->content, list);
	if (what != NULL)
		return what;
	out->list_count++;
	for (size_t i = 0; i < out->directory_count; i++)
		if ((file->directories >> i & 1) != 0)
			out->directories[i].revoked.at[out->directories[i].revoked.count++] = list;
	return NULL;
}

static STACK_OF(X509) *intermediates_of(struct verifier_directory *directory)
{
	if (directory->ek_intermediates == NULL)
		directory->ek_intermediates = sk_X509_new_null();
	return directory->ek_intermediates;
}

static const char *add_intermediates(const struct message_trust_file *file, struct verifier *out)
{
	STACK_OF(X509) *bundle = bundle_read(file->content);
	const char *what = bundle == NULL ? "it holds no certificate, or one that is none" : NULL;
	for (int i = 0; what == NULL && i < sk_X509_num(bundle); i++)
		if (X509_check_ca(sk_X509_value(bundle, i)) == 0)
			what = "it holds a certificate that issues no others";
	for (size_t i = 0; what == NULL && i < out->directory_count; i++)
		if ((file->directories >> i & 1) != 0 &&
		    (intermediates_of(&out->directories[i]) == NULL || !bundle_add(bundle, intermediates_of(&out->directories[i]))))
			what = "there is no memory";
	bundle_free(bundle);
	return what;
}

/* What is wrong goes to detail with the file's name. */
static bool read_files(const struct bytes *encoded, size_t count, const char *kind,
		       const char *(*add)(const struct message_trust_file *file, struct verifier *out), struct verifier *out,
		       struct detail *detail)
{
	for (size_t i = 0; i < count; i++) {
		struct message_trust_file file;
		if (is_refused(wire_decode(message_trust_file, encoded[i], &file)) || file.directories == 0 ||
		    file.directories >> out->directory_count != 0) {
			detail_say(detail, "a %s is no record of one", kind);
			return false;
		}
		const char *what = add(&file, out);
		if (what == NULL)
			continue;
		detail_say(detail, "the %s %.*s cannot be used: %s", kind, (int)file.file.size, (const char *)file.file.data, what);
		return false;
	}
	return true;
}

static const char *add_import(const struct root_import *import, struct verifier *out)
{
	const char *what = NULL;
	for (size_t i = 0; what == NULL && i < out->directory_count; i++) {
		struct verifier_directory *directory = &out->directories[i];
		if ((import->directories >> i & 1) == 0)
			continue;
		if (import->anchor.is_root)
			what = add_root(import->format, import->vendors, import->certificate, directory);
		else if (intermediates_of(directory) == NULL || !bundle_add_one(import->certificate, intermediates_of(directory)))
			what = "there is no memory";
	}
	return what;
}

/* What is wrong; NULL: nothing. */
static const char *read_import(const struct message_root_import *file, struct verifier *out)
{
	uint8_t octets[root_import_room];
	struct buffer room = BUFFER(octets);
	struct root_import import = {.certificate = NULL};
	const char *what = root_import_read(out, file->request, &room, &import);
	if (what == NULL)
		what = add_import(&import, out);
	X509_free(import.certificate);
	return what;
}

/* All are read, so that who has to have many signed anew knows. */
static bool read_imports(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	struct message_root_import file, first = {.file = bytes_from(NULL, 0)};
	const char *why = NULL;
	size_t bad = 0;
	for (size_t i = 0; i < settings->root_imports.count; i++) {
		const bool is_record = !is_refused(wire_decode(message_root_import, settings->root_imports.at[i], &file));
		const char *what = is_record ? read_import(&file, out) : "it is no record of one";
		if (what == NULL || bad++ > 0)
			continue;
		why = what;
		first = is_record ? file : first;
	}
	if (bad > 0)
		detail_say(detail, "of %zu signed roots %zu cannot be used, the first of them %.*s: %s", settings->root_imports.count, bad,
			   (int)first.file.size, (const char *)first.file.data, why);
	return bad == 0;
}

static bool read_all_roots(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	const char *what = NULL;
	for (size_t i = 0; what == NULL && i < settings->roots.count; i++)
		what = read_trust_root(settings->roots.at[i], out);
	if (what == NULL && !read_roots(settings->ak_issuers.at, settings->ak_issuers.count, &out->ak_issuers))
		what = "an AK-issuing certificate cannot be read";
	if (what != NULL)
		detail_say(detail, "%s", what);
	return what == NULL;
}

bool trust_read(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail)
{
	return read_all_roots(settings, out, detail) &&
	       read_files(settings->revocation_lists.at, settings->revocation_lists.count, "list of revoked certificates",
			  add_revocation_list, out, detail) &&
	       read_files(settings->ek_intermediates.at, settings->ek_intermediates.count, "file of intermediate certificates",
			  add_intermediates, out, detail) &&
	       read_imports(settings, out, detail);
}

static void tell_root(struct bytes encoded, void (*log)(int level, const char *format, ...))
{
	struct message_trust_root record;
	struct detail whose;
	if (is_refused(wire_decode(message_trust_root, encoded, &record)))
		return;
	X509 *root = read_root(record.certificate);
	if (root == NULL)
		return;
	const struct known_root *known = known_root_tell(root, &whose);
	const bool is_other = known != NULL && !bytes_equal_text(record.format, known->format);
	log(is_other ? 4 : known == NULL ? 5 : 6, "root for format %.*s%s%s: %s", (int)record.format.size,
	    (const char *)record.format.data, is_other ? ", though it is for " : "", is_other ? known->format : "", whose.text);
	X509_free(root);
}

/* Of a root, whom it is for; intermediates are counted. */
static void tell_import(const struct verifier *verifier, struct bytes encoded, size_t *intermediates,
			void (*log)(int level, const char *format, ...))
{
	uint8_t octets[root_import_room];
	struct buffer room = BUFFER(octets);
	struct message_root_import file;
	struct root_import import;
	if (is_refused(wire_decode(message_root_import, encoded, &file)) ||
	    root_import_read(verifier, file.request, &room, &import) != NULL)
		return;
	const struct bytes any = bytes_from_text("any"), vendors = import.vendor_names.size == 0 ? any : import.vendor_names,
			   directories = import.directory_names.size == 0 ? any : import.directory_names;
	if (!import.anchor.is_root)
		++*intermediates;
	else
		log(import.anchor.is_known ? 6 : 5, "root for format %.*s, signed by %.*s, for vendors %.*s, directories %.*s: %s",
		    (int)import.format.size, (const char *)import.format.data, (int)import.administrator.size,
		    (const char *)import.administrator.data, (int)vendors.size, (const char *)vendors.data, (int)directories.size,
		    (const char *)directories.data, import.anchor.whose.text);
	X509_free(import.certificate);
}

void trust_tell(const struct verifier *verifier, void (*log)(int level, const char *format, ...))
{
	const struct message_verifier_settings *settings = &verifier->settings;
	size_t intermediates = 0;
	for (size_t i = 0; i < settings->roots.count; i++)
		tell_root(settings->roots.at[i], log);
	for (size_t i = 0; i < settings->root_imports.count; i++)
		tell_import(verifier, settings->root_imports.at[i], &intermediates, log);
	if (intermediates > 0)
		log(6, "%zu intermediates of TPM makers are signed in", intermediates);
}
