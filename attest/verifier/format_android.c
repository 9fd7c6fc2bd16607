/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what Android's key attestation is checked for, and the checks. The key description holds the key authorization as
 * its challenge, and the attested key signs it too. Distrusts the statement. */
#include <openssl/crypto.h>

#include "attest/verifier/claims.h"
#include "attest/verifier/format_signature.h"
#include "attest/verifier/identity.h"

/* Devices send their root too, and older ones an older certificate of the same key, which may be past its end. One that is signed by
 * itself and has name and key of a root says nothing that the root does not say, so it is put aside. */
static bool is_a_root(X509 *certificate, const struct chain_roots *roots)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	for (size_t i = 0; key != NULL && i < roots->count; i++)
		if (X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_subject_name(roots->at[i])) == 0 &&
		    EVP_PKEY_eq(key, X509_get0_pubkey(roots->at[i])) == 1)
			return X509_verify(certificate, key) == 1;
	return false;
}

static bool chain_is_trusted(struct statement *s)
{
	const struct chain_roots *roots = &s->directory->android_roots;
	const size_t count = s->chain_count;
	if (count > 1 && is_a_root(s->chain[count - 1], roots))
		s->chain_count--;
	const bool is_trusted = format_chain_is_trusted(s, roots);
	s->chain_count = count; /* all of them are freed later */
	return is_trusted;
}

/* Whoever has an attested key can issue more "certificates" with it: only the description nearest the root is the hardware's. */
static bool leaf_alone_is_described(struct statement *s)
{
	struct bytes description;
	for (size_t i = 1; i < s->chain_count; i++)
		if (certificate_find_extension(s->chain[i], ANDROID_KEY_OID, &description) != certificate_extension_is_absent)
			return false;
	return true;
}

static bool description_is_read(struct statement *s)
{
	struct bytes description;
	return certificate_find_extension(s->chain[0], ANDROID_KEY_OID, &description) == certificate_extension_is_there &&
	       android_key_read(description, &s->android);
}

static bool hardware_attests(struct statement *s)
{
	const struct android_key *android = &s->android;
	return (android->attestation_security == android_trusted_environment || android->attestation_security == android_strongbox) &&
	       (android->key_security == android_trusted_environment || android->key_security == android_strongbox);
}

static bool challenge_binds(struct statement *s)
{
	return s->android.challenge.size == s->bound.size && s->bound.size != 0 &&
	       CRYPTO_memcmp(s->android.challenge.data, s->bound.data, s->bound.size) == 0;
}

static bool key_was_made_there(struct statement *s)
{
	return s->android.has_origin && s->android.origin == android_origin_generated && s->android.may_sign &&
	       !s->android.is_for_all_applications;
}

static bool system_is_verified(struct statement *s)
{
	return s->android.has_root_of_trust && s->android.is_locked && s->android.boot_state == android_boot_verified;
}

static const struct format_check checks[] = {
	{REFUSE(android_chain_absent), format_chain_is_there},
	{REFUSE(android_chain_malformed), format_chain_is_read},
	{REFUSE(android_leaf_is_ca), format_leaf_is_no_ca},
	{REFUSE(android_chain_extended), leaf_alone_is_described},
	{REFUSE(android_chain_untrusted), chain_is_trusted},
	{REFUSE(attestation_certificate_revoked), format_chain_is_in_force},
	{REFUSE(android_description_malformed), description_is_read},
	{REFUSE(android_security_level), hardware_attests},
	{REFUSE(android_challenge_wrong), challenge_binds},
	{REFUSE(android_key_origin), key_was_made_there},
	{REFUSE(android_boot_unverified), system_is_verified},
	{REFUSE(android_key_refused), format_key_is_taken},
	{REFUSE(android_algorithm_refused), format_algorithm_fits},
	{REFUSE(android_signature_wrong), format_signature_is_right},
};

/* system_is_verified is one of the checks. */
static uint8_t assurance(const struct statement *s)
{
	(void)s;
	return assurance_verified_boot;
}

const struct format format_android = {
	.name = "android-key",
	.binds = format_binds_key_authorization,
	.checks = checks,
	.check_count = sizeof checks / sizeof checks[0],
	.identify = identity_judge_android,
	.assurance = assurance,
	.add_claims = claims_add_android,
};
