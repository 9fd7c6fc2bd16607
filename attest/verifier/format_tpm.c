/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what a TPM's statement is checked for, and the checks. Distrusts everything in the statement;
 * roots and rules are the verifier's settings. */
#include "attest/verifier/format.h"

#include <openssl/crypto.h>

#include "attest/verifier/claims.h"
#include "attest/verifier/format_tpm_signature.h"
#include "attest/verifier/identity.h"
#include "attest/verifier/rsa_key.h"

static bool version_is_2_0(struct statement *s)
{
	const struct cbor_item *version = format_member(s, "ver", cbor_text);
	return version != NULL && bytes_equal_text(version->octets, "2.0");
}

static bool ak_is_version_3(struct statement *s)
{
	return X509_get_version(s->chain[0]) == X509_VERSION_3;
}

static bool ak_subject_is_empty(struct statement *s)
{
	return X509_NAME_entry_count(X509_get_subject_name(s->chain[0])) == 0;
}

static bool ak_is_no_ca(struct statement *s)
{
	return X509_check_ca(s->chain[0]) == 0 &&
	       (X509_get_extension_flags(s->chain[0]) & (EXFLAG_CA | EXFLAG_INVALID)) == 0;
}

static bool ak_usage_is_ak(struct statement *s)
{
	return certificate_has_usage(s->chain[0], "2.23.133.8.3");
}

static bool ak_names_its_tpm(struct statement *s)
{
	return certificate_names_read(s->chain[0], &s->tpm.names) && s->tpm.names.is_printable &&
	       s->tpm.names.manufacturer[0] != 0 && s->tpm.names.model[0] != 0 && s->tpm.names.version[0] != 0;
}

static bool vendor_is_known(struct statement *s)
{
	s->tpm.vendor = vendor_find(s->tpm.names.manufacturer);
	if (s->tpm.vendor == NULL)
		detail_say(s->detail, "the AK certificate says %s", s->tpm.names.manufacturer);
	return s->tpm.vendor != NULL;
}

static bool vendor_is_taken(struct statement *s)
{
	return !s->tpm.vendor->is_virtual || s->directory->rules.may_be_virtual == 1;
}

/* What is said of our own issuers stays said where there are no others. */
static bool chain_is_trusted(struct statement *s)
{
	const struct chain_roots *others = &s->directory->ak_roots;
	s->tpm.is_own_ak = format_chain_is_trusted(s, &s->verifier->ak_issuers);
	return s->tpm.is_own_ak || (others->count > 0 && format_chain_is_trusted(s, others));
}

/* Our issuer is the same for all directories, and each judges EKs by roots of its own. */
static bool ak_is_the_directorys(struct statement *s)
{
	const bool is_here = !s->tpm.is_own_ak || bytes_equal(bytes_from_text(s->tpm.names.directory), s->directory->rules.name);
	if (!is_here)
		detail_say(s->detail, "the AK was enrolled in the directory \"%s\"", s->tpm.names.directory);
	return is_here;
}

/* Those of our own issuers were judged when they were enrolled. */
static bool ak_is_sound(struct statement *s)
{
	EVP_PKEY *ak = X509_get0_pubkey(s->chain[0]);
	return s->tpm.is_own_ak || (ak != NULL && !rsa_key_is_factorable(ak));
}

static bool certinfo_is_one_attest(struct statement *s)
{
	const struct cbor_item *certinfo = format_member(s, "certInfo", cbor_octets);
	if (certinfo == NULL || is_refused(tpm_attest_parse(certinfo->octets, &s->tpm.certinfo)))
		return false;
	s->tpm.certinfo_octets = certinfo->octets;
	return true;
}

static bool magic_is_a_tpms(struct statement *s)
{
	return s->tpm.certinfo.magic == TPM_GENERATED;
}

static bool type_is_certify(struct statement *s)
{
	return s->tpm.certinfo.type == tpm_st_attest_certify;
}

static bool extra_data_binds(struct statement *s)
{
	return s->tpm.certinfo.extra_data.size == sizeof s->expected &&
	       CRYPTO_memcmp(s->tpm.certinfo.extra_data.data, s->expected, sizeof s->expected) == 0;
}

static bool public_is_one_key(struct statement *s)
{
	const struct cbor_item *area = format_member(s, "pubArea", cbor_octets);
	if (area == NULL || is_refused(tpm_public_parse(area->octets, &s->tpm.public)))
		return false;
	s->tpm.area = area->octets;
	return true;
}

static bool name_is_the_keys(struct statement *s)
{
	struct tpm_octets name;
	return tpm_key_name(&s->tpm.public, s->tpm.area, &name) &&
	       bytes_equal(bytes_from(name.data, name.size),
			   bytes_from(s->tpm.certinfo.name.data, s->tpm.certinfo.name.size));
}

