/* SPDX-License-Identifier: Apache-2.0
 * Reads the configured keys and certificates once, at start, with OpenSSL's decoder. */
#include "pkcs11/signer/authority.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* AlgorithmIdentifiers of what token_sign makes (RFC 5758 3.2, RFC 4055 5). */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t ecdsa_sha384[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
static const uint8_t ecdsa_sha512[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04};
static const uint8_t rsa_sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
				     0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00};

static status say(char why[authority_why_room], struct bytes label, const char *sentence)
{
	(void)snprintf(why, authority_why_room, "The key \"%.*s\": %s", (int)label.size, (const char *)label.data,
		       sentence);
	return REFUSE(internal);
}

static struct bytes algorithm_of(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC"))
		return BYTES_OF(rsa_sha256);
	if (EVP_PKEY_get_bits(key) <= 256)
		return BYTES_OF(ecdsa_sha256);
	return EVP_PKEY_get_bits(key) <= 384 ? BYTES_OF(ecdsa_sha384) : BYTES_OF(ecdsa_sha512);
}

static bool seconds_of(const ASN1_TIME *time, uint64_t *out)
{
	struct tm parts;
	if (ASN1_TIME_to_tm(time, &parts) != 1)
		return false;
	const time_t when = timegm(&parts);
	if (when < 0)
		return false;
	*out = (uint64_t)when;
	return true;
}

static status read_certificate(struct authority *authority, X509 *certificate, char why[authority_why_room])
{
	unsigned char *name = NULL;
	const int name_size = i2d_X509_NAME(X509_get_subject_name(certificate), &name);
	authority->name_der = name;
	authority->public_key = X509_get_pubkey(certificate);
	if (name_size <= 0 || authority->public_key == NULL)
		return say(why, authority->label, "its certificate has no subject or no key that can be used");
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(certificate);
	const int id_size = id == NULL ? 0 : ASN1_STRING_length(id);
	if (id_size <= 0 || (size_t)id_size > sizeof authority->key_id)
		return say(why, authority->label, "its certificate has no subject key identifier");
	memcpy(authority->key_id, ASN1_STRING_get0_data(id), (size_t)id_size);
	authority->issuer = (struct certificate_issuer){.name = bytes_from(name, (size_t)name_size),
							.key_id = bytes_from(authority->key_id, (size_t)id_size),
							.signature_algorithm = algorithm_of(authority->public_key)};
	if (!seconds_of(X509_get0_notBefore(certificate), &authority->issuer.not_before_s) ||
	    !seconds_of(X509_get0_notAfter(certificate), &authority->issuer.not_after_s))
		return say(why, authority->label, "the times of its certificate cannot be read");
	return OK;
}

static bool is_role(const struct authority *authority, const char *role)
{
	return bytes_equal_text(authority->role, role);
}

/* Who signs certificates is a CA that may; the audit key is none. */
static status judge_role(const struct authority *authority, X509 *certificate, char why[authority_why_room])
{
	const bool is_ca = X509_check_ca(certificate) == 1;
	const bool may_sign = (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) != 0;
	if (is_role(authority, "audit")) {
		if (is_ca)
			return say(why, authority->label, "the audit key's certificate is a CA certificate");
		return EVP_PKEY_is_a(authority->public_key, "EC")
			       ? OK
			       : say(why, authority->label, "checkpoints need an EC key");
	}
	if (!is_role(authority, "root") && !is_role(authority, "issuer") && !is_role(authority, "ak-issuer"))
		return say(why, authority->label, "there is no such role");
	if (!is_ca || !may_sign)
		return say(why, authority->label, "its certificate is not one of a CA that may sign certificates");
	return OK;
}

