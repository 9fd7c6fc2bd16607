/* SPDX-License-Identifier: Apache-2.0
 * The table of statement formats. Each is a file of its own with its ordered table of checks; whatever is in no row, or is not
 * taken by the directory, is refused. */
#ifndef KEYWARD_VERIFIER_FORMAT_H
#define KEYWARD_VERIFIER_FORMAT_H

#include "attest/verifier/android_key.h"
#include "attest/verifier/apple_properties.h"
#include "attest/verifier/cbor.h"
#include "attest/verifier/format_tpm.h"
#include "attest/verifier/record.h"
#include "attest/verifier/yubikey.h"

enum { format_most_chain = 6 };
enum { assurance_software = 1, assurance_hardware = 2, assurance_verified_boot = 3 };

/* What a statement is judged with, and what its checks found on their way. Opened by format_open. */
struct statement {
	const struct verifier *verifier;
	const struct verifier_directory *directory; /* of the order */
	struct bytes identifier_type, identifier, enrolment_record; /* of the order; the record is empty where there is none */
	struct bytes bound;                                         /* what the format has to bind, as text */
	uint8_t expected[32];                                       /* SHA-256 of that */
	struct detail *detail;
	const struct format *format;
	struct cbor object; /* the attestation object */
	size_t map;         /* index of attStmt in it */
	/* found */
	size_t passed;                      /* how many rows of the format's table passed */
	X509 *chain[format_most_chain];     /* x5c, leaf first */
	size_t chain_count;
	uint8_t root_hash[32];
	bool is_revoked;      /* a certificate of the trusted chain */
	EVP_PKEY *key;        /* the attested one */
	struct record record; /* that gave the identifier */
	uint8_t device_hash[32]; /* which device it is, whatever it is called; zero: nothing says */
	char certified[257];  /* what the certificate names in its place; empty: it names the identifier */
	struct format_tpm tpm;
	struct apple_properties apple;
	struct android_key android;
	struct yubikey yubikey;
	struct certificate_names names; /* of the leaf, format packed */
	struct bytes signature;         /* format step: the inner one */
};

struct format_check {
	status refusal;
	bool (*passes)(struct statement *s);
};

/* What a device has to have signed: the key authorization, or, where another authority signs before the account is known to it, the
 * token alone (draft-ietf-acme-device-attest-09 5). */
enum format_binding { format_binds_key_authorization, format_binds_token };

struct format {
	const char *name; /* fmt */
	enum format_binding binds;
	const struct format_check *checks; /* in order */
	size_t check_count;
	status (*identify)(struct statement *s); /* after the checks; may fill s->record */
	uint8_t (*assurance)(const struct statement *s);
	bool (*add_claims)(const struct statement *s, struct buffer *out); /* a JSON object */
	void (*close)(struct statement *s);                                /* what the format's own checks opened; NULL: nothing */
};
extern const struct format format_tpm, format_apple, format_android, format_packed, format_step;

/* NULL: no such format; case counts. */
const struct format *format_find(struct bytes name);

/* The table's rows in order; NULL after the last. */
const struct format *format_row(size_t row);

/* Reads the object and chooses the format. cbor_malformed, cbor_duplicate; statement_malformed; format_unsupported: unknown, or not
 * among the directory's formats. What it opened is freed by format_close, whatever came out. */
status format_open(struct bytes octets, struct statement *s);
void format_close(struct statement *s);

/* Makes every check of the format's table in order and stops at the first that fails. */
status format_judge(struct statement *s);

/* For the formats' files. A member of attStmt of that kind, or NULL. */
const struct cbor_item *format_member(const struct statement *s, const char *name, enum cbor_kind kind);
/* x5c has 1 to format_most_chain elements. */
bool format_chain_is_there(struct statement *s);
/* Each is exactly one DER certificate and named as issuer by the one before. */
bool format_chain_is_read(struct statement *s);
/* The first of x5c, once it is read, is the certificate of no CA. */
bool format_leaf_is_no_ca(struct statement *s);
/* All of x5c is the path to one of these roots; why not goes to the detail. */
bool format_chain_is_trusted(struct statement *s, const struct chain_roots *roots);
/* The next check in every table: no list of the directory names a certificate of that path. */
bool format_chain_is_in_force(struct statement *s);

#endif
