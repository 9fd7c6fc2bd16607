/* SPDX-License-Identifier: Apache-2.0
 * Calls to the PKCS#11 module that libp11 has none for, for token.c alone. */
#ifndef KEYWARD_TOKEN_DIRECT_H
#define KEYWARD_TOKEN_DIRECT_H

#include <p11-kit-1/p11-kit/pkcs11.h>

#include "pkcs11/signer/token.h"

struct token_direct {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	bool has_session;
};

/* Sentences in `why` for token_failed and token_absent, as token_open says. */
status token_direct_judge_flags(const struct token_direct *direct, char why[token_why_room]);
status token_direct_open_session(struct token_direct *direct, char why[token_why_room]);
/* One attempt. */
status token_direct_login(const struct token_direct *direct, struct bytes pin, char why[token_why_room]);
/* The one private key of the label, by handle; its id, which no other private key has. */
status token_direct_find(const struct token_direct *direct, const char *label, CK_OBJECT_HANDLE *key, struct buffer *id,
			 char why[token_why_room]);
status token_direct_judge_key(const struct token_direct *direct, const char *label, CK_OBJECT_HANDLE key,
			      char why[token_why_room]);
/* A copy that lives in the session, so that no file is opened for a signature; the key itself where the token allows
 * no copy. */
CK_OBJECT_HANDLE token_direct_copy(const struct token_direct *direct, CK_OBJECT_HANDLE key);
/* C_SignInit and C_Sign; the raw signature is appended. */
status token_direct_sign(const struct token_direct *direct, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
			 struct bytes input, struct buffer *signature);
/* Closes the session, opens another. */
status token_direct_renew_session(struct token_direct *direct);

#endif
