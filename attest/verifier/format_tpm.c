/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what a TPM's statement is checked for, and the checks. Distrusts everything in the statement;
 * roots and rules are the verifier's settings. */
#include "attest/verifier/format_tpm.h"

#include <openssl/crypto.h>

#include "attest/verifier/format_tpm_signature.h"
#include "attest/verifier/rsa_key.h"

static const struct cbor_item *member(const struct format_tpm *tpm, const char *name, enum cbor_kind kind)
{
	const size_t at = cbor_member(tpm->object, tpm->statement, name);
	return at != 0 && tpm->object->items[at].kind == kind ? &tpm->object->items[at] : NULL;
}

static bool version_is_2_0(struct format_tpm *tpm)
{
	const struct cbor_item *version = member(tpm, "ver", cbor_text);
	return version != NULL && bytes_equal_text(version->octets, "2.0");
}

static bool chain_is_there(struct format_tpm *tpm)
{
	const struct cbor_item *chain = member(tpm, "x5c", cbor_array);
	return chain != NULL && chain->count > 0 && chain->count <= format_tpm_most_chain;
}

/* In order, each issued by the next: x5c is no bag of certificates. */
static bool chain_is_certificates(struct format_tpm *tpm)
{
	const struct cbor_item *chain = member(tpm, "x5c", cbor_array);
	if (chain == NULL)
		return false;
	const struct cbor_item *at = chain + 1;
	for (size_t i = 0; i < chain->count; i++, at = chain + 1 + i) {
		X509 *certificate = at->kind == cbor_octets ? certificate_parse(at->octets) : NULL;
		if (certificate == NULL)
			return false;
		tpm->chain[tpm->chain_count++] = certificate;
		if (i > 0 && X509_NAME_cmp(X509_get_issuer_name(tpm->chain[i - 1]),
					   X509_get_subject_name(certificate)) != 0)
			return false;
	}
	return true;
}

static bool ak_is_version_3(struct format_tpm *tpm)
{
	return X509_get_version(tpm->chain[0]) == X509_VERSION_3;
}

static bool ak_subject_is_empty(struct format_tpm *tpm)
{
	return X509_NAME_entry_count(X509_get_subject_name(tpm->chain[0])) == 0;
}

static bool ak_is_no_ca(struct format_tpm *tpm)
{
	return X509_check_ca(tpm->chain[0]) == 0 &&
	       (X509_get_extension_flags(tpm->chain[0]) & (EXFLAG_CA | EXFLAG_INVALID)) == 0;
}

static bool ak_usage_is_ak(struct format_tpm *tpm)
{
	return certificate_has_usage(tpm->chain[0], "2.23.133.8.3");
}

static bool ak_names_its_tpm(struct format_tpm *tpm)
{
	return certificate_names_read(tpm->chain[0], &tpm->names) && tpm->names.is_printable &&
	       tpm->names.manufacturer[0] != 0 && tpm->names.model[0] != 0 && tpm->names.version[0] != 0;
}

static bool vendor_is_known(struct format_tpm *tpm)
{
	tpm->vendor = vendor_find(tpm->names.manufacturer);
	if (tpm->vendor == NULL)
		detail_say(tpm->detail, "the AK certificate says %s", tpm->names.manufacturer);
	return tpm->vendor != NULL;
}

static bool vendor_is_taken(struct format_tpm *tpm)
{
	return !tpm->vendor->is_virtual || tpm->verifier->settings.may_be_virtual == 1;
}

static bool chain_is_trusted(struct format_tpm *tpm)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	bool is_good = others != NULL;
	for (size_t i = 1; is_good && i < tpm->chain_count; i++)
		is_good = sk_X509_push(others, tpm->chain[i]) > 0;
	const struct verifier *verifier = tpm->verifier;
	tpm->is_own_ak = is_good && chain_verify(tpm->chain[0], others, chain_in_order, &verifier->ak_issuers,
						 tpm->root_hash, tpm->detail);
	if (!tpm->is_own_ak) /* what is said of our own issuers stays said where there are no others */
		is_good = is_good && verifier->ak_roots.count > 0 &&
			  chain_verify(tpm->chain[0], others, chain_in_order, &verifier->ak_roots, tpm->root_hash,
				       tpm->detail);
	sk_X509_free(others);
	if (is_good)
		detail_say(tpm->detail, "%s", "");
	return is_good;
}

/* Those of our own issuers were judged when they were enrolled. */
static bool ak_is_sound(struct format_tpm *tpm)
{
	EVP_PKEY *ak = X509_get0_pubkey(tpm->chain[0]);
	return tpm->is_own_ak || (ak != NULL && !rsa_key_is_factorable(ak));
}

