/* SPDX-License-Identifier: Apache-2.0
 * The two other certificates: a TPM's attestation key, named by its EK, and the listener's of one day. Names come
 * from the AK voucher and from the configuration. */
#include <stdio.h>

#include <openssl/evp.h>

#include "pkcs11/signer/certificate.h"
#include "pkcs11/signer/der.h"

enum { uri = 0x86, directory_name = 0xa4, longest_common_name = 64 };

static const uint8_t oid_attestation_key[] = {0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x03};
static const uint8_t oid_tpm_manufacturer[] = {0x67, 0x81, 0x05, 0x02, 0x01};
static const uint8_t oid_tpm_model[] = {0x67, 0x81, 0x05, 0x02, 0x02};
static const uint8_t oid_tpm_version[] = {0x67, 0x81, 0x05, 0x02, 0x03};

static void put_attribute(struct der *der, struct bytes oid, struct bytes value)
{
	const size_t set = der_open(der, der_set), pair = der_open(der, der_sequence);
	der_put(der, der_oid, oid);
	der_put(der, der_utf8_string, value);
	der_close(der, pair);
	der_close(der, set);
}

static void put_tpm(struct der *der, const struct certificate_ak *facts)
{
	const size_t tagged = der_open(der, directory_name), name = der_open(der, der_sequence);
	put_attribute(der, BYTES_OF(oid_tpm_manufacturer), facts->manufacturer);
	put_attribute(der, BYTES_OF(oid_tpm_model), facts->model);
	put_attribute(der, BYTES_OF(oid_tpm_version), facts->version);
	der_close(der, name);
	der_close(der, tagged);
}

/* urn:ek:sha256: and the hash in standard base64, as step's client looks for it. */
static status put_ek(struct der *der, const uint8_t hash[32])
{
	char text[14 + 44 + 1] = "urn:ek:sha256:";
	if (EVP_EncodeBlock((unsigned char *)text + 14, hash, 32) != 44)
		return REFUSE(internal);
	der_put(der, uri, bytes_from(text, 14 + 44));
	return der->is_full ? REFUSE(envelope_exceeded) : OK;
}

/* For our issuer certifies AKs of directories with other roots alike; the verifier looks for it. */
static status put_directory(struct der *der, struct bytes directory)
{
	char text[128];
	const int size = snprintf(text, sizeof text, "urn:keyward:directory:%.*s", (int)directory.size, (const char *)directory.data);
	der_put(der, uri, bytes_from(text, (size_t)size));
	return der->is_full ? REFUSE(envelope_exceeded) : OK;
}

status certificate_build_ak(const struct certificate_terms *terms, const struct certificate_ak *facts,
			    struct buffer *tbs)
{
	static const uint8_t no_subject[] = {der_sequence, 0};
	uint8_t room[512];
	struct buffer names = BUFFER(room);
	struct der der = {.out = &names};
	if (facts->manufacturer.size == 0 || facts->model.size == 0 || facts->version.size == 0 ||
	    facts->directory.size == 0)
		return REFUSE(voucher_mismatch);
	put_tpm(&der, facts);
	TRY(put_ek(&der, facts->ek_hash));
	TRY(put_directory(&der, facts->directory));
	const struct certificate_parts parts = {.subject = BYTES_OF(no_subject),
						.usage = BYTES_OF(oid_attestation_key),
						.alternative_names = buffer_view(&names)};
	return certificate_frame(terms, &parts, tbs);
}

static void put_host(struct der *der, struct bytes host)
{
	uint8_t octets[16];
	const size_t size = identifier_read_address(host, octets);
	if (size != 0)
		der_put(der, certificate_ip_address, bytes_from(octets, size));
	else
		der_put(der, certificate_dns_name, host);
}

status certificate_build_tls(const struct certificate_terms *terms, const struct certificate_tls *facts,
			     struct buffer *tbs)
{
	uint8_t subject_room[128], names_room[512], octets[16];
	struct buffer subject = BUFFER(subject_room), names = BUFFER(names_room);
	struct der der = {.out = &names};
	if (facts->name.size == 0 || (facts->address.size != 0 && identifier_read_address(facts->address, octets) == 0))
		return REFUSE(tls_name_unset);
	const struct bytes common_name = facts->name.size <= longest_common_name ? facts->name : bytes_from(NULL, 0);
	TRY(certificate_subject(common_name, &subject));
	put_host(&der, facts->name);
	if (facts->address.size != 0 && !bytes_equal(facts->address, facts->name))
		put_host(&der, facts->address);
	if (der.is_full)
		return REFUSE(tls_name_unset);
	const struct certificate_parts parts = {.subject = buffer_view(&subject),
						.usage = certificate_usage(bytes_from_text("serverAuth"))->oids,
						.alternative_names = buffer_view(&names)};
	return certificate_frame(terms, &parts, tbs);
}