static bool signature_is_one(struct statement *s)
{
	const struct cbor_item *signature = format_member(s, "sig", cbor_octets);
	const struct cbor_item *algorithm = format_member(s, "alg", cbor_negative);
	s->tpm.ak = X509_get_pubkey(s->chain[0]);
	return signature != NULL && s->tpm.ak != NULL &&
	       format_tpm_signature_read(signature->octets, s->tpm.ak, algorithm, &s->tpm.signature);
}

static bool algorithm_is_taken(struct statement *s)
{
	const struct cbor_item *algorithm = format_member(s, "alg", cbor_negative);
	const struct format_tpm_signature_rule rule = {.certified_type = s->tpm.public.type,
						       .may_be_sha1 = s->directory->rules.may_sign_sha1 == 1};
	return algorithm != NULL && format_tpm_signature_is_taken(&s->tpm.signature, s->tpm.ak, algorithm, rule);
}

static bool signature_is_right(struct statement *s)
{
	return format_tpm_signature_verify(&s->tpm.signature, s->tpm.ak, s->tpm.certinfo_octets);
}

/* No anonymous signatures, no key exchange, no children. */
static bool makes_plain_signatures(const struct tpm_public *public)
{
	const uint16_t scheme = public->scheme;
	const bool is_plain = public->type == tpm_rsa ? scheme == tpm_rsassa || scheme == tpm_rsapss : scheme == tpm_ecdsa;
	return (scheme == tpm_null || is_plain) && public->symmetric == tpm_null &&
	       (public->type == tpm_rsa || public->kdf == tpm_null);
}

/* The AK certifies only objects of its own TPM; these attributes say that the key was made there, stays there, and is free
 * to sign what its owner wants, which a restricted or a decryption key is not. */
static bool attributes_are_a_devices(struct statement *s)
{
	const uint32_t needed = tpm_fixed_tpm | tpm_fixed_parent | tpm_sensitive_data_origin | tpm_sign;
	const uint32_t refused = tpm_restricted | tpm_decrypt | tpm_encrypted_duplication;
	return (s->tpm.public.attributes & needed) == needed && (s->tpm.public.attributes & refused) == 0 &&
	       makes_plain_signatures(&s->tpm.public);
}

static bool key_is_strong(struct statement *s)
{
	if (s->tpm.public.type == tpm_rsa && (s->tpm.public.bits < 2048 || s->tpm.public.exponent < 65537))
		return false;
	s->key = tpm_key_open(&s->tpm.public);
	return s->key != NULL;
}

static const struct format_check checks[] = {
	{REFUSE(tpm_version_wrong), version_is_2_0},
	{REFUSE(tpm_chain_absent), format_chain_is_there},
	{REFUSE(tpm_chain_malformed), format_chain_is_read},
	{REFUSE(tpm_ak_version), ak_is_version_3},
	{REFUSE(tpm_ak_subject), ak_subject_is_empty},
	{REFUSE(tpm_ak_is_ca), ak_is_no_ca},
	{REFUSE(tpm_ak_usage), ak_usage_is_ak},
	{REFUSE(tpm_ak_names), ak_names_its_tpm},
	{REFUSE(tpm_vendor_unknown), vendor_is_known},
	{REFUSE(tpm_vendor_virtual), vendor_is_taken},
	{REFUSE(tpm_chain_untrusted), chain_is_trusted},
	{REFUSE(attestation_certificate_revoked), format_chain_is_in_force},
	{REFUSE(tpm_ak_directory), ak_is_the_directorys},
	{REFUSE(tpm_ak_weak), ak_is_sound},
	{REFUSE(tpm_certinfo_malformed), certinfo_is_one_attest},
	{REFUSE(tpm_magic_wrong), magic_is_a_tpms},
	{REFUSE(tpm_type_wrong), type_is_certify},
	{REFUSE(tpm_extra_data_wrong), extra_data_binds},
	{REFUSE(tpm_public_malformed), public_is_one_key},
	{REFUSE(tpm_name_wrong), name_is_the_keys},
	{REFUSE(tpm_signature_malformed), signature_is_one},
	{REFUSE(tpm_algorithm_refused), algorithm_is_taken},
	{REFUSE(tpm_signature_wrong), signature_is_right},
	{REFUSE(tpm_key_attributes), attributes_are_a_devices},
	{REFUSE(tpm_key_weak), key_is_strong},
};

/* Only what the checks opened. */
static void close_tpm(struct statement *s)
{
	EVP_PKEY_free(s->tpm.ak);
}

/* Software in place of a TPM protects its keys as software does. */
static uint8_t assurance(const struct statement *s)
{
	return s->tpm.vendor->is_virtual ? assurance_software : assurance_hardware;
}

const struct format format_tpm = {
	.name = "tpm",
	.binds = format_binds_key_authorization,
	.checks = checks,
	.check_count = sizeof checks / sizeof checks[0],
	.identify = identity_judge_tpm,
	.assurance = assurance,
	.add_claims = claims_add_tpm,
	.close = close_tpm,
};
