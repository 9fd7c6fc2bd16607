/* SPDX-License-Identifier: Apache-2.0
 * The settings made ready: roots parsed once, keys at hand. Everything else of the verifier is a function of these and of
 * one request. */
#ifndef KEYWARD_VERIFIER_H
#define KEYWARD_VERIFIER_H

#include "attest/verifier/chain.h"
#include "attest/verifier/vendor.h"
#include "firmware/boundary/wire.h"

enum { verifier_voucher_life_s = 1800, verifier_activation_life_s = 600 };

/* A directory's own rules, and its roots of the settings' pool. */
struct verifier_directory {
	struct message_verifier_directory rules; /* views as below */
	struct chain_roots ek_roots, ak_roots, apple_roots, android_roots, packed_roots, step_roots;
	STACK_OF(X509) *ek_intermediates; /* owned; NULL: none */
	struct revocation_lists revoked;
	vendor_set ek_vendors[chain_most_roots]; /* of each of ek_roots: whom it may certify */
};

enum { verifier_most_directories = 16 };

struct verifier {
	struct message_verifier_settings settings; /* views into a mapping that lasts */
	struct chain_roots ak_issuers;
	struct verifier_directory directories[verifier_most_directories];
	size_t directory_count;
	struct revocation_list lists[revocation_most_lists];
	size_t list_count;
	uint8_t configuration_hash[32]; /* of the settings without their secret keys */
};

/* False, with a sentence in detail, when a root, a file or an administrator in the settings cannot be read. Not to be copied. */
bool verifier_open(const struct message_verifier_settings *settings, struct verifier *out, struct detail *detail);
void verifier_close(struct verifier *verifier);

/* The directory of that name. directory_wrong: there is none. */
status verifier_find_directory(const struct verifier *verifier, struct bytes name, const struct verifier_directory **out);

/* The five requests. order_open refuses by identifier_count no identifier, or two of devices, and what is in no grammar.  Answers' views point into `room` (wire_packet_room octets at most); written only on OK. */
status verifier_order_open(const struct verifier *verifier, const struct message_order_open *ask, struct buffer *room,
			   struct message_order_opened *out);
status verifier_statement_judge(const struct verifier *verifier, const struct message_statement_judge *ask,
				struct buffer *room, struct message_statement_judged *out, struct detail *detail);
status verifier_finalize_judge(const struct verifier *verifier, const struct message_finalize_judge *ask,
			       struct buffer *room, struct message_finalize_judged *out, struct detail *detail);
status verifier_ak_begin(const struct verifier *verifier, const struct message_ak_begin *ask, struct buffer *room,
			 struct message_ak_begun *out, struct detail *detail);
status verifier_ak_finish(const struct verifier *verifier, const struct message_ak_finish *ask, struct buffer *room,
			  struct message_ak_finished *out);

#endif