static X509 *decode(struct bytes der)
{
	const unsigned char *at = der.data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
	if (certificate != NULL && at == der.data + der.size)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static status open_one(const struct bytes *record, struct authority *authority, char why[authority_why_room])
{
	struct message_signer_key key;
	if (is_refused(wire_decode(message_signer_key, *record, &key)))
		return REFUSE(internal);
	authority->role = key.role;
	authority->label = key.label;
	authority->certificate = key.certificate;
	X509 *certificate = decode(key.certificate);
	if (certificate == NULL)
		return say(why, key.label, "its certificate is not exactly one DER certificate");
	status read = read_certificate(authority, certificate, why);
	if (!is_refused(read))
		read = judge_role(authority, certificate, why);
	X509_free(certificate);
	return read;
}

static bool has_signed(const struct authority *parent, X509 *certificate)
{
	unsigned char *name = NULL;
	const int size = i2d_X509_NAME(X509_get_issuer_name(certificate), &name);
	const bool is_named = size > 0 && bytes_equal(bytes_from(name, (size_t)size), parent->issuer.name);
	OPENSSL_free(name);
	return is_named && X509_verify(certificate, parent->public_key) == 1;
}

static status find_parent(struct authorities *all, struct authority *authority, char why[authority_why_room])
{
	X509 *certificate = decode(authority->certificate);
	if (certificate == NULL)
		return REFUSE(internal);
	for (size_t i = 0; i < all->count && authority->parent == NULL; i++) {
		const struct authority *parent = &all->at[i];
		if (!is_role(parent, "audit") && has_signed(parent, certificate))
			authority->parent = parent;
	}
	X509_free(certificate);
	if (authority->parent == NULL)
		return say(why, authority->label, "its certificate is signed by none of the configured keys");
	if ((authority->parent == authority) != is_role(authority, "root"))
		return say(why, authority->label, "only the root signs its own certificate");
	return OK;
}

/* Follows parents from each key: the root is reached in a few steps. */
static status judge_chains(const struct authorities *all, char why[authority_why_room])
{
	for (size_t i = 0; i < all->count; i++) {
		const struct authority *at = &all->at[i];
		for (int step = 0; at != all->root && step <= authority_longest_chain; step++)
			at = at->parent;
		if (at != all->root)
			return say(why, all->at[i].label, "its chain does not reach the root");
	}
	return OK;
}

static status assign_roles(struct authorities *all, char why[authority_why_room])
{
	size_t issuers = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct authority *at = &all->at[i];
		const struct authority **only = is_role(at, "root")        ? &all->root
						: is_role(at, "ak-issuer") ? &all->ak_issuer
						: is_role(at, "audit")     ? &all->audit
									   : NULL;
		issuers += only == NULL;
		if (only != NULL && *only != NULL)
			return say(why, at->label, "this role has a key already");
		if (only != NULL)
			*only = at;
	}
	if (all->root != NULL && all->ak_issuer != NULL && all->audit != NULL && issuers != 0)
		return OK;
	(void)snprintf(why, authority_why_room, "The keys lack one of the roles root, issuer, ak-issuer and audit");
	return REFUSE(internal);
}

status authorities_open(const struct message_signer_settings *settings, struct authorities *out,
			char why[authority_why_room])
{
	*out = (struct authorities){0};
	(void)snprintf(why, authority_why_room, "The list of keys is malformed");
	for (size_t i = 0; i < settings->keys.count && i < authority_most; i++) {
		out->at[i].place = i;
		out->count = i + 1;
		TRY(open_one(&settings->keys.at[i], &out->at[i], why));
	}
	TRY(assign_roles(out, why));
	for (size_t i = 0; i < out->count; i++)
		TRY(find_parent(out, &out->at[i], why));
	TRY(judge_chains(out, why));
	why[0] = 0;
	return OK;
}

void authorities_close(struct authorities *authorities)
{
	for (size_t i = 0; i < authorities->count; i++) {
		EVP_PKEY_free(authorities->at[i].public_key);
		OPENSSL_free(authorities->at[i].name_der);
	}
	*authorities = (struct authorities){0};
}

const struct authority *authority_find_issuer(const struct authorities *authorities, struct bytes label)
{
	for (size_t i = 0; i < authorities->count; i++)
		if (is_role(&authorities->at[i], "issuer") && bytes_equal(authorities->at[i].label, label))
			return &authorities->at[i];
	return NULL;
}

bool authority_add_chain(const struct authority *issuer, struct bytes *chain, size_t most, size_t *count)
{
	for (const struct authority *at = issuer; at->parent != at; at = at->parent) {
		if (*count == most)
			return false;
		chain[(*count)++] = at->certificate;
	}
	return true;
}
