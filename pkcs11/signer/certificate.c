/* SPDX-License-Identifier: Apache-2.0
 * The certificate of a device or server: serial, times, subject and identifiers. Every name in it is a fact that a voucher
 * stated or a literal of the envelope. Distrusts the identifiers' grammar. */
#include "pkcs11/signer/certificate.h"

#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "pkcs11/signer/der.h"

enum { other_name = 0xa0, explicit_0 = 0xa0 };

#define OID_CLIENT 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02
#define OID_SERVER 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01
static const uint8_t oid_client[] = {OID_CLIENT}, oid_server[] = {OID_SERVER};
static const uint8_t oid_client_server[] = {OID_CLIENT, OID_SERVER}, oid_server_client[] = {OID_SERVER, OID_CLIENT};
static const uint8_t oid_permanent_identifier[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x03};
static const uint8_t oid_hardware_module_name[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x04};

static const struct certificate_usage usages[] = {
	{"clientAuth", {oid_client, sizeof oid_client}},
	{"serverAuth", {oid_server, sizeof oid_server}},
	{"clientAuth serverAuth", {oid_client_server, sizeof oid_client_server}},
	{"serverAuth clientAuth", {oid_server_client, sizeof oid_server_client}},
};

const struct certificate_usage *certificate_usage(struct bytes name)
{
	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
		if (bytes_equal_text(name, usages[i].name))
			return &usages[i];
	return NULL;
}

/* 158 random bits, positive, always 20 octets. The library's generator lives in memory and would repeat itself after a
 * snapshot is restored; the kernel's is asked each time, and the ledger's position and the clock go in beside it. */
