/* SPDX-License-Identifier: Apache-2.0
 * Certificate requests with a knob for each wish that is refused, and JWS requests by accounts and administrators. For
 * tests only. */
#ifndef KEYWARD_DEVICE_REQUEST_H
#define KEYWARD_DEVICE_REQUEST_H

#include "tests/device/key.h"

struct device_csr {
	EVP_PKEY *key;
	/* ---- knobs ---- */
	EVP_PKEY *signer;                  /* NULL: key */
	const char *subject;               /* CN; NULL: empty */
	const char *organization;          /* a second attribute of the subject */
	const char *permanent_identifier, *assigner;
	const char *second_permanent_identifier;
	const struct bytes *raw_alternative_name; /* DER GeneralNames, in place of the above */
	const char *alternative_name;      /* OpenSSL's text of a SAN, such as "DNS:a.example", in place of the above */
	const char *key_usage, *extended_usage, *constraints; /* OpenSSL's text; NULL: not there */
	const char *extension_oid;         /* an extension with that OID and value 05 00 */
	bool has_challenge_password, has_unknown_attribute, has_two_extension_requests;
	const char *digest;                /* NULL: SHA256 */
	bool is_pss;                       /* RSA-PSS, salt of 11 bytes */
	bool is_changed;                   /* a bit of the signature flipped */
};
/* DER */
void device_csr_build(const struct device_csr *csr, struct device_octets *out);

/* A P-256 key for an account or an administrator; its canonical JWK and thumbprint. */
struct device_account {
	EVP_PKEY *key;
	size_t jwk_size;
	uint8_t jwk[1024];
	uint8_t thumbprint[32];
};
void device_account_new(struct device_account *out);
void device_account_free(struct device_account *account);

/* A flattened JWS with ES256: {"protected","payload","signature"}. kid NULL: the jwk is given. */
struct device_jws {
	const struct device_account *account;
	const char *url, *kid, *nonce; /* nonce NULL: "bm9uY2U" */
	const char *payload;           /* JSON text; "" for POST-as-GET */
	const char *algorithm;         /* NULL: ES256 */
};
void device_jws_build(const struct device_jws *jws, struct device_octets *out);
/* Appends base64url characters. */
void device_base64url(struct bytes octets, struct device_octets *out);

#endif
