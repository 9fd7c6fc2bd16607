/* SPDX-License-Identifier: Apache-2.0
 * Attestation objects of format tpm from a software device, with a knob for each lie. A struct of zeroes with the members
 * above the line is a good one. For tests only. */
#ifndef KEYWARD_DEVICE_STATEMENT_H
#define KEYWARD_DEVICE_STATEMENT_H

#include "tests/device/certificate.h"
#include "tests/device/key.h"
#include "tests/device/request.h"

struct device_statement {
	const struct device_key *ak, *key;
	struct bytes token;          /* of the challenge, as text */
	const uint8_t *thumbprint;   /* 32 bytes */
	const struct bytes *chain;   /* DER, AK certificate first */
	size_t chain_count;
	/* ---- knobs ---- */
	const char *format;          /* NULL: tpm */
	const char *version;         /* NULL: 2.0 */
	int64_t algorithm;           /* COSE; 0: that of the attested key's family with SHA-256 (as step CLI does) */
	uint32_t magic;              /* 0: the right one */
	uint16_t type;               /* 0: TPM2_ST_ATTEST_CERTIFY; another one is well-formed of its kind */
	const struct bytes *extra_data; /* NULL: SHA-256 of the key authorization */
	const struct device_key *named; /* whose name is certified; NULL: key's */
	const struct bytes *name;       /* in place of any key's name */
	const struct bytes *creation_hash; /* of a creation; NULL: zeroes */
	const struct bytes *area;       /* pubArea in place of key's */
	EVP_PKEY *signer;               /* NULL: ak's */
	uint16_t hash;                  /* TPM2_ALG_*; 0: SHA-256 */
	uint16_t scheme;                /* TPM2_ALG_RSAPSS for an RSA AK; 0: RSASSA or ECDSA */
	uint16_t said_hash, said_scheme; /* what TPMT_SIGNATURE says in place of the truth; 0: the truth */
	bool is_raw;                    /* the bare signature as Windows sends it: RSA octets, or DER for ECDSA */
	bool clock_unsafe;
	bool has_auth_data;
	unsigned rotation;              /* the members of both maps start at another one */
	const char *left_out;           /* name of a member of attStmt, or "attStmt" or "fmt", that is left out */
	const char *twice;              /* name of a member that occurs twice */
};

/* The three structures of the last statement built, for tests that put them together themselves. */
struct device_evidence {
	struct device_octets certinfo, area, signature;
};
void device_evidence_build(const struct device_statement *statement, struct device_evidence *out);
/* The attestation object. */
void device_statement_build(const struct device_statement *statement, struct device_octets *out);

/* Writers of CBOR heads and items, for objects that no honest encoder makes. */
void device_cbor_head(struct device_octets *out, unsigned major, uint64_t value);
void device_cbor_text(struct device_octets *out, const char *text);
void device_cbor_octets(struct device_octets *out, struct bytes octets);
void device_cbor_integer(struct device_octets *out, int64_t value);
/* An array of byte strings. */
void device_cbor_list(struct device_octets *out, const struct bytes *list, size_t count);

#endif
