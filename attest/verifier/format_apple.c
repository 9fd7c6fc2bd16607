/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what Apple's Managed Device Attestation is checked for, and the checks. Apple signs it before it knows the
 * account, so it binds the token alone; that the request's key is the attested one is what stops a relay. Distrusts the statement. */
#include <openssl/crypto.h>

#include "attest/verifier/claims.h"
#include "attest/verifier/format.h"
#include "attest/verifier/identity.h"

static bool leaf_is_a_devices(struct statement *s)
{
	return !apple_properties_are_others(s->chain[0]);
}

static bool chain_is_trusted(struct statement *s)
{
	return format_chain_is_trusted(s, &s->directory->apple_roots);
}

static bool properties_are_read(struct statement *s)
{
	return apple_properties_read(s->chain[0], &s->apple);
}

static bool freshness_is_there(struct statement *s)
{
	return s->apple.freshness.size != 0;
}

static bool freshness_binds(struct statement *s)
{
	return s->apple.freshness.size == sizeof s->expected &&
	       CRYPTO_memcmp(s->apple.freshness.data, s->expected, sizeof s->expected) == 0;
}

/* What the Secure Enclave makes. */
static bool key_is_an_enclaves(struct statement *s)
{
	char group[32] = "";
	s->key = X509_get_pubkey(s->chain[0]);
	return s->key != NULL && EVP_PKEY_is_a(s->key, "EC") == 1 &&
	       EVP_PKEY_get_group_name(s->key, group, sizeof group, NULL) == 1 &&
	       (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0);
}

static const struct format_check checks[] = {
	{REFUSE(apple_chain_absent), format_chain_is_there},
	{REFUSE(apple_chain_malformed), format_chain_is_read},
	{REFUSE(apple_leaf_is_ca), format_leaf_is_no_ca},
	{REFUSE(apple_leaf_purpose), leaf_is_a_devices},
	{REFUSE(apple_chain_untrusted), chain_is_trusted},
	{REFUSE(attestation_certificate_revoked), format_chain_is_in_force},
	{REFUSE(apple_properties_malformed), properties_are_read},
	{REFUSE(apple_freshness_absent), freshness_is_there},
	{REFUSE(apple_freshness_wrong), freshness_binds},
	{REFUSE(apple_key_refused), key_is_an_enclaves},
};

/* Only Macs say how they booted; silence is no proof. */
static uint8_t assurance(const struct statement *s)
{
	const bool is_verified = s->apple.secure_boot == apple_boot_full && s->apple.integrity_protection == apple_switch_on;
	return is_verified ? assurance_verified_boot : assurance_hardware;
}

const struct format format_apple = {
	.name = "apple",
	.binds = format_binds_token,
	.checks = checks,
	.check_count = sizeof checks / sizeof checks[0],
	.identify = identity_judge_apple,
	.assurance = assurance,
	.add_claims = claims_add_apple,
};
