/* SPDX-License-Identifier: Apache-2.0
 * The conversation with the CA: directory, account, AK enrolment, order, challenge, finalize, certificate, ledger entry
 * (RFC 8555, draft-ietf-acme-device-attest). Distrusts every answer. Failures are said and end as exit codes. */
#ifndef KEYWARD_ACME_H
#define KEYWARD_ACME_H

#include <jansson.h>

#include "attest/enroll/binding.h"
#include "attest/enroll/tpm.h"
#include "ca/client/signed.h"

enum { acme_token_room = 256, acme_statement_room = 49152 };

struct acme {
	struct signed_client client;
	char new_account[http_url_room], new_order[http_url_room];
	char ak_enrolment[http_url_room]; /* empty: this CA enrols no attestation keys */
	char revoke[http_url_room];	  /* empty: it revokes nothing */
	bool knows_renewal;		  /* RFC 9773 */
	char thumbprint[64];		  /* base64url, of the account's key */
};

/* Reads the directory, and finds or opens the account of the key. `http` and `key` are borrowed. */
outcome acme_open(struct http *http, EVP_PKEY *key, const char *directory, const struct binding *binding, struct acme *out);

/* Shows EK and AK to the CA, which answers with a secret for the TPM. */
struct acme_activation {
	char url[http_url_room];
	uint8_t credential[1024], encrypted_secret[1024];
	size_t credential_size, encrypted_secret_size;
};
struct acme_endorsement {
	const struct tpm_ek *ek;
	struct bytes ak_area;
	struct bytes intermediates[tpm_most_intermediates]; /* DER */
	size_t intermediate_count;
};
outcome acme_ak_begin(struct acme *acme, const struct acme_endorsement *endorsement, struct acme_activation *out);
/* Gives the secret back; the AK's chain in PEM, until the next request. */
outcome acme_ak_finish(struct acme *acme, const struct acme_activation *activation, struct bytes secret,
		       struct bytes *pem);

/* Has a certificate of this account revoked (RFC 8555 7.6). */
outcome acme_revoke(struct acme *acme, struct bytes certificate, uint64_t reason);

struct acme_order {
	char url[http_url_room], authorization[http_url_room], finalize[http_url_room], challenge[http_url_room];
	char certificate[http_url_room];
	char token[acme_token_room];
	bool is_ak_refused; /* acme_attest: not for the statement, but for who certified the AK */
};
struct acme_wish {
	const char *identifier; /* permanent */
	const char *profile;	/* draft-ietf-acme-profiles; NULL: none is asked for */
	const char *replaces;	/* the certificate that it is to replace (RFC 9773 5); empty: none */
};
/* A new order, with its pending device-attest-01 challenge. A CA that does not want to hear what it replaces is told without. */
outcome acme_order_new(struct acme *acme, const struct acme_wish *wish, struct acme_order *out);
/* The last segment of the order's URL. */
const char *acme_order_name(const struct acme_order *order);

/* SHA-256 of the key authorization: what the TPM certifies. */
outcome acme_binding(const struct acme *acme, const struct acme_order *order, uint8_t binding[tpm_digest_size]);

/* Answers the challenge, and waits until the CA has judged it. */
outcome acme_attest(struct acme *acme, struct acme_order *order, struct bytes statement);

/* Finalizes with the request, waits for the certificate, and gets its chain in PEM, until the next request. */
outcome acme_finalize(struct acme *acme, struct acme_order *order, struct bytes csr, struct bytes *pem);

/* Why the certificate was granted and its place in the ledger. Owner: json_decref. */
outcome acme_entry(struct acme *acme, const struct acme_order *order, json_t **out);

#endif
