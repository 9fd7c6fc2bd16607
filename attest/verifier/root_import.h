/* SPDX-License-Identifier: Apache-2.0
 * An administrator's signed word that devices are to be trusted by a certificate: a root, or what stands between the roots of TPM
 * makers and EK certificates. It lies in a file among the settings, so that nothing but a start brings it into force. */
#ifndef KEYWARD_VERIFIER_ROOT_IMPORT_H
#define KEYWARD_VERIFIER_ROOT_IMPORT_H

#include "attest/verifier/anchor.h"
#include "attest/verifier/verifier.h"

/* Views point into the settings or into the room. */
struct root_import {
	struct bytes administrator; /* who signed it */
	struct bytes format;	    /* as of a trust_root */
	struct bytes vendor_names, directory_names; /* as signed; empty: all */
	vendor_set vendors;
	uint32_t directories; /* at least one; bit N: that of number N */
	X509 *certificate;    /* owned */
	struct anchor anchor;
};
enum { root_import_most = 8192, root_import_room = 3 * root_import_most };

/* The request is a flattened JWS without nonce, its url ORIGIN/admin/root, its payload {"format", "certificate" (base64url of the DER)}
 * and, where they are meant, "vendors" and "directories" (names with spaces between; absent: all that take signed roots) and "unknown": true, without
 * which no root is taken that the table does not know. What is wrong; NULL: nothing, and the caller frees the certificate. */
const char *root_import_read(const struct verifier *verifier, struct bytes request, struct buffer *room, struct root_import *out);

#endif
