/* SPDX-License-Identifier: Apache-2.0
 * External account bindings (RFC 8555 7.3.4): keys from the settings, each of which opens one account. */
#ifndef KEYWARD_EAB_H
#define KEYWARD_EAB_H

#include "ca/registrar/store.h"
#include "firmware/boundary/wire.h"

enum { eab_keys_most = 16, eab_key_least = 32, eab_key_most = 64 };

struct eab_keys {
	struct {
		char name[65];
		uint8_t key[eab_key_most];
		size_t size;
	} at[eab_keys_most];
	size_t count;
};

struct request;

/* Takes one encoded eab_key record. message_malformed, base64url_malformed; public_key_weak: less than 32 octets. */
status eab_add_key(struct eab_keys *keys, struct bytes record);

/* Whether the JWS binds the key that signed the request. The eab_ refusals, and those of jws_parse. */
status eab_judge(const struct eab_keys *keys, const struct request *request, struct bytes jws, struct binding_row *out);

#endif
