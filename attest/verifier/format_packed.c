/* SPDX-License-Identifier: Apache-2.0
 * The ordered table of what a statement of format packed is checked for, and the checks: WebAuthn L3 8.2 with an attestation
 * certificate whose own key is the attested one, for ACME sends no authenticator data that could name another. Distrusts it. */
#include "attest/verifier/claims.h"
#include "attest/verifier/format_signature.h"
#include "attest/verifier/identity.h"

static bool chain_is_trusted(struct statement *s)
{
	return format_chain_is_trusted(s, &s->directory->packed_roots);
}

static bool leaf_is_version_3(struct statement *s)
{
	return X509_get_version(s->chain[0]) == X509_VERSION_3;
}

static bool has_one(const X509_NAME *subject, int nid)
{
	const int at = X509_NAME_get_index_by_NID(subject, nid, -1);
	return at >= 0 && X509_NAME_get_index_by_NID(subject, nid, at) < 0;
}

/* WebAuthn L3 8.2.1 */
static bool subject_is_an_authenticators(struct statement *s)
{
	static const char expected[] = "Authenticator Attestation";
	const X509_NAME *subject = X509_get_subject_name(s->chain[0]);
	if (!has_one(subject, NID_countryName) || !has_one(subject, NID_organizationName) ||
	    !has_one(subject, NID_organizationalUnitName) || !has_one(subject, NID_commonName))
		return false;
	const int at = X509_NAME_get_index_by_NID(subject, NID_organizationalUnitName, -1);
	const ASN1_STRING *unit = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	return bytes_equal_text(bytes_from(ASN1_STRING_get0_data(unit), (size_t)ASN1_STRING_length(unit)), expected);
}

static bool names_are_read(struct statement *s)
{
	return certificate_names_read(s->chain[0], &s->names);
}

static const struct format_check checks[] = {
	{REFUSE(packed_chain_absent), format_chain_is_there},
	{REFUSE(packed_chain_malformed), format_chain_is_read},
	{REFUSE(packed_leaf_version), leaf_is_version_3},
	{REFUSE(packed_leaf_is_ca), format_leaf_is_no_ca},
	{REFUSE(packed_leaf_subject), subject_is_an_authenticators},
	{REFUSE(packed_leaf_names), names_are_read},
	{REFUSE(packed_chain_untrusted), chain_is_trusted},
	{REFUSE(attestation_certificate_revoked), format_chain_is_in_force},
	{REFUSE(packed_key_refused), format_key_is_taken},
	{REFUSE(packed_algorithm_refused), format_algorithm_fits},
	{REFUSE(packed_signature_wrong), format_signature_is_right},
};

static uint8_t assurance(const struct statement *s)
{
	(void)s;
	return assurance_hardware;
}

const struct format format_packed = {
	.name = "packed",
	.binds = format_binds_key_authorization,
	.checks = checks,
	.check_count = sizeof checks / sizeof checks[0],
	.identify = identity_judge_packed,
	.assurance = assurance,
	.add_claims = claims_add_packed,
};
