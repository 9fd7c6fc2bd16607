/* SPDX-License-Identifier: Apache-2.0
 * Looks the certificates of a file up. */
#include "attest/judge/whose.h"

#include <stdio.h>

#include "attest/verifier/bundle.h"
#include "attest/verifier/known_root.h"

static bool tell(X509 *root)
{
	struct detail sentence;
	const struct known_root *known = known_root_tell(root, &sentence);
	printf("%-11s %s\n", known == NULL ? "?" : known->format, sentence.text);
	return known != NULL;
}

enum whose whose_tell(struct bytes file)
{
	bool is_known = true;
	STACK_OF(X509) *bundle = bundle_read(file);
	if (bundle == NULL)
		return whose_malformed;
	for (int i = 0; i < sk_X509_num(bundle); i++)
		is_known = tell(sk_X509_value(bundle, i)) && is_known;
	bundle_free(bundle);
	return is_known ? whose_known : whose_unknown;
}
