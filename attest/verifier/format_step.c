/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what a YubiKey's attestation of a PIV slot (smallstep's format step) is checked for, and the checks. The slot's
 * certificate binds nothing; the attested key signs the key authorization itself. Distrusts the statement. */
#include "attest/verifier/claims.h"
#include "attest/verifier/format_signature.h"
#include "attest/verifier/identity.h"

static bool chain_is_trusted(struct statement *s)
{
	return format_chain_is_trusted(s, &s->directory->step_roots);
}

static bool properties_are_read(struct statement *s)
{
	return yubikey_read(s->chain[0], &s->yubikey);
}

/* Until then its generator of RSA keys was faulty (CVE-2017-15361). */
static bool firmware_is_taken(struct statement *s)
{
	static const uint8_t least[] = {4, 3, 5};
	return memcmp(s->yubikey.firmware, least, sizeof least) >= 0;
}

/* Where the directory wants it. */
static bool pin_is_asked(struct statement *s)
{
	return s->directory->rules.needs_step_pin != 1 || yubikey_asks_pin(&s->yubikey);
}

static bool touch_is_asked(struct statement *s)
{
	return s->directory->rules.needs_step_touch != 1 || yubikey_asks_touch(&s->yubikey);
}

/* A CBOR byte string within the byte string, as step CLI writes it. */
static bool signature_is_read(struct statement *s)
{
	struct cbor inner;
	const struct cbor_item *outer = format_member(s, "sig", cbor_octets);
	if (outer == NULL || is_refused(cbor_parse(outer->octets, &inner)) || inner.items[0].kind != cbor_octets)
		return false;
	s->signature = inner.items[0].octets;
	return true;
}

static bool key_has_signed(struct statement *s)
{
	return format_key_has_signed(s, s->signature);
}

static const struct format_check checks[] = {
	{REFUSE(step_chain_absent), format_chain_is_there},
	{REFUSE(step_chain_malformed), format_chain_is_read},
	{REFUSE(step_leaf_is_ca), format_leaf_is_no_ca},
	{REFUSE(step_chain_untrusted), chain_is_trusted},
	{REFUSE(attestation_certificate_revoked), format_chain_is_in_force},
	{REFUSE(step_properties_malformed), properties_are_read},
	{REFUSE(step_firmware_refused), firmware_is_taken},
	{REFUSE(step_pin_unasked), pin_is_asked},
	{REFUSE(step_touch_unasked), touch_is_asked},
	{REFUSE(step_key_refused), format_key_is_taken},
	{REFUSE(step_algorithm_refused), format_algorithm_fits},
	{REFUSE(step_signature_malformed), signature_is_read},
	{REFUSE(step_signature_wrong), key_has_signed},
};

static uint8_t assurance(const struct statement *s)
{
	(void)s;
	return assurance_hardware;
}

const struct format format_step = {
	.name = "step",
	.binds = format_binds_key_authorization,
	.checks = checks,
	.check_count = sizeof checks / sizeof checks[0],
	.identify = identity_judge_step,
	.assurance = assurance,
	.add_claims = claims_add_step,
};
