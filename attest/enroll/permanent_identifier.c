/* SPDX-License-Identifier: Apache-2.0
 * Builds and compares permanent identifiers octet for octet. Distrusts the certificate it reads. */
#include "attest/enroll/permanent_identifier.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>

static const char type_oid[] = "1.3.6.1.5.5.7.8.3";

enum { longest_identifier = 256, der_room = 400 };

/* SEQUENCE { identifierValue UTF8String, assigner OBJECT IDENTIFIER OPTIONAL } */
static size_t build_value(const char *identifier, uint8_t der[der_room])
{
	const char *slash = strchr(identifier, '/');
	const size_t size = slash == NULL ? strlen(identifier) : (size_t)(slash - identifier);
	ASN1_OBJECT *assigner = slash == NULL ? NULL : OBJ_txt2obj(slash + 1, 1);
	uint8_t *at = der;
	size_t made = 0;
	if (size > 0 && size <= longest_identifier && (slash == NULL || assigner != NULL)) {
		const int text = ASN1_object_size(0, (int)size, V_ASN1_UTF8STRING);
		const int oid = assigner == NULL ? 0 : i2d_ASN1_OBJECT(assigner, NULL);
		const int whole = ASN1_object_size(1, text + oid, V_ASN1_SEQUENCE);
		if (text > 0 && oid >= 0 && whole > 0 && whole <= der_room) {
			ASN1_put_object(&at, 1, text + oid, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
			ASN1_put_object(&at, 0, (int)size, V_ASN1_UTF8STRING, V_ASN1_UNIVERSAL);
			memcpy(at, identifier, size);
			at += size;
			if (assigner != NULL)
				(void)i2d_ASN1_OBJECT(assigner, &at);
			made = (size_t)whole;
		}
	}
	ASN1_OBJECT_free(assigner);
	return made;
}

static GENERAL_NAME *build_name(const uint8_t *der, size_t size)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OBJECT *type = OBJ_txt2obj(type_oid, 1);
	const uint8_t *at = der;
	ASN1_TYPE *value = d2i_ASN1_TYPE(NULL, &at, (long)size);
	if (name == NULL || type == NULL || value == NULL || GENERAL_NAME_set0_othername(name, type, value) != 1) {
		GENERAL_NAME_free(name);
		ASN1_OBJECT_free(type);
		ASN1_TYPE_free(value);
		return NULL;
	}
	return name;
}

GENERAL_NAMES *permanent_identifier_build(const char *identifier)
{
	uint8_t der[der_room];
	const size_t size = build_value(identifier, der);
	GENERAL_NAME *name = size == 0 ? NULL : build_name(der, size);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	if (name == NULL || names == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
		GENERAL_NAME_free(name);
		GENERAL_NAMES_free(names);
		return NULL;
	}
	return names;
}

/* -1: another kind of name. */
static int compare(const GENERAL_NAME *name, const uint8_t *der, size_t size)
{
	ASN1_OBJECT *type = NULL;
	ASN1_TYPE *value = NULL;
	char text[64];
	uint8_t *encoded = NULL;
	if (GENERAL_NAME_get0_otherName(name, &type, &value) != 1 || OBJ_obj2txt(text, sizeof text, type, 1) <= 0 ||
	    strcmp(text, type_oid) != 0)
		return -1;
	const int length = i2d_ASN1_TYPE(value, &encoded);
	const bool is_same = length > 0 && bytes_equal(bytes_from(encoded, (size_t)length), bytes_from(der, size));
	OPENSSL_free(encoded);
	return is_same;
}

bool permanent_identifier_is_in(const X509 *certificate, const char *identifier)
{
	uint8_t der[der_room];
	const size_t size = build_value(identifier, der);
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int same = 0, others = 0;
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const int found = compare(sk_GENERAL_NAME_value(names, i), der, size);
		same += found == 1;
		others += found == 0;
	}
	GENERAL_NAMES_free(names);
	return size > 0 && same == 1 && others == 0;
}
