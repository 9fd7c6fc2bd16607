/* SPDX-License-Identifier: Apache-2.0
 * Test authorities and the certificates of EKs and AKs, honest or not. For tests only. */
#include "tests/device/certificate.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static X509_NAME *name_of(const char *cn)
{
	X509_NAME *name = X509_NAME_new();
	DEVICE_NEED(name != NULL);
	if (cn != NULL)
		DEVICE_NEED(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0) == 1);
	return name;
}

static void set_times(X509 *certificate, int64_t starts_s, int64_t ends_s, long default_end_s)
{
	const bool is_default = starts_s == 0 && ends_s == 0;
	DEVICE_NEED(X509_gmtime_adj(X509_getm_notBefore(certificate), is_default ? -86400 : (long)starts_s) != NULL);
	DEVICE_NEED(X509_gmtime_adj(X509_getm_notAfter(certificate), is_default ? default_end_s : (long)ends_s) != NULL);
}

static void set_serial(X509 *certificate)
{
	uint8_t octets[16];
	DEVICE_NEED(RAND_bytes(octets, sizeof octets) == 1);
	octets[0] = (octets[0] & 0x7f) | 0x40;
	BIGNUM *number = BN_bin2bn(octets, sizeof octets, NULL);
	DEVICE_NEED(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL);
	BN_free(number);
}

