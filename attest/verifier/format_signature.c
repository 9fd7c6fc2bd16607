/* SPDX-License-Identifier: Apache-2.0
 * The attested key's own signature. The certificate's key decides the algorithm; alg has to agree. Distrusts the statement. */
#include "attest/verifier/format_signature.h"

#include "attest/verifier/rsa_key.h"

enum { least_rsa_bits = 2048, most_rsa_bits = 4096 };

struct algorithm {
	const char *kind, *group; /* group: of EC keys alone */
	int64_t number;           /* COSE */
	const char *digest;       /* NULL: the scheme's own */
};

static const struct algorithm *algorithm_of(EVP_PKEY *key)
{
	static const struct algorithm algorithms[] = {
		{"EC", "prime256v1", -7, "SHA256"},
		{"EC", "secp384r1", -35, "SHA384"},
		{"RSA", NULL, -257, "SHA256"},
		{"ED25519", NULL, -8, NULL},
	};
	char group[32] = "";
	(void)EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++)
		if (EVP_PKEY_is_a(key, algorithms[i].kind) == 1 &&
		    (algorithms[i].group == NULL || strcmp(algorithms[i].group, group) == 0))
			return &algorithms[i];
	return NULL;
}

bool format_key_is_taken(struct statement *s)
{
	s->key = X509_get_pubkey(s->chain[0]);
	if (s->key == NULL || algorithm_of(s->key) == NULL)
		return false;
	const int bits = EVP_PKEY_get_bits(s->key);
	return EVP_PKEY_is_a(s->key, "RSA") != 1 ||
	       (bits >= least_rsa_bits && bits <= most_rsa_bits && !rsa_key_is_factorable(s->key));
}

bool format_algorithm_fits(struct statement *s)
{
	const struct cbor_item *said = format_member(s, "alg", cbor_negative);
	const struct algorithm *algorithm = algorithm_of(s->key);
	return said != NULL && algorithm != NULL && said->number == (uint64_t)(-1 - algorithm->number);
}

bool format_key_has_signed(struct statement *s, struct bytes signature)
{
	const struct algorithm *algorithm = algorithm_of(s->key);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const bool is_signed =
		context != NULL && algorithm != NULL &&
		EVP_DigestVerifyInit_ex(context, NULL, algorithm->digest, NULL, NULL, s->key, NULL) == 1 &&
		EVP_DigestVerify(context, signature.data, signature.size, s->bound.data, s->bound.size) == 1;
	EVP_MD_CTX_free(context);
	return is_signed;
}

bool format_signature_is_right(struct statement *s)
{
	const struct cbor_item *signature = format_member(s, "sig", cbor_octets);
	return signature != NULL && format_key_has_signed(s, signature->octets);
}
