/* SPDX-License-Identifier: Apache-2.0
 * The frame of every certificate: version, serial, algorithm, issuer, validity, subject, key, extensions (RFC 5280
 * 4.1). CA:FALSE and the key's usages are written here as constants; there is no other place that writes them. */
#include <stdio.h>
#include <time.h>

#include <openssl/evp.h>

#include "pkcs11/signer/certificate.h"
#include "pkcs11/signer/der.h"
#include "pkcs11/signer/spki.h"

enum { key_id_size = 20, context_0 = 0xa0, context_3 = 0xa3, implicit_0 = 0x80 };

static const uint8_t version_3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
/* BasicConstraints, critical, an empty sequence: cA has its default, FALSE (RFC 5280 4.2.1.9). */
static const uint8_t is_no_ca[] = {0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00};
/* KeyUsage, critical: digitalSignature alone, and with keyEncipherment. */
static const uint8_t signs_only[] = {0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
				     0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80};
static const uint8_t signs_and_decrypts[] = {0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
					     0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x05, 0xa0};
static const uint8_t oid_subject_key_id[] = {0x55, 0x1d, 0x0e};
static const uint8_t oid_alternative_name[] = {0x55, 0x1d, 0x11};
static const uint8_t oid_authority_key_id[] = {0x55, 0x1d, 0x23};
static const uint8_t oid_extended_usage[] = {0x55, 0x1d, 0x25};
static const uint8_t oid_common_name[] = {0x55, 0x04, 0x03};
static const uint8_t is_critical[] = {0x01, 0x01, 0xff};

/* UTCTime to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
static status put_time(struct der *der, uint64_t when_s)
{
	char text[32];
	struct tm parts;
	const time_t when = (time_t)when_s;
	if (gmtime_r(&when, &parts) == NULL || parts.tm_year < 70 || parts.tm_year > 8099)
		return REFUSE(clock_unsafe);
	const bool is_short = parts.tm_year < 150;
	const int year = is_short ? parts.tm_year % 100 : parts.tm_year + 1900;
	const int size = snprintf(text, sizeof text, "%0*d%02d%02d%02d%02d%02dZ", is_short ? 2 : 4, year,
				  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
	if (size < 0 || (size_t)size >= sizeof text)
		return REFUSE(internal);
	der_put(der, is_short ? der_utc_time : der_generalized_time, bytes_from(text, (size_t)size));
	return OK;
}

/* The value is what the caller writes between open and close. */
struct extension {
	size_t whole, value;
};

static struct extension extension_open(struct der *der, struct bytes oid, bool critical)
{
	struct extension at = {.whole = der_open(der, der_sequence)};
	der_put(der, der_oid, oid);
	if (critical)
		der_add(der, BYTES_OF(is_critical));
	at.value = der_open(der, der_octet_string);
	return at;
}

static void extension_close(struct der *der, struct extension at)
{
	der_close(der, at.value);
	der_close(der, at.whole);
}

/* RSA keys of servers decrypt in TLS 1.2, and clients such as NSS take none that may not. */
static struct bytes key_usage(enum spki_kind kind, struct bytes purposes)
{
	const struct bytes server = certificate_usage(bytes_from_text("serverAuth"))->oids;
	const bool is_servers = memmem(purposes.data, purposes.size, server.data, server.size) != NULL;
	return kind == spki_rsa && is_servers ? BYTES_OF(signs_and_decrypts) : BYTES_OF(signs_only);
}

/* Method 1 of RFC 7093 2: the leftmost 160 bits of SHA-256 over the key. */
static status put_key_ids(struct der *der, const struct certificate_terms *terms, const struct spki *spki)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	if (EVP_Digest(spki->key.data, spki->key.size, digest, NULL, EVP_sha256(), NULL) != 1)
		return REFUSE(internal);
	struct extension subject = extension_open(der, BYTES_OF(oid_subject_key_id), false);
	der_put(der, der_octet_string, bytes_from(digest, key_id_size));
	extension_close(der, subject);
	struct extension authority = extension_open(der, BYTES_OF(oid_authority_key_id), false);
	const size_t sequence = der_open(der, der_sequence);
	der_put(der, implicit_0, terms->issuer->key_id);
	der_close(der, sequence);
	extension_close(der, authority);
	return OK;
}

