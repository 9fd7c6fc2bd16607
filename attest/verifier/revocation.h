/* SPDX-License-Identifier: Apache-2.0
 * Lists of revoked attestation certificates: CRLs of their issuers (RFC 5280 5), and Google's status list. */
#ifndef KEYWARD_VERIFIER_REVOCATION_H
#define KEYWARD_VERIFIER_REVOCATION_H

#include <openssl/x509.h>

#include "attest/verifier/status_list.h"
#include "firmware/boundary/detail.h"

enum { revocation_most_lists = 16 };

/* One or the other; owned. */
struct revocation_list {
	X509_CRL *crl; /* NULL: the status list it is */
	struct status_list serials;
};

/* Those that count for some chains; borrowed. */
struct revocation_lists {
	const struct revocation_list *at[revocation_most_lists];
	size_t count;
};

/* From the file as it is, a CRL in PEM or DER or a status list. What is wrong with it; NULL: nothing. Delta CRLs, indirect ones, and
 * those with a critical extension that is not understood are wrong. */
const char *revocation_read(struct bytes file, struct revocation_list *out);
void revocation_free(struct revocation_list *list);

/* True when no list names a certificate of this verified path, but for its root. A CRL counts for the certificates of its issuer, be
 * it past its next update or not. One that has an issuer's name and not its signature says nothing that could be believed, so
 * nobody of that name passes. False: detail says which certificate, and why. */
bool revocation_judge(const struct revocation_lists *lists, const STACK_OF(X509) *path, struct detail *detail);

#endif
