/* SPDX-License-Identifier: Apache-2.0
 * Compares alternative names with identifiers, each in the one encoding that it has. Distrusts every octet. */
#include "attest/verifier/csr_names.h"

#include "attest/verifier/certificate.h"

static const char hardware_module_name[] = "1.3.6.1.5.5.7.8.4"; /* RFC 4108 5 */

/* SEQUENCE { hwType OID, hwSerialNum OCTET STRING } of an identifier; its size, 0: it has none. */
static size_t encode_module(struct bytes identifier, uint8_t out[512])
{
	struct bytes serial, type;
	char text[identifier_most + 1];
	identifier_split(identifier, &serial, &type);
	if (type.size == 0 || identifier.size > identifier_most)
		return 0;
	memcpy(text, type.data, type.size);
	text[type.size] = 0;
	ASN1_OBJECT *object = OBJ_txt2obj(text, 1);
	const int object_size = object == NULL ? -1 : i2d_ASN1_OBJECT(object, NULL);
	const int octets_size = ASN1_object_size(0, (int)serial.size, V_ASN1_OCTET_STRING);
	uint8_t *at = out;
	if (object_size > 0 && object_size + octets_size + 8 <= 512) {
		ASN1_put_object(&at, 1, object_size + octets_size, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
		i2d_ASN1_OBJECT(object, &at);
		ASN1_put_object(&at, 0, (int)serial.size, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL);
		memcpy(at, serial.data, serial.size);
		at += serial.size;
	}
	ASN1_OBJECT_free(object);
	return (size_t)(at - out);
}

static bool is_module(const GENERAL_NAME *name, struct bytes identifier)
{
	uint8_t wanted[512];
	char oid[32];
	if (name->type != GEN_OTHERNAME || OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1) <= 0 ||
	    strcmp(oid, hardware_module_name) != 0 || name->d.otherName->value->type != V_ASN1_SEQUENCE)
		return false;
	const ASN1_STRING *sequence = name->d.otherName->value->value.sequence;
	const size_t size = encode_module(identifier, wanted);
	return size != 0 && bytes_equal(bytes_from(wanted, size), bytes_from(ASN1_STRING_get0_data(sequence),
									     (size_t)ASN1_STRING_length(sequence)));
}

static bool is_identifier(const GENERAL_NAME *name, const struct message_identifier *identifier)
{
	char value[identifier_most + 1];
	uint8_t address[16];
	if (bytes_equal_text(identifier->type, "permanent-identifier"))
		return certificate_permanent_identifier(name, value, sizeof value) &&
		       bytes_equal_text(identifier->value, value);
	if (bytes_equal_text(identifier->type, "hardware-module"))
		return is_module(name, identifier->value);
	const bool is_ip = bytes_equal_text(identifier->type, "ip");
	if (name->type != (is_ip ? GEN_IPADD : GEN_DNS))
		return false;
	const ASN1_STRING *string = is_ip ? name->d.iPAddress : name->d.dNSName;
	const struct bytes octets = bytes_from(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
	const size_t size = is_ip ? identifier_address(identifier->value, address) : 0;
	return bytes_equal(octets, is_ip ? bytes_from(address, size) : identifier->value);
}

static bool is_certified_otherwise(const struct csr_names *names, size_t at)
{
	return identifier_is_device(names->at[at].type) && names->certified.size != 0;
}

status csr_names_take(struct csr_names *names, const GENERAL_NAME *name)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct message_identifier certified = {names->at[i].type, names->certified};
		const bool is_it = is_identifier(name, &names->at[i]) ||
				   (is_certified_otherwise(names, i) && is_identifier(name, &certified));
		if (names->is_named[i] || !is_it)
			continue;
		names->is_named[i] = true;
		return OK;
	}
	return REFUSE(csr_name_wrong);
}

status csr_names_take_subject(struct csr_names *names, struct bytes common_name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!bytes_equal(names->at[i].value, common_name) &&
		    !(is_certified_otherwise(names, i) && bytes_equal(names->certified, common_name)))
			continue;
		names->is_subject[i] = true;
		return OK;
	}
	return REFUSE(csr_name_wrong);
}

status csr_names_judge(const struct csr_names *names, struct detail *detail)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->is_named[i] || names->is_subject[i] || identifier_is_device(names->at[i].type))
			continue;
		detail_say(detail, "the request lacks %.*s, which the order names", (int)names->at[i].value.size,
			   (const char *)names->at[i].value.data);
		return REFUSE(csr_name_wrong);
	}
	return OK;
}