static status put_extensions(struct der *der, const struct certificate_terms *terms,
			     const struct certificate_parts *parts)
{
	struct spki spki;
	TRY(spki_parse(terms->spki, &spki));
	const size_t tagged = der_open(der, context_3), list = der_open(der, der_sequence);
	der_add(der, BYTES_OF(is_no_ca));
	der_add(der, key_usage(spki.kind, parts->usage));
	struct extension usage = extension_open(der, BYTES_OF(oid_extended_usage), false);
	const size_t purposes = der_open(der, der_sequence);
	der_add(der, parts->usage);
	der_close(der, purposes);
	extension_close(der, usage);
	TRY(put_key_ids(der, terms, &spki));
	struct extension names = extension_open(der, BYTES_OF(oid_alternative_name), parts->subject.size == 2);
	der_put(der, der_sequence, parts->alternative_names);
	extension_close(der, names);
	der_close(der, list);
	der_close(der, tagged);
	return OK;
}

status certificate_frame(const struct certificate_terms *terms, const struct certificate_parts *parts,
			 struct buffer *tbs)
{
	struct der der = {.out = tbs};
	const size_t whole = der_open(&der, der_sequence);
	der_add(&der, BYTES_OF(version_3));
	der_put(&der, der_integer, BYTES_OF(terms->serial));
	der_add(&der, terms->issuer->signature_algorithm);
	der_add(&der, terms->issuer->name);
	const size_t validity = der_open(&der, der_sequence);
	TRY(put_time(&der, terms->not_before_s));
	TRY(put_time(&der, terms->not_after_s));
	der_close(&der, validity);
	der_add(&der, parts->subject);
	der_add(&der, terms->spki);
	TRY(put_extensions(&der, terms, parts));
	der_close(&der, whole);
	return der.is_full || tbs->size > certificate_longest_tbs ? REFUSE(envelope_exceeded) : OK;
}

status certificate_subject(struct bytes common_name, struct buffer *out)
{
	struct der der = {.out = out};
	const size_t name = der_open(&der, der_sequence);
	if (common_name.size != 0) {
		const size_t set = der_open(&der, der_set), pair = der_open(&der, der_sequence);
		der_put(&der, der_oid, BYTES_OF(oid_common_name));
		der_put(&der, der_utf8_string, common_name);
		der_close(&der, pair);
		der_close(&der, set);
	}
	der_close(&der, name);
	return der.is_full ? REFUSE(envelope_exceeded) : OK;
}

status certificate_assemble(struct bytes tbs, struct bytes signature_algorithm, struct bytes signature,
			    struct buffer *certificate)
{
	static const uint8_t no_unused_bits[] = {0};
	struct der der = {.out = certificate};
	const size_t whole = der_open(&der, der_sequence);
	der_add(&der, tbs);
	der_add(&der, signature_algorithm);
	const size_t bits = der_open(&der, der_bit_string);
	der_add(&der, BYTES_OF(no_unused_bits));
	der_add(&der, signature);
	der_close(&der, bits);
	der_close(&der, whole);
	return der.is_full ? REFUSE(internal) : OK;
}

status certificate_read_spki(struct bytes tbs, struct bytes *spki)
{
	static const uint8_t before_key[] = {context_0, der_integer, der_sequence, der_sequence, der_sequence,
					     der_sequence};
	struct bytes inner, skipped;
	if (!der_take(&tbs, der_sequence, &inner) || tbs.size != 0)
		return REFUSE(ledger_broken);
	for (size_t i = 0; i < sizeof before_key; i++)
		if (!der_take(&inner, before_key[i], &skipped))
			return REFUSE(ledger_broken);
	const uint8_t *start = inner.data;
	if (!der_take(&inner, der_sequence, &skipped))
		return REFUSE(ledger_broken);
	*spki = bytes_from(start, (size_t)(inner.data - start));
	return OK;
}
