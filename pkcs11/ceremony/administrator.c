/* SPDX-License-Identifier: Apache-2.0
 * Administrators' keys at the first start. */
#include "pkcs11/ceremony/administrator.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "ca/jose/jws.h"

static void key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static bool write_private(const struct folder *folder, const char *name, EVP_PKEY *key)
{
	char path[160];
	char *text;
	BIO *bio __attribute__((cleanup(bio_free))) = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
		return false;
	const long size = BIO_get_mem_data(bio, &text);
	snprintf(path, sizeof path, "administrators/%s.pem", name);
	return size > 0 && folder_write(folder, path, 0600, bytes_from(text, (size_t)size));
}

static bool make_one(const struct folder *folder, const struct configuration_administrator *administrator)
{
	uint8_t room[1024];
	char mark[160];
	struct buffer jwk = BUFFER(room);
	EVP_PKEY *key __attribute__((cleanup(key_free))) = EVP_EC_gen("P-256");
	if (key == NULL || is_refused(jwk_build(key, &jwk))) {
		fprintf(stderr, "The key of the administrator %s cannot be made\n", administrator->name);
		return false;
	}
	snprintf(mark, sizeof mark, "administrators/%s.made", administrator->name);
	return write_private(folder, administrator->name, key) &&
	       folder_write(folder, mark, 0600, bytes_from_text("")) &&
	       folder_write(folder, administrator->key_file, 0644, buffer_view(&jwk));
}

bool administrator_make_all(const struct folder *folder, const struct configuration *configuration)
{
	for (size_t i = 0; i < configuration->administrator_count; i++)
		if (!make_one(folder, &configuration->administrators[i]))
			return false;
	return true;
}
