/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes a TPM key with its chain. Distrusts the file: sizes first, then exactly one key, then certificates.
 */
#include "attest/enroll/identity.h"

#include <errno.h>
#include <openssl/asn1t.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/client/key_file.h"

/* TPMKey of the TSS2 key format (2.23.133.10.1.3: loadable), without policy and secret. */
typedef struct {
	ASN1_OBJECT *type;
	ASN1_BOOLEAN empty_auth;
	ASN1_INTEGER *parent;
	ASN1_OCTET_STRING *public, *private;
} TPM_KEY;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
ASN1_SEQUENCE(TPM_KEY) =
	{
		ASN1_SIMPLE(TPM_KEY, type, ASN1_OBJECT),	  ASN1_EXP_OPT(TPM_KEY, empty_auth, ASN1_BOOLEAN, 0),
		ASN1_SIMPLE(TPM_KEY, parent, ASN1_INTEGER),	  ASN1_SIMPLE(TPM_KEY, public, ASN1_OCTET_STRING),
		ASN1_SIMPLE(TPM_KEY, private, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END(TPM_KEY)
#pragma GCC diagnostic pop

#define PEM_NAME "TSS2 PRIVATE KEY"
		static const char loadable_oid[] = "2.23.133.10.1.3";
static const uint64_t owner_hierarchy = 0x40000001;

static const ASN1_ITEM *item(void)
{
	return ASN1_ITEM_rptr(TPM_KEY);
}

static bool copy_string(const ASN1_OCTET_STRING *from, uint8_t *to, size_t room, size_t *size)
{
	const int length = ASN1_STRING_length(from);
	if (length <= 0 || (size_t)length > room)
		return false;
	memcpy(to, ASN1_STRING_get0_data(from), (size_t)length);
	*size = (size_t)length;
	return true;
}

static bool decode_key(const uint8_t *der, long size, struct tpm_blob *out)
{
	const uint8_t *at = der;
	TPM_KEY *key = (TPM_KEY *)ASN1_item_d2i(NULL, &at, size, item());
	uint64_t parent = 0;
	char type[32];
	const bool is_read = key != NULL && at == der + size && OBJ_obj2txt(type, sizeof type, key->type, 1) > 0 &&
			     strcmp(type, loadable_oid) == 0 && ASN1_INTEGER_get_uint64(&parent, key->parent) == 1 &&
			     parent == owner_hierarchy &&
			     copy_string(key->public, out->public, sizeof out->public, &out->public_size) &&
			     copy_string(key->private, out->private, sizeof out->private, &out->private_size);
	ASN1_item_free((ASN1_VALUE *)key, item());
	return is_read;
}

static bool fill_key(const struct tpm_blob *blob, TPM_KEY *key)
{
	ASN1_OBJECT_free(key->type);
	key->type = OBJ_txt2obj(loadable_oid, 1);
	key->empty_auth = 0xff;
	return key->type != NULL && ASN1_INTEGER_set_uint64(key->parent, owner_hierarchy) == 1 &&
	       ASN1_OCTET_STRING_set(key->public, blob->public, (int)blob->public_size) == 1 &&
	       ASN1_OCTET_STRING_set(key->private, blob->private, (int)blob->private_size) == 1;
}

static bool add_key(const struct tpm_blob *blob, struct buffer *out)
{
	TPM_KEY *key = (TPM_KEY *)ASN1_item_new(item());
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	char *text = NULL;
	bool is_added = false;
	if (key != NULL && bio != NULL && fill_key(blob, key)) {
		const int size = ASN1_item_i2d((ASN1_VALUE *)key, &der, item());
		if (size > 0 && PEM_write_bio(bio, PEM_NAME, "", der, size) > 0) {
			const long length = BIO_get_mem_data(bio, &text);
			is_added = length > 0 && buffer_add(out, text, (size_t)length);
		}
	}
	OPENSSL_free(der);
	BIO_free_all(bio);
	ASN1_item_free((ASN1_VALUE *)key, item());
	return is_added;
}

/* The key stands first; *rest is what follows it. */
static bool read_key(struct bytes pem, struct tpm_blob *out, struct bytes *rest)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	long size = 0;
	bool is_read = false;
	if (bio != NULL && PEM_read_bio(bio, &name, &header, &data, &size) == 1 && strcmp(name, PEM_NAME) == 0)
		is_read = decode_key(data, size, out);
	const size_t left = bio == NULL ? 0 : BIO_ctrl_pending(bio);
	*rest = bytes_from(pem.data + pem.size - left, left);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	BIO_free_all(bio);
	return is_read;
}

static outcome read_identity(const char *path, struct buffer *pem, struct identity *out)
{
	struct bytes rest;
	STEP(key_file_load(path, true, pem));
	if (!read_key(buffer_view(pem), &out->key, &rest))
		return outcome_fail(exit_other, "%s does not begin with a key of the TPM", path);
	if (rest.size == 0)
		return DONE;
	if (chain_read(rest, path, &out->chain).code != exit_done)
		return (outcome){exit_other};
	return DONE;
}

outcome identity_load(const char *path, bool *is_there, struct identity *out)
{
	struct identity identity = {0};
	struct buffer pem = {.data = malloc(key_file_room), .room = key_file_room};
	*is_there = access(path, F_OK) == 0 || errno != ENOENT;
	if (pem.data == NULL)
		return outcome_fail(exit_other, "there is no memory");
	const outcome result = *is_there ? read_identity(path, &pem, &identity) : DONE;
	free(pem.data);
	STEP(result);
	*out = identity;
	return DONE;
}

outcome identity_store(const char *path, const struct identity *identity)
{
	struct buffer pem = {.data = malloc(key_file_room), .room = key_file_room};
	outcome result = pem.data == NULL ? outcome_fail(exit_other, "there is no memory") : DONE;
	if (result.code == exit_done &&
	    (!add_key(&identity->key, &pem) || (identity->chain != NULL && !chain_write(identity->chain, &pem))))
		result = outcome_fail(exit_other, "%s cannot be written: it would be too long", path);
	if (result.code == exit_done)
		result = key_file_store(path, S_IRUSR | S_IWUSR, buffer_view(&pem));
	free(pem.data);
	return result;
}

void identity_clear(struct identity *identity)
{
	chain_free(identity->chain);
	*identity = (struct identity){0};
}
