/* SPDX-License-Identifier: Apache-2.0
 * Test authorities, and EK and AK certificates with a knob for each defect. A struct of zeroes with the members above the
 * line is a good one. For tests only. */
#ifndef KEYWARD_DEVICE_CERTIFICATE_H
#define KEYWARD_DEVICE_CERTIFICATE_H

#include <openssl/x509.h>

#include "tests/device/key.h"

struct device_authority {
	EVP_PKEY *key;
	X509 *certificate;
	size_t size;
	uint8_t der[4096];
};

struct device_authority_options {
	const char *name;                      /* CN */
	const struct device_authority *issuer; /* NULL: a root */
	/* ---- knobs ---- */
	EVP_PKEY *key;                 /* NULL: a new P-256 key */
	const char *issued_as;         /* CN that stands as issuer in place of the issuer's own */
	const char *constraints;       /* value of basicConstraints; NULL: critical,CA:TRUE; "": none */
	const char *key_usage;         /* NULL: critical,keyCertSign,cRLSign; "": none */
	const char *name_constraints;  /* value; NULL: none */
	const char *critical_extension; /* OID of an unknown critical extension; NULL: none */
	const char *digest;            /* NULL: SHA256 */
	int64_t starts_s, ends_s;      /* from now; both 0: -1 day to +10 years */
};
void device_authority_new(const struct device_authority_options *options, struct device_authority *out);
void device_authority_free(struct device_authority *authority);

struct device_certificate {
	const struct device_authority *authority;
	const struct device_key *key; /* an EK or an AK: its role decides the defaults */
	const struct device_key *ek;  /* of an AK certificate: named as urn:ek:sha256:...; NULL: not named */
	/* ---- knobs ---- */
	const char *permanent_identifier, *assigner; /* NULL: none */
	const char *second_permanent_identifier;
	const char *ek_uri;                        /* in place of the one of ek */
	const char *directory;                     /* that enrolled an AK; NULL: devices; "": none is named */
	const char *manufacturer, *model, *version; /* NULL: id:00001014, swtpm, id:20191023; "": left out */
	bool in_one_rdn;                           /* one multi-valued RDN in place of three */
	bool has_no_names, names_not_critical, has_no_directory_name;
	const char *subject;                       /* CN; NULL: empty */
	const char *usages;                        /* OIDs with commas; NULL: the role's; "": none; "empty": an empty sequence */
	bool usages_critical;
	const char *constraints;                   /* NULL: critical,CA:FALSE; "": none */
	const char *key_usage;                     /* NULL: the role's; "": none */
	const char *critical_extension;
	bool is_version_1;
	const char *digest;
	const char *issued_as;
	int64_t starts_s, ends_s; /* from now; both 0: -1 day to +1 year */
	bool is_padded;           /* bytes 0xff behind, as an NV index of 64 bytes more has them */
	bool has_wrong_signature;
};
/* An extension of bare octets. */
struct device_extension {
	const char *oid;
	struct bytes value;
	bool is_critical;
};
/* A leaf that says what it says in extensions of its authority's own. */
struct device_leaf {
	const struct device_authority *authority;
	EVP_PKEY *key;
	const struct device_extension *extensions;
	size_t extension_count;
	/* ---- knobs ---- */
	const char *unit; /* OU of a subject with C and O as well; NULL: the subject has a CN alone */
	bool is_version_1;
	const char *issued_as;
	const char *constraints; /* NULL: critical,CA:FALSE; "": none */
	const char *digest;
	int64_t starts_s, ends_s; /* from now; both 0: -1 day to +1 year */
	bool has_wrong_signature;
};
/* DER */
void device_leaf_build(const struct device_leaf *options, struct device_octets *out);
void device_certificate_build(const struct device_certificate *options, struct device_octets *out);

#endif
