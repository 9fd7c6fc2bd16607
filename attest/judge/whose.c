/* SPDX-License-Identifier: Apache-2.0
 * Reads a bundle of roots as its maker or somebody else put it together. */
#include "attest/judge/whose.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "attest/verifier/known_root.h"

static enum whose tell(X509 *root)
{
	struct detail sentence;
	const struct known_root *known = known_root_tell(root, &sentence);
	printf("%-11s %s\n", known == NULL ? "?" : known->format, sentence.text);
	X509_free(root);
	return known == NULL ? whose_unknown : whose_known;
}

/* What stands between certificates is nobody's business; what looks like one has to be one. */
static enum whose tell_all(BIO *text)
{
	enum whose worst = whose_malformed;
	for (X509 *root; (root = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL;) {
		const enum whose one = tell(root);
		worst = worst == whose_malformed || one == whose_unknown ? one : worst;
	}
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? worst : whose_malformed;
}

enum whose whose_tell(struct bytes file)
{
	const unsigned char *at = file.data;
	X509 *root = d2i_X509(NULL, &at, (long)file.size);
	if (root != NULL)
		return tell(root);
	ERR_clear_error();
	BIO *text = BIO_new_mem_buf(file.data, (int)file.size);
	const enum whose all = text == NULL ? whose_malformed : tell_all(text);
	BIO_free(text);
	return all;
}
