/* SPDX-License-Identifier: Apache-2.0
 * Reads X.509 certificates of TPMs, EKs and AKs. Real ones are odd (issuer names whose SETs are not sorted, NULs in a
 * model), so names are taken as the octets they are; everything else has to be DER. */
#include "attest/verifier/certificate.h"

#include <openssl/asn1t.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { longest_issuer = 4096 };

typedef struct {
	ASN1_UTF8STRING *value;
	ASN1_OBJECT *assigner;
} PERMANENT_IDENTIFIER;
DECLARE_ASN1_FUNCTIONS(PERMANENT_IDENTIFIER)
ASN1_SEQUENCE(PERMANENT_IDENTIFIER) = {
	ASN1_OPT(PERMANENT_IDENTIFIER, value, ASN1_UTF8STRING),
	ASN1_OPT(PERMANENT_IDENTIFIER, assigner, ASN1_OBJECT),
} ASN1_SEQUENCE_END(PERMANENT_IDENTIFIER)
IMPLEMENT_ASN1_FUNCTIONS(PERMANENT_IDENTIFIER)

/* Encoded anew, names apart, the part that is signed is the same: no BER. */
static bool is_der(X509 *certificate, struct bytes der)
{
	unsigned char *again = NULL;
	unsigned char *before = NULL;
	const int size_before = i2d_X509(certificate, &before);
	const bool is_whole = size_before > 0 && bytes_equal(der, bytes_from(before, (size_t)size_before));
	OPENSSL_free(before);
	if (!is_whole || i2d_re_X509_tbs(certificate, NULL) <= 0)
		return false;
	const int size = i2d_X509(certificate, &again);
	const bool is_same = size > 0 && bytes_equal(der, bytes_from(again, (size_t)size));
	OPENSSL_free(again);
	return is_same;
}

X509 *certificate_parse(struct bytes der)
{
	const unsigned char *at = der.data;
	if (der.size == 0 || der.size > 65536)
		return NULL;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
	if (certificate == NULL)
		return NULL;
	if (at != der.data + der.size || !is_der(certificate, der)) {
		X509_free(certificate);
		return NULL;
	}
	return certificate;
}

X509 *certificate_parse_issuer(struct bytes der)
{
	static X509 *last;
	static uint8_t octets[longest_issuer];
	static size_t size;
	if (last != NULL && bytes_equal(der, bytes_from(octets, size)) && X509_up_ref(last) == 1)
		return last;
	X509 *certificate = certificate_parse(der);
	if (certificate != NULL && der.size <= sizeof octets && X509_up_ref(certificate) == 1) {
		X509_free(last);
		last = certificate;
		size = der.size;
		memcpy(octets, der.data, size);
	}
	return certificate;
}

bool certificate_has_usage(X509 *certificate, const char *oid)
{
	bool has = false;
	char text[64];
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		if (OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(usages, i), 1) > 0 && strcmp(text, oid) == 0)
			has = true;
	EXTENDED_KEY_USAGE_free(usages);
	return has;
}

static bool identifier_write(const PERMANENT_IDENTIFIER *in, char *out, size_t room)
{
	char oid[128] = "";
	if (in->value == NULL)
		return false;
	const struct bytes value = {ASN1_STRING_get0_data(in->value), (size_t)ASN1_STRING_length(in->value)};
	/* no slash (device-attest 3): what stands behind one is an assigner */
	if (value.size == 0 || memchr(value.data, 0, value.size) != NULL || memchr(value.data, '/', value.size) != NULL)
		return false;
	const int oid_size = in->assigner == NULL ? 0 : OBJ_obj2txt(oid, sizeof oid, in->assigner, 1);
	if (oid_size < 0 || (size_t)oid_size >= sizeof oid)
		return false;
	const int size = snprintf(out, room, "%.*s%s%s", (int)value.size, (const char *)value.data,
				  oid_size > 0 ? "/" : "", oid);
	return size > 0 && (size_t)size < room;
}

bool certificate_permanent_identifier(const GENERAL_NAME *name, char *out, size_t room)
{
	if (name->type != GEN_OTHERNAME || OBJ_obj2nid(name->d.otherName->type_id) != NID_id_on_permanentIdentifier ||
	    name->d.otherName->value->type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *sequence = name->d.otherName->value->value.sequence;
	const unsigned char *at = ASN1_STRING_get0_data(sequence);
	const struct bytes der = {at, (size_t)ASN1_STRING_length(sequence)};
	PERMANENT_IDENTIFIER *identifier = d2i_PERMANENT_IDENTIFIER(NULL, &at, (long)der.size);
	if (identifier == NULL)
		return false;
	unsigned char *again = NULL;
	const int size = i2d_PERMANENT_IDENTIFIER(identifier, &again);
	const bool is_good = size > 0 && bytes_equal(der, bytes_from(again, (size_t)size)) &&
			     identifier_write(identifier, out, room);
	OPENSSL_free(again);
	PERMANENT_IDENTIFIER_free(identifier);
	return is_good;
}

static bool copy_text(const ASN1_STRING *from, char *out, size_t room, bool *is_printable)
{
	const struct bytes text = {ASN1_STRING_get0_data(from), (size_t)ASN1_STRING_length(from)};
	if (text.size >= room || out[0] != 0)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const bool is_plain = text.data[i] >= 0x20 && text.data[i] < 0x7f;
		*is_printable = *is_printable && is_plain;
		out[i] = is_plain ? (char)text.data[i] : '?';
	}
	out[text.size] = 0;
	return true;
}