static status draw_serial(uint64_t entry, uint64_t now_s, uint8_t out[certificate_serial_size])
{
	struct {
		uint8_t library[32], kernel[32];
		uint64_t entry, now_s;
	} seed = {.entry = entry, .now_s = now_s};
	uint8_t digest[EVP_MAX_MD_SIZE];
	if (RAND_bytes(seed.library, sizeof seed.library) != 1 ||
	    getrandom(seed.kernel, sizeof seed.kernel, 0) != (ssize_t)sizeof seed.kernel ||
	    EVP_Digest(&seed, sizeof seed, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	memcpy(out, digest, certificate_serial_size);
	out[0] = (uint8_t)((out[0] & 0x7f) | 0x40);
	return OK;
}

status certificate_draw_terms(const struct certificate_issuer *issuer, struct bytes spki, uint64_t now_s,
			      uint64_t validity_s, uint64_t entry, struct certificate_terms *out)
{
	struct certificate_terms terms = {.issuer = issuer, .spki = spki, .not_before_s = now_s};
	if (now_s < issuer->not_before_s || now_s >= issuer->not_after_s)
		return REFUSE(clock_unsafe);
	if (validity_s == 0)
		return REFUSE(envelope_exceeded);
	const uint64_t left_s = issuer->not_after_s - now_s;
	terms.not_after_s = now_s + (validity_s - 1 < left_s ? validity_s - 1 : left_s);
	TRY(draw_serial(entry, now_s, terms.serial));
	*out = terms;
	return OK;
}

/* One arc in decimal without leading zeros, taken off the front; false when there is none. */
static bool take_arc(struct bytes *text, uint64_t *out)
{
	size_t digits = 0;
	uint64_t arc = 0;
	while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9') {
		if (arc > (UINT64_MAX - 9) / 10)
			return false;
		arc = arc * 10 + (uint64_t)(text->data[digits++] - '0');
	}
	if (digits == 0 || (digits > 1 && text->data[0] == '0'))
		return false;
	*text = bytes_from(text->data + digits, text->size - digits);
	*out = arc;
	return true;
}

static void put_arc(struct der *der, uint64_t arc)
{
	uint8_t octets[10];
	size_t at = sizeof octets;
	octets[--at] = (uint8_t)(arc & 0x7f);
	for (arc >>= 7; arc != 0; arc >>= 7)
		octets[--at] = (uint8_t)(0x80 | (arc & 0x7f));
	der_add(der, bytes_from(octets + at, sizeof octets - at));
}

/* draft-ietf-acme-device-attest-09 3: first arc 0 or 1 has a second of 0 to 39; 2 any. */
static status put_oid(struct der *der, struct bytes text)
{
	uint64_t first, second, arc;
	const size_t mark = der_open(der, der_oid);
	if (!take_arc(&text, &first) || first > 2 || text.size == 0 || text.data[0] != '.')
		return REFUSE(identifier_malformed);
	text = bytes_from(text.data + 1, text.size - 1);
	if (!take_arc(&text, &second) || (first < 2 && second > 39) || second > UINT64_MAX - 80)
		return REFUSE(identifier_malformed);
	put_arc(der, first * 40 + second);
	while (text.size != 0) {
		if (text.data[0] != '.')
			return REFUSE(identifier_malformed);
		text = bytes_from(text.data + 1, text.size - 1);
		if (!take_arc(&text, &arc))
			return REFUSE(identifier_malformed);
		put_arc(der, arc);
	}
	der_close(der, mark);
	return OK;
}

/* otherName of that type; its value is a sequence of what `put` writes. */
static status put_other_name(struct der *der, struct bytes oid, struct bytes identifier,
			     status (*put)(struct der *der, struct bytes first, struct bytes oid))
{
	struct bytes first, second;
	identifier_split(identifier, &first, &second);
	if (first.size == 0 || (first.size != identifier.size && second.size == 0))
		return REFUSE(identifier_malformed);
	const size_t name = der_open(der, other_name);
	der_put(der, der_oid, oid);
	const size_t tagged = der_open(der, explicit_0), pair = der_open(der, der_sequence);
	TRY(put(der, first, second));
	der_close(der, pair);
	der_close(der, tagged);
	der_close(der, name);
	return OK;
}

static status put_permanent_identifier(struct der *der, struct bytes value, struct bytes assigner)
{
	der_put(der, der_utf8_string, value);
	return assigner.size == 0 ? OK : put_oid(der, assigner);
}

static status put_module(struct der *der, struct bytes serial, struct bytes type)
{
	TRY(put_oid(der, type));
	der_put(der, der_octet_string, serial);
	return OK;
}

static status put_identifier(struct der *der, const struct message_identifier *identifier)
{
	uint8_t address[16];
	if (bytes_equal_text(identifier->type, "permanent-identifier"))
		return put_other_name(der, BYTES_OF(oid_permanent_identifier), identifier->value,
				      put_permanent_identifier);
	if (bytes_equal_text(identifier->type, "hardware-module"))
		return put_other_name(der, BYTES_OF(oid_hardware_module_name), identifier->value, put_module);
	TRY(identifier_judge(identifier->type, identifier->value));
	const size_t size = identifier_address(identifier->value, address);
	if (bytes_equal_text(identifier->type, "ip"))
		der_put(der, certificate_ip_address, bytes_from(address, size));
	else
		der_put(der, certificate_dns_name, identifier->value);
	return OK;
}

status certificate_build(const struct certificate_terms *terms, const struct certificate_device *facts,
			 struct buffer *tbs)
{
	uint8_t subject_room[512], names_room[certificate_longest_tbs];
	struct buffer subject = BUFFER(subject_room), names = BUFFER(names_room);
	struct der der = {.out = &names};
	TRY(certificate_subject(facts->common_name, &subject));
	for (size_t i = 0; i < facts->count; i++)
		TRY(put_identifier(&der, &facts->identifiers[i]));
	if (der.is_full)
		return REFUSE(envelope_exceeded);
	const struct certificate_parts parts = {.subject = buffer_view(&subject),
						.usage = facts->usage->oids,
						.alternative_names = buffer_view(&names)};
	return certificate_frame(terms, &parts, tbs);
}
