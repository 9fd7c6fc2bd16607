/* SPDX-License-Identifier: Apache-2.0
 * The signer's keys by role, and what their certificates say. Distrusts the configured list: a certificate that does
 * not fit its role or does not chain stops the signer with a sentence. */
#ifndef KEYWARD_AUTHORITY_H
#define KEYWARD_AUTHORITY_H

#include <openssl/evp.h>

#include "firmware/boundary/wire.h"
#include "pkcs11/signer/certificate.h"

enum { authority_most = 16, authority_why_room = 256, authority_longest_chain = 3 };

struct authority {
	struct bytes role, label, certificate; /* views into the settings */
	EVP_PKEY *public_key;
	struct certificate_issuer issuer; /* for what it signs */
	const struct authority *parent;   /* who signed its certificate; itself for the root */
	size_t place;                     /* in the list, and so in the token's wants */
	uint8_t *name_der;                /* owned; issuer.name */
	uint8_t key_id[64];
};

struct authorities {
	struct authority at[authority_most];
	size_t count;
	const struct authority *root, *ak_issuer, *audit;
};

/* Reads the signer_key records. internal: `why` has the sentence. `out` must not move afterwards, and is given up
 * with authorities_close either way. */
status authorities_open(const struct message_signer_settings *settings, struct authorities *out,
			char why[authority_why_room]);
void authorities_close(struct authorities *authorities);

/* The key of role issuer with that label; NULL: none. */
const struct authority *authority_find_issuer(const struct authorities *authorities, struct bytes label);

/* The certificates above one that `issuer` signed, without the root, appended to the chain; false when they do not
 * fit. */
bool authority_add_chain(const struct authority *issuer, struct bytes *chain, size_t most, size_t *count);

#endif
