/* SPDX-License-Identifier: Apache-2.0
 * Judges certificates one by one; whether a chain leads to one is judged elsewhere. */
#include "attest/verifier/anchor.h"

#include <openssl/x509v3.h>

const char *anchor_judge(X509 *certificate, struct bytes format, struct anchor *out)
{
	const bool is_root = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
	const struct known_root *known = known_root_tell(certificate, &out->whose);
	out->is_root = is_root;
	out->is_known = known != NULL && bytes_equal_text(format, known->format);
	if (X509_check_ca(certificate) == 0)
		return "it issues no others";
	if (is_root && X509_verify(certificate, X509_get0_pubkey(certificate)) != 1)
		return "it names itself as its issuer, but its signature is not its own";
	if (!is_root && !bytes_equal_text(format, "ek"))
		return "it is no root, and devices of this format send what is below theirs";
	return known != NULL && !out->is_known ? "it is known as a root of another format" : NULL;
}
