/* SPDX-License-Identifier: Apache-2.0
 * Judges certificates one by one; whether a chain leads to one is judged elsewhere. */
#include "attest/verifier/anchor.h"

#include <openssl/x509v3.h>

static bool is_format(struct bytes format)
{
	static const char *const formats[] = {"ek", "ak", "apple", "android-key", "packed", "step"};
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (bytes_equal_text(format, formats[i]))
			return true;
	return false;
}

/* A link that an issuer made from an old key of its to a new one has its own name as issuer, but not its own signature. */
static bool is_self_signed(X509 *certificate)
{
	return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
	       X509_verify(certificate, X509_get0_pubkey(certificate)) == 1;
}

const char *anchor_judge(X509 *certificate, struct bytes format, struct anchor *out)
{
	const struct known_root *known = known_root_tell(certificate, &out->whose);
	out->is_root = is_self_signed(certificate);
	out->known_format = known == NULL ? NULL : known->format;
	out->is_known = known != NULL && bytes_equal_text(format, known->format);
	if (!is_format(format))
		return "there are no roots for this format; those of TPMs are for ek, or ak";
	if (X509_check_ca(certificate) != 1)
		return "it is not said to be a CA's (RFC 5280 4.2.1.9)";
	if (!out->is_root && !bytes_equal_text(format, "ek"))
		return "it is no root, and devices of this format send what is below theirs";
	return NULL;
}