static bool certinfo_is_one_attest(struct format_tpm *tpm)
{
	const struct cbor_item *certinfo = member(tpm, "certInfo", cbor_octets);
	if (certinfo == NULL || is_refused(tpm_attest_parse(certinfo->octets, &tpm->certinfo)))
		return false;
	tpm->certinfo_octets = certinfo->octets;
	return true;
}

static bool magic_is_a_tpms(struct format_tpm *tpm)
{
	return tpm->certinfo.magic == TPM_GENERATED;
}

static bool type_is_certify(struct format_tpm *tpm)
{
	return tpm->certinfo.type == tpm_st_attest_certify;
}

static bool extra_data_binds(struct format_tpm *tpm)
{
	return tpm->certinfo.extra_data.size == sizeof tpm->expected &&
	       CRYPTO_memcmp(tpm->certinfo.extra_data.data, tpm->expected, sizeof tpm->expected) == 0;
}

static bool public_is_one_key(struct format_tpm *tpm)
{
	const struct cbor_item *area = member(tpm, "pubArea", cbor_octets);
	if (area == NULL || is_refused(tpm_public_parse(area->octets, &tpm->public)))
		return false;
	tpm->area = area->octets;
	return true;
}

static bool name_is_the_keys(struct format_tpm *tpm)
{
	struct tpm_octets name;
	return tpm_key_name(&tpm->public, tpm->area, &name) &&
	       bytes_equal(bytes_from(name.data, name.size),
			   bytes_from(tpm->certinfo.name.data, tpm->certinfo.name.size));
}

static bool signature_is_one(struct format_tpm *tpm)
{
	const struct cbor_item *signature = member(tpm, "sig", cbor_octets);
	const struct cbor_item *algorithm = member(tpm, "alg", cbor_negative);
	tpm->ak = X509_get_pubkey(tpm->chain[0]);
	return signature != NULL && tpm->ak != NULL &&
	       format_tpm_signature_read(signature->octets, tpm->ak, algorithm, &tpm->signature);
}

static bool algorithm_is_taken(struct format_tpm *tpm)
{
	const struct cbor_item *algorithm = member(tpm, "alg", cbor_negative);
	return algorithm != NULL && format_tpm_signature_is_taken(&tpm->signature, tpm->ak, tpm->public.type,
								     algorithm);
}

static bool signature_is_right(struct format_tpm *tpm)
{
	return format_tpm_signature_verify(&tpm->signature, tpm->ak, tpm->certinfo_octets);
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
static bool attributes_are_a_devices(struct format_tpm *tpm)
{
	const uint32_t needed = tpm_fixed_tpm | tpm_fixed_parent | tpm_sensitive_data_origin | tpm_sign;
	const uint32_t refused = tpm_restricted | tpm_decrypt | tpm_encrypted_duplication;
	return (tpm->public.attributes & needed) == needed && (tpm->public.attributes & refused) == 0 &&
	       makes_plain_signatures(&tpm->public);
}

static bool key_is_strong(struct format_tpm *tpm)
{
	if (tpm->public.type == tpm_rsa && (tpm->public.bits < 2048 || tpm->public.exponent < 65537))
		return false;
	tpm->key = tpm_key_open(&tpm->public);
	return tpm->key != NULL;
}

struct check {
	status refusal;
	bool (*passes)(struct format_tpm *tpm);
};

static const struct check checks[] = {
	{REFUSE(tpm_version_wrong), version_is_2_0},
	{REFUSE(tpm_chain_absent), chain_is_there},
	{REFUSE(tpm_chain_malformed), chain_is_certificates},
	{REFUSE(tpm_ak_version), ak_is_version_3},
	{REFUSE(tpm_ak_subject), ak_subject_is_empty},
	{REFUSE(tpm_ak_is_ca), ak_is_no_ca},
	{REFUSE(tpm_ak_usage), ak_usage_is_ak},
	{REFUSE(tpm_ak_names), ak_names_its_tpm},
	{REFUSE(tpm_vendor_unknown), vendor_is_known},
	{REFUSE(tpm_vendor_virtual), vendor_is_taken},
	{REFUSE(tpm_chain_untrusted), chain_is_trusted},
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
enum { check_count = sizeof checks / sizeof checks[0] };

size_t format_tpm_check_count(void)
{
	return check_count;
}

status format_tpm_check_refusal(size_t row)
{
	return row < check_count ? checks[row].refusal : REFUSE(internal);
}

status format_tpm_judge(struct format_tpm *tpm)
{
	for (size_t i = 0; i < check_count; i++)
		if (!checks[i].passes(tpm))
			return checks[i].refusal;
	return OK;
}

void format_tpm_free(struct format_tpm *tpm)
{
	for (size_t i = 0; i < tpm->chain_count; i++)
		X509_free(tpm->chain[i]);
	tpm->chain_count = 0;
	EVP_PKEY_free(tpm->ak);
	EVP_PKEY_free(tpm->key);
	tpm->ak = tpm->key = NULL;
}
