/* SPDX-License-Identifier: Apache-2.0
 * A chain from a certificate to one of the given roots and no others, judged now. */
#ifndef KEYWARD_VERIFIER_CHAIN_H
#define KEYWARD_VERIFIER_CHAIN_H

#include "attest/verifier/certificate.h"
#include "attest/verifier/revocation.h"

enum { chain_most_roots = 192, chain_most_intermediates = 8 };

/* Trust anchors, parsed once, and how strictly the leaf is taken. */
struct chain_roots {
	X509 *at[chain_most_roots];
	size_t count;
	int64_t at_s; /* seconds since 1970 that chains are judged as of; 0: now. Only who looks back sets it */
	bool may_leaf_be_expired; /* past its end, not before its start; issuers are valid all the same */
};

/* How the given certificates are meant: as a bag to find a path in, or as the path itself, without gap, stranger or repetition. */
enum chain_order { chain_any_order, chain_in_order };

struct chain_question {
	X509 *leaf;
	STACK_OF(X509) *intermediates;
	enum chain_order order;
	const struct chain_roots *roots;
	const struct revocation_lists *lists;
};
enum chain_verdict { chain_untrusted, chain_revoked, chain_good };

/* Untrusted unless `leaf` leads through some of `intermediates` to one of `roots`, every certificate valid then, no SHA-1 or MD5, CAs
 * being CAs, constraints kept, critical extensions known. Then the root's SHA-256 over its DER goes to root_hash, and the lists
 * are asked about the others. Why it is not good goes to detail. */
enum chain_verdict chain_verify(const struct chain_question *question, uint8_t root_hash[32], struct detail *detail);

#endif
