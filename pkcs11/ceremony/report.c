/* SPDX-License-Identifier: Apache-2.0
 * What the ceremony says about the keys it made. */
#include "pkcs11/ceremony/report.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SHA-256 of the DER SubjectPublicKeyInfo. */
static bool add_key(FILE *report, const struct configuration_key *key, X509 *certificate)
{
	uint8_t hash[32], *der = NULL;
	unsigned size = 0;
	const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	const bool is_hashed = length > 0 && EVP_Digest(der, (size_t)length, hash, &size, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	if (!is_hashed)
		return false;
	fprintf(report, "  %-16s %-10s %-9s ", key->label, key->role, key->algorithm);
	for (size_t i = 0; i < sizeof hash; i++)
		fprintf(report, "%02x", hash[i]);
	fputc('\n', report);
	return true;
}

char *report_build(const struct report_facts *facts)
{
	char *text = NULL;
	size_t size = 0;
	bool is_whole = true;
	FILE *report = open_memstream(&text, &size);
	if (report == NULL)
		return NULL;
	fprintf(report, "Keys made inside the token %s (%s %s, serial %s):\n", facts->token->label,
		facts->token->manufacturer, facts->token->model, facts->token->serial);
	fprintf(report, "  %-16s %-10s %-9s %s\n", "label", "role", "algorithm", "SHA-256 of the public key");
	for (size_t i = 0; i < facts->configuration->key_count; i++)
		is_whole = add_key(report, &facts->configuration->keys[i], facts->certificates[i]) && is_whole;
	fputs(
	    "The token reports each private key as made inside, always sensitive, never extractable, for signing only. "
	    "That is its\n"
	    "module's own word: for hardware, compare it with the maker's attestation of the key where there is one.\n"
	    "The security officer's PIN was drawn at random and forgotten.\n",
	    report);
	if (fclose(report) == 0 && is_whole)
		return text;
	fputs("The report of the keys cannot be made\n", stderr);
	free(text);
	return NULL;
}
