/* SPDX-License-Identifier: Apache-2.0
 * Looks roots up. */
#include "attest/verifier/known_root.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { hash_size = 32 };

static const struct known_root roots[] = {
#define KNOWN_ROOT(sha256, format, maker, name, place) {sha256, format, maker, name, place},
#include "attest/verifier/known_roots.def"
#undef KNOWN_ROOT
};

const struct known_root *known_root_list(size_t *count)
{
	*count = sizeof roots / sizeof roots[0];
	return roots;
}

bool known_root_hash(X509 *root, char out[known_root_hash_room])
{
	uint8_t hash[hash_size];
	if (X509_digest(root, EVP_sha256(), hash, NULL) != 1)
		return false;
	for (size_t i = 0; i < hash_size; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return true;
}

static void tell_unknown(X509 *root, const char *hex, struct detail *sentence)
{
	char subject[200];
	if (X509_NAME_oneline(X509_get_subject_name(root), subject, sizeof subject) == NULL)
		subject[0] = 0;
	detail_say(sentence, "unknown, SHA-256 %s, calls itself %s", hex, subject);
}

const struct known_root *known_root_tell(X509 *root, struct detail *sentence)
{
	char hex[known_root_hash_room] = "";
	const bool is_hashed = known_root_hash(root, hex);
	for (size_t i = 0; is_hashed && i < sizeof roots / sizeof roots[0]; i++)
		if (strcmp(roots[i].sha256, hex) == 0) {
			detail_say(sentence, "of %s, \"%s\"%s%s; SHA-256 %s", roots[i].maker, roots[i].name,
				   roots[i].place[0] == 0 ? "" : ", published at ", roots[i].place, hex);
			return &roots[i];
		}
	tell_unknown(root, hex, sentence);
	return NULL;
}