static bool read_directory_name(const X509_NAME *name, struct certificate_names *out)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
		char oid[32] = "";
		bool is_read = true, is_plain = true;
		if (OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 1) <= 0)
			return false;
		if (strcmp(oid, "2.23.133.2.1") == 0)
			is_read = copy_text(value, out->manufacturer, sizeof out->manufacturer, &out->is_printable);
		else if (strcmp(oid, "2.23.133.2.2") == 0)
			is_read = copy_text(value, out->model, sizeof out->model, &is_plain);
		else if (strcmp(oid, "2.23.133.2.3") == 0)
			is_read = copy_text(value, out->version, sizeof out->version, &out->is_printable);
		if (!is_read)
			return false;
	}
	return true;
}

/* Once, and only characters of names. */
static bool copy_uri_tail(struct bytes text, size_t from, char *out, size_t room)
{
	const size_t size = text.size - from;
	if (size == 0 || size >= room || out[0] != 0)
		return false;
	for (size_t i = 0; i < size; i++)
		if (text.data[from + i] <= 0x20 || text.data[from + i] >= 0x7f)
			return false;
	memcpy(out, text.data + from, size);
	out[size] = 0;
	return true;
}

static bool read_name(const GENERAL_NAME *name, struct certificate_names *out)
{
	static const char scheme[] = "urn:ek:sha256:", directory[] = "urn:keyward:directory:";
	bool is_plain = true;
	if (name->type == GEN_DIRNAME)
		return read_directory_name(name->d.directoryName, out);
	if (name->type == GEN_URI) {
		const ASN1_STRING *uri = name->d.uniformResourceIdentifier;
		const struct bytes text = {ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)};
		if (text.size >= sizeof directory - 1 && memcmp(text.data, directory, sizeof directory - 1) == 0)
			return copy_uri_tail(text, sizeof directory - 1, out->directory, sizeof out->directory);
		if (text.size < sizeof scheme - 1 || memcmp(text.data, scheme, sizeof scheme - 1) != 0)
			return true;
		return copy_text(uri, out->ek_uri, sizeof out->ek_uri, &is_plain) && is_plain;
	}
	if (name->type == GEN_OTHERNAME &&
	    OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_permanentIdentifier) {
		char *const at = out->permanent_identifier;
		char other[sizeof out->permanent_identifier];
		return certificate_permanent_identifier(name, out->permanent_identifiers++ == 0 ? at : other,
							sizeof other);
	}
	return true;
}

bool certificate_names_read(X509 *certificate, struct certificate_names *out)
{
	int critical = -1;
	struct certificate_names read = {.is_printable = true};
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
	if (names == NULL) { /* -1: not there; anything else is twice or malformed */
		if (critical == -1)
			*out = read;
		return critical == -1;
	}
	bool is_good = true;
	for (int i = 0; is_good && i < sk_GENERAL_NAME_num(names); i++)
		is_good = read_name(sk_GENERAL_NAME_value(names, i), &read);
	GENERAL_NAMES_free(names);
	if (is_good)
		*out = read;
	return is_good;
}

/* Frees the DER. */
static bool hash(unsigned char *der, int der_size, uint8_t out[32])
{
	unsigned size = 0;
	const bool is_hashed = der_size > 0 && EVP_Digest(der, (size_t)der_size, out, &size, EVP_sha256(), NULL) == 1 && size == 32;
	OPENSSL_free(der);
	return is_hashed;
}

/* Not X509_digest, which looks for the algorithm each time: five times as dear. */
bool certificate_hash(X509 *certificate, uint8_t out[32])
{
	unsigned char *der = NULL;
	const int size = i2d_X509(certificate, &der);
	return hash(der, size, out);
}

bool certificate_spki_hash(X509 *certificate, uint8_t out[32])
{
	unsigned char *spki = NULL;
	const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	return hash(spki, size, out);
}

enum certificate_extension certificate_find_extension(X509 *certificate, const char *oid, struct bytes *out)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	if (object == NULL)
		return certificate_extension_is_wrong;
	const int at = X509_get_ext_by_OBJ(certificate, object, -1);
	const bool is_twice = at >= 0 && X509_get_ext_by_OBJ(certificate, object, at) >= 0;
	ASN1_OBJECT_free(object);
	if (at < 0 || is_twice)
		return is_twice ? certificate_extension_is_wrong : certificate_extension_is_absent;
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	*out = bytes_from(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	return certificate_extension_is_there;
}
