/* SPDX-License-Identifier: Apache-2.0
 * The authority: a P-256 key and the certificates it signs. For tests only. */
#include "tests/http/authority.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define NEED(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

static gnutls_x509_privkey_t authority_key;
static gnutls_x509_crt_t authority;
static uint8_t own[4096];
static size_t own_size;
static atomic_uint serial;

void authority_make(void)
{
	const unsigned number = 1;
	const time_t now = time(NULL);
	NEED(gnutls_x509_privkey_init(&authority_key) == 0);
	NEED(gnutls_x509_privkey_generate(authority_key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
					  0) == 0);
	NEED(gnutls_x509_crt_init(&authority) == 0);
	NEED(gnutls_x509_crt_set_version(authority, 3) == 0);
	NEED(gnutls_x509_crt_set_key(authority, authority_key) == 0);
	NEED(gnutls_x509_crt_set_serial(authority, &number, sizeof number) == 0);
	NEED(gnutls_x509_crt_set_ca_status(authority, 1) == 0);
	NEED(gnutls_x509_crt_set_activation_time(authority, now) == 0);
	NEED(gnutls_x509_crt_set_expiration_time(authority, now + 86400) == 0);
	NEED(gnutls_x509_crt_set_dn(authority, "CN=authority", NULL) == 0);
	NEED(gnutls_x509_crt_sign2(authority, authority, authority_key, GNUTLS_DIG_SHA256, 0) == 0);
	own_size = sizeof own;
	NEED(gnutls_x509_crt_export(authority, GNUTLS_X509_FMT_DER, own, &own_size) == 0);
}

struct bytes authority_certificate(void)
{
	return bytes_from(own, own_size);
}

size_t authority_certify(struct bytes spki, uint8_t *der, size_t room)
{
	gnutls_pubkey_t key;
	gnutls_x509_crt_t leaf;
	const unsigned number = htonl(++serial);
	const time_t now = time(NULL);
	unsigned char *copy = malloc(spki.size);
	memcpy(copy, spki.data, spki.size);
	const gnutls_datum_t datum = {copy, (unsigned)spki.size};
	NEED(gnutls_pubkey_init(&key) == 0);
	NEED(gnutls_pubkey_import(key, &datum, GNUTLS_X509_FMT_DER) == 0);
	free(copy);
	NEED(gnutls_x509_crt_init(&leaf) == 0);
	NEED(gnutls_x509_crt_set_version(leaf, 3) == 0);
	NEED(gnutls_x509_crt_set_pubkey(leaf, key) == 0);
	NEED(gnutls_x509_crt_set_serial(leaf, &number, sizeof number) == 0);
	NEED(gnutls_x509_crt_set_activation_time(leaf, now) == 0);
	NEED(gnutls_x509_crt_set_expiration_time(leaf, now + 86400) == 0);
	NEED(gnutls_x509_crt_set_dn(leaf, "CN=leaf", NULL) == 0);
	NEED(gnutls_x509_crt_sign2(leaf, authority, authority_key, GNUTLS_DIG_SHA256, 0) == 0);
	NEED(gnutls_x509_crt_export(leaf, GNUTLS_X509_FMT_DER, der, &room) == 0);
	gnutls_x509_crt_deinit(leaf);
	gnutls_pubkey_deinit(key);
	return room;
}
