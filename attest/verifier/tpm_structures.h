/* SPDX-License-Identifier: Apache-2.0
 * TPMS_ATTEST, TPMT_PUBLIC and TPMT_SIGNATURE (TPM 2.0 Part 2) as our own types, read to the exact octet. Distrusts every
 * byte. */
#ifndef KEYWARD_TPM_STRUCTURES_H
#define KEYWARD_TPM_STRUCTURES_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

/* TPM_ALG_ID, TPM_ST, TPM_ECC_CURVE and TPMA_OBJECT as far as the checks name them. */
enum tpm_algorithm {
	tpm_rsa = 0x0001,
	tpm_sha1 = 0x0004,
	tpm_aes = 0x0006,
	tpm_sha256 = 0x000b,
	tpm_sha384 = 0x000c,
	tpm_sha512 = 0x000d,
	tpm_null = 0x0010,
	tpm_rsassa = 0x0014,
	tpm_rsapss = 0x0016,
	tpm_ecdsa = 0x0018,
	tpm_ecdaa = 0x001a,
	tpm_ecc = 0x0023,
	tpm_cfb = 0x0043,
};
enum tpm_curve { tpm_p256 = 0x0003, tpm_p384 = 0x0004, tpm_p521 = 0x0005 };
enum { tpm_st_attest_certify = 0x8017, tpm_st_attest_creation = 0x801a };
#define TPM_GENERATED UINT32_C(0xff544347)

enum tpm_attributes {
	tpm_fixed_tpm = 1 << 1,
	tpm_st_clear = 1 << 2,
	tpm_fixed_parent = 1 << 4,
	tpm_sensitive_data_origin = 1 << 5,
	tpm_user_with_auth = 1 << 6,
	tpm_admin_with_policy = 1 << 7,
	tpm_no_da = 1 << 10,
	tpm_encrypted_duplication = 1 << 11,
	tpm_restricted = 1 << 16,
	tpm_decrypt = 1 << 17,
	tpm_sign = 1 << 18,
	tpm_known_attributes = tpm_fixed_tpm | tpm_st_clear | tpm_fixed_parent | tpm_sensitive_data_origin | tpm_user_with_auth |
			       tpm_admin_with_policy | tpm_no_da | tpm_encrypted_duplication | tpm_restricted | tpm_decrypt |
			       tpm_sign,
};

/* A number or digest of at most 4096 bits, as many octets as the TPM wrote. */
struct tpm_octets {
	size_t size;
	uint8_t data[512];
};

struct tpm_attest {
	uint32_t magic;
	uint16_t type;
	struct tpm_octets extra_data;
	uint64_t clock, firmware_version;
	uint32_t reset_count, restart_count;
	bool is_clock_safe;
	struct tpm_octets name; /* of TPM2_Certify and TPM2_CertifyCreation only: the certified object's */
	struct tpm_octets creation_hash; /* of TPM2_CertifyCreation only */
};
/* tpm_certinfo_malformed. Neither magic nor type is judged, but the body has to be one of the type. */
status tpm_attest_parse(struct bytes in, struct tpm_attest *out);

struct tpm_public {
	uint16_t type;           /* tpm_rsa or tpm_ecc, nothing else parses */
	uint16_t name_algorithm;
	uint32_t attributes;
	uint16_t symmetric, symmetric_bits, symmetric_mode; /* tpm_null: none */
	uint16_t scheme, scheme_hash;
	uint16_t bits;     /* RSA */
	uint32_t exponent; /* RSA; 65537 where the area holds 0 */
	uint16_t curve;    /* ECC */
	uint16_t kdf;      /* ECC */
	struct tpm_octets modulus, x, y;
};
/* tpm_public_malformed */
status tpm_public_parse(struct bytes in, struct tpm_public *out);

struct tpm_signature {
	uint16_t scheme, hash;   /* tpm_rsassa, tpm_rsapss or tpm_ecdsa, nothing else parses */
	struct tpm_octets first; /* RSA: the signature; ECDSA: r */
	struct tpm_octets second; /* ECDSA: s */
};
/* tpm_signature_malformed */
status tpm_signature_parse(struct bytes in, struct tpm_signature *out);

#endif
