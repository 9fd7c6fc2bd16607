/* SPDX-License-Identifier: Apache-2.0
 * Writes attestation objects. Whose bytes: our own TPM's. */
#include "attest/enroll/statement.h"

#include <cbor.h>

enum { cose_es256_negated = 6 }; /* COSE -7 is written as 1 + 6 below zero */

/* Takes both items over, also on failure, where they may be NULL. */
static bool add_pair(cbor_item_t *map, cbor_item_t *key, cbor_item_t *value)
{
	const bool is_added =
		key != NULL && value != NULL && cbor_map_add(map, (struct cbor_pair){.key = key, .value = value});
	if (key != NULL)
		cbor_decref(&key);
	if (value != NULL)
		cbor_decref(&value);
	return is_added;
}

static cbor_item_t *octets(struct bytes bytes)
{
	return cbor_build_bytestring(bytes.data, bytes.size);
}

static cbor_item_t *build_x5c(const STACK_OF(X509) * chain)
{
	cbor_item_t *list = cbor_new_definite_array((size_t)sk_X509_num(chain));
	for (int i = 0; list != NULL && i < sk_X509_num(chain); i++) {
		unsigned char *der = NULL;
		const int size = i2d_X509(sk_X509_value(chain, i), &der);
		cbor_item_t *one = size > 0 ? cbor_build_bytestring(der, (size_t)size) : NULL;
		OPENSSL_free(der);
		const bool is_added = one != NULL && cbor_array_push(list, one);
		if (one != NULL)
			cbor_decref(&one);
		if (!is_added)
			cbor_decref(&list);
	}
	return list;
}

static cbor_item_t *build_members(const struct statement *statement)
{
	cbor_item_t *map = cbor_new_definite_map(6);
	if (map == NULL)
		return NULL;
	const bool is_built = add_pair(map, cbor_build_string("ver"), cbor_build_string("2.0")) &&
			      add_pair(map, cbor_build_string("alg"), cbor_build_negint8(cose_es256_negated)) &&
			      add_pair(map, cbor_build_string("x5c"), build_x5c(statement->ak_chain)) &&
			      add_pair(map, cbor_build_string("sig"), octets(statement->signature)) &&
			      add_pair(map, cbor_build_string("certInfo"), octets(statement->attest)) &&
			      add_pair(map, cbor_build_string("pubArea"), octets(statement->area));
	if (!is_built)
		cbor_decref(&map);
	return map;
}

outcome statement_build(const struct statement *statement, struct buffer *out)
{
	cbor_item_t *object = cbor_new_definite_map(2);
	size_t size = 0;
	if (object != NULL && add_pair(object, cbor_build_string("fmt"), cbor_build_string("tpm")) &&
	    add_pair(object, cbor_build_string("attStmt"), build_members(statement)))
		size = cbor_serialize(object, out->data + out->size, out->room - out->size);
	if (object != NULL)
		cbor_decref(&object);
	out->size += size;
	return size > 0 ? DONE : outcome_fail(exit_other, "the attestation object cannot be built");
}