static void add_text(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension == NULL)
		ERR_print_errors_fp(stderr);
	DEVICE_NEED(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_raw(X509 *certificate, const char *oid, bool is_critical, const void *value, int size)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	DEVICE_NEED(object != NULL && octets != NULL && ASN1_OCTET_STRING_set(octets, value, size) == 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, is_critical, octets);
	DEVICE_NEED(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static void sign(X509 *certificate, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *hash = EVP_get_digestbyname(digest == NULL ? "SHA256" : digest);
	DEVICE_NEED(hash != NULL && X509_sign(certificate, key, hash) > 0);
}

void device_authority_new(const struct device_authority_options *options, struct device_authority *out)
{
	*out = (struct device_authority){.certificate = X509_new()};
	out->key = options->key != NULL ? options->key : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (options->key != NULL)
		EVP_PKEY_up_ref(options->key);
	const struct device_authority *issuer = options->issuer != NULL ? options->issuer : out;
	X509 *const certificate = out->certificate;
	X509_NAME *subject = name_of(options->name);
	X509_NAME *issued_as = options->issued_as != NULL ? name_of(options->issued_as) : NULL;
	DEVICE_NEED(out->key != NULL && certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1);
	set_serial(certificate);
	DEVICE_NEED(X509_set_subject_name(certificate, subject) == 1 && X509_set_pubkey(certificate, out->key) == 1);
	DEVICE_NEED(X509_set_issuer_name(certificate, issued_as != NULL ? issued_as
								       : X509_get_subject_name(issuer->certificate)));
	set_times(certificate, options->starts_s, options->ends_s, 3650L * 86400);
	const char *constraints = options->constraints != NULL ? options->constraints : "critical,CA:TRUE";
	const char *key_usage = options->key_usage != NULL ? options->key_usage : "critical,keyCertSign,cRLSign";
	if (constraints[0] != '\0')
		add_text(certificate, issuer->certificate, NID_basic_constraints, constraints);
	if (key_usage[0] != '\0')
		add_text(certificate, issuer->certificate, NID_key_usage, key_usage);
	add_text(certificate, issuer->certificate, NID_subject_key_identifier, "hash");
	if (options->issuer != NULL && options->issued_as == NULL)
		add_text(certificate, issuer->certificate, NID_authority_key_identifier, "keyid:always");
	if (options->name_constraints != NULL)
		add_text(certificate, issuer->certificate, NID_name_constraints, options->name_constraints);
	if (options->critical_extension != NULL)
		add_raw(certificate, options->critical_extension, true, "\x05", 2);
	sign(certificate, issuer->key, options->digest);
	uint8_t *end = out->der;
	const int size = i2d_X509(certificate, NULL);
	DEVICE_NEED(size > 0 && (size_t)size <= sizeof out->der && i2d_X509(certificate, &end) == size);
	out->size = (size_t)size;
	X509_NAME_free(subject);
	X509_NAME_free(issued_as);
}

void device_authority_free(struct device_authority *authority)
{
	EVP_PKEY_free(authority->key);
	X509_free(authority->certificate);
	*authority = (struct device_authority){.size = 0};
}

static void add_tpm_name(X509_NAME *name, const char *oid, const char *value, const char *usual, bool in_one_rdn)
{
	const char *text = value != NULL ? value : usual;
	const int set = in_one_rdn && X509_NAME_entry_count(name) > 0 ? -1 : 0;
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	DEVICE_NEED(object != NULL);
	if (text[0] != '\0')
		DEVICE_NEED(X509_NAME_add_entry_by_OBJ(name, object, V_ASN1_UTF8STRING, (const uint8_t *)text, -1, -1, set));
	ASN1_OBJECT_free(object);
}

static void push(GENERAL_NAMES *names, int type, void *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	DEVICE_NEED(name != NULL && value != NULL);
	GENERAL_NAME_set0_value(name, type, value);
	DEVICE_NEED(sk_GENERAL_NAME_push(names, name) > 0);
}

static void push_directory_name(GENERAL_NAMES *names, const struct device_certificate *options)
{
	X509_NAME *name = X509_NAME_new();
	DEVICE_NEED(name != NULL);
	add_tpm_name(name, "2.23.133.2.1", options->manufacturer, "id:00001014", options->in_one_rdn);
	add_tpm_name(name, "2.23.133.2.2", options->model, "swtpm", options->in_one_rdn);
	add_tpm_name(name, "2.23.133.2.3", options->version, "id:20191023", options->in_one_rdn);
	push(names, GEN_DIRNAME, name);
}

static void push_uri(GENERAL_NAMES *names, const char *value)
{
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	DEVICE_NEED(text != NULL && ASN1_STRING_set(text, value, -1) == 1);
	push(names, GEN_URI, text);
}

static void push_uris(GENERAL_NAMES *names, const struct device_certificate *options)
{
	char uri[128] = "urn:ek:sha256:", directory[128];
	if (options->ek != NULL)
		EVP_EncodeBlock((uint8_t *)uri + strlen(uri), options->ek->spki_hash, 32);
	if (options->ek != NULL || options->ek_uri != NULL)
		push_uri(names, options->ek_uri != NULL ? options->ek_uri : uri);
	snprintf(directory, sizeof directory, "urn:keyward:directory:%s", options->directory == NULL ? "devices" : options->directory);
	if (options->key->role == device_role_ak && (options->directory == NULL || *options->directory != '\0'))
		push_uri(names, directory);
}

/* PermanentIdentifier ::= SEQUENCE { identifierValue UTF8String OPTIONAL, assigner OBJECT IDENTIFIER OPTIONAL } */
static void push_permanent_identifier(GENERAL_NAMES *names, const char *value, const char *assigner)
{
	uint8_t der[600], oid[64];
	size_t size = 4, oid_size = 0;
	const size_t length = strlen(value);
	uint8_t *end = oid;
	if (assigner != NULL) {
		ASN1_OBJECT *object = OBJ_txt2obj(assigner, 1);
		oid_size = (size_t)i2d_ASN1_OBJECT(object, &end);
		ASN1_OBJECT_free(object);
	}
	DEVICE_NEED(length + 3 + oid_size < 128);
	der[0] = 0x30;
	der[1] = (uint8_t)(2 + length + oid_size);
	der[2] = 0x0c;
	der[3] = (uint8_t)length;
	memcpy(der + size, value, length);
	size += length;
	memcpy(der + size, oid, oid_size);
	size += oid_size;
	OTHERNAME *other = OTHERNAME_new();
	const uint8_t *start = der;
	DEVICE_NEED(other != NULL);
	ASN1_OBJECT_free(other->type_id);
	ASN1_TYPE_free(other->value);
	other->type_id = OBJ_txt2obj("1.3.6.1.5.5.7.8.3", 1);
	other->value = d2i_ASN1_TYPE(NULL, &start, (long)size);
	DEVICE_NEED(other->type_id != NULL && other->value != NULL);
	push(names, GEN_OTHERNAME, other);
}

static void add_names(X509 *certificate, const struct device_certificate *options)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	if (!options->has_no_directory_name)
		push_directory_name(names, options);
	push_uris(names, options);
	if (options->permanent_identifier != NULL)
		push_permanent_identifier(names, options->permanent_identifier, options->assigner);
	if (options->second_permanent_identifier != NULL)
		push_permanent_identifier(names, options->second_permanent_identifier, NULL);
	const int is_critical = options->names_not_critical ? 0 : 1;
	DEVICE_NEED(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, is_critical, 0) == 1);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

static void add_usages(X509 *certificate, X509 *issuer, const struct device_certificate *options, bool is_ek)
{
	char text[256];
	const char *usages = options->usages != NULL ? options->usages : is_ek ? "2.23.133.8.1" : "2.23.133.8.3";
	const char *key_usage = options->key_usage != NULL ? options->key_usage
				: !is_ek		   ? "critical,digitalSignature"
				: options->key->public.type == TPM2_ALG_RSA ? "critical,keyEncipherment"
									   : "critical,keyAgreement";
	const char *constraints = options->constraints != NULL ? options->constraints : "critical,CA:FALSE";
	snprintf(text, sizeof text, "%s%s", options->usages_critical ? "critical," : "", usages);
	if (strcmp(usages, "empty") == 0)
		add_raw(certificate, "2.5.29.37", false, "\x30", 2);
	else if (usages[0] != '\0')
		add_text(certificate, issuer, NID_ext_key_usage, text);
	if (key_usage[0] != '\0')
		add_text(certificate, issuer, NID_key_usage, key_usage);
	if (constraints[0] != '\0')
		add_text(certificate, issuer, NID_basic_constraints, constraints);
	if (options->critical_extension != NULL)
		add_raw(certificate, options->critical_extension, true, "\x05", 2);
}

void device_certificate_build(const struct device_certificate *options, struct device_octets *out)
{
	X509 *certificate = X509_new();
	X509 *const issuer = options->authority->certificate;
	X509_NAME *subject = name_of(options->subject);
	X509_NAME *issued_as = options->issued_as != NULL ? name_of(options->issued_as) : NULL;
	DEVICE_NEED(certificate != NULL);
	DEVICE_NEED(X509_set_version(certificate, options->is_version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
	set_serial(certificate);
	DEVICE_NEED(X509_set_subject_name(certificate, subject) == 1);
	DEVICE_NEED(X509_set_issuer_name(certificate, issued_as != NULL ? issued_as : X509_get_subject_name(issuer)) == 1);
	DEVICE_NEED(X509_set_pubkey(certificate, options->key->key) == 1);
	set_times(certificate, options->starts_s, options->ends_s, 365L * 86400);
	if (!options->is_version_1) {
		if (!options->has_no_names)
			add_names(certificate, options);
		add_usages(certificate, issuer, options, options->key->role == device_role_ek);
		add_text(certificate, issuer, NID_authority_key_identifier, "keyid:always");
	}
	sign(certificate, options->authority->key, options->digest);
	uint8_t *der = NULL;
	const int size = i2d_X509(certificate, &der);
	DEVICE_NEED(size > 0);
	out->size = 0;
	if (options->has_wrong_signature)
		der[size - 1] ^= 1;
	device_append(out, der, (size_t)size);
	for (unsigned i = 0; options->is_padded && i < 64; i++)
		device_append(out, "\xff", 1);
	OPENSSL_free(der);
	X509_free(certificate);
	X509_NAME_free(subject);
	X509_NAME_free(issued_as);
}

static void add_word(X509_NAME *name, const char *field, const char *word)
{
	DEVICE_NEED(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)word, -1, -1, 0) == 1);
}

void device_leaf_build(const struct device_leaf *options, struct device_octets *out)
{
	X509 *certificate = X509_new();
	X509 *const issuer = options->authority->certificate;
	X509_NAME *subject = name_of("leaf");
	X509_NAME *issued_as = options->issued_as != NULL ? name_of(options->issued_as) : NULL;
	const char *constraints = options->constraints != NULL ? options->constraints : "critical,CA:FALSE";
	DEVICE_NEED(certificate != NULL && X509_set_version(certificate, options->is_version_1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
	set_serial(certificate);
	if (options->unit != NULL) {
		add_word(subject, "C", "AA");
		add_word(subject, "O", "Maker");
		add_word(subject, "OU", options->unit);
	}
	DEVICE_NEED(X509_set_subject_name(certificate, subject) == 1);
	DEVICE_NEED(X509_set_issuer_name(certificate, issued_as != NULL ? issued_as : X509_get_subject_name(issuer)) == 1);
	DEVICE_NEED(X509_set_pubkey(certificate, options->key) == 1);
	set_times(certificate, options->starts_s, options->ends_s, 365L * 86400);
	if (constraints[0] != '\0')
		add_text(certificate, issuer, NID_basic_constraints, constraints);
	add_text(certificate, issuer, NID_key_usage,
		 "critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment");
	for (size_t i = 0; i < options->extension_count; i++) {
		const struct device_extension *one = &options->extensions[i];
		add_raw(certificate, one->oid, one->is_critical, one->value.data, (int)one->value.size);
	}
	sign(certificate, options->authority->key, options->digest);
	uint8_t *der = NULL;
	const int size = i2d_X509(certificate, &der);
	DEVICE_NEED(size > 0);
	if (options->has_wrong_signature)
		der[size - 1] ^= 1;
	out->size = 0;
	device_append(out, der, (size_t)size);
	OPENSSL_free(der);
	X509_free(certificate);
	X509_NAME_free(subject);
	X509_NAME_free(issued_as);
}
