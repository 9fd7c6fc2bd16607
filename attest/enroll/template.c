/* SPDX-License-Identifier: Apache-2.0
 * Key templates: TCG EK Credential Profile 2.5 annex B (L-1, L-2, H-1 to H-3), and our own.
 * Facts only. */
#include "attest/enroll/template.h"

/* What all keys made in a TPM and never leaving it share. */
#define MADE_HERE (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN)
#define EK_LOW (MADE_HERE | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define EK_HIGH (EK_LOW | TPMA_OBJECT_USERWITHAUTH)
#define SIGNING (MADE_HERE | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT)

/* PolicySecret(endorsement); PolicyOR of it with an authority of the platform, SHA-256 and SHA-384. */
/* clang-format off */
#define POLICY_A {.size = 32, .buffer = { \
	0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24, \
	0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa}}
#define POLICY_B_SHA256 {.size = 32, .buffer = { \
	0xca, 0x3d, 0x0a, 0x99, 0xa2, 0xb9, 0x39, 0x06, 0xf7, 0xa3, 0x34, 0x24, 0x14, 0xef, 0xcf, 0xb3, \
	0xa3, 0x85, 0xd4, 0x4c, 0xd1, 0xfd, 0x45, 0x90, 0x89, 0xd1, 0x9b, 0x50, 0x71, 0xc0, 0xb7, 0xa0}}
#define POLICY_B_SHA384 {.size = 48, .buffer = { \
	0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a, 0x1a, \
	0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, \
	0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12}}
#define NO_POLICY {.size = 0}

#define CIPHER(bits) {.algorithm = TPM2_ALG_AES, .keyBits.aes = (bits), .mode.aes = TPM2_ALG_CFB}
#define NO_CIPHER {.algorithm = TPM2_ALG_NULL}

/* parameters of a TPMT_PUBLIC */
#define RSA(cipher) {.rsaDetail = { \
	.symmetric = cipher, .scheme.scheme = TPM2_ALG_NULL, .keyBits = 2048, .exponent = 0}}
#define ECC(cipher, curve) {.eccDetail = { \
	.symmetric = cipher, .scheme.scheme = TPM2_ALG_NULL, .curveID = (curve), .kdf.scheme = TPM2_ALG_NULL}}

#define AREA(key_type, hash, attributes, policy, details, ...) {.publicArea = { \
	.type = (key_type), .nameAlg = (hash), .objectAttributes = (attributes), .authPolicy = policy, \
	.parameters = details, __VA_ARGS__}}
/* clang-format on */

/* The low range fills `unique` with zeroes, the high range leaves it empty. */
const struct template_ek template_eks[template_ek_count] = {
	{"L-1", 0x01c00002,
	 AREA(TPM2_ALG_RSA, TPM2_ALG_SHA256, EK_LOW, POLICY_A, RSA(CIPHER(128)), .unique.rsa.size = 256), true},
	{"L-2", 0x01c0000a,
	 AREA(TPM2_ALG_ECC, TPM2_ALG_SHA256, EK_LOW, POLICY_A, ECC(CIPHER(128), TPM2_ECC_NIST_P256),
	      .unique.ecc.x.size = 32, .unique.ecc.y.size = 32),
	 true},
	{"H-1", 0x01c00012,
	 AREA(TPM2_ALG_RSA, TPM2_ALG_SHA256, EK_HIGH, POLICY_B_SHA256, RSA(CIPHER(128)), .unique.rsa.size = 0), false},
	{"H-2", 0x01c00014,
	 AREA(TPM2_ALG_ECC, TPM2_ALG_SHA256, EK_HIGH, POLICY_B_SHA256, ECC(CIPHER(128), TPM2_ECC_NIST_P256),
	      .unique.ecc.x.size = 0),
	 false},
	{"H-3", 0x01c00016,
	 AREA(TPM2_ALG_ECC, TPM2_ALG_SHA384, EK_HIGH, POLICY_B_SHA384, ECC(CIPHER(256), TPM2_ECC_NIST_P384),
	      .unique.ecc.x.size = 0),
	 false},
};

const TPM2B_PUBLIC template_p256 = AREA(TPM2_ALG_ECC, TPM2_ALG_SHA256, SIGNING, NO_POLICY,
					ECC(NO_CIPHER, TPM2_ECC_NIST_P256), .unique.ecc.x.size = 0);

const TPM2B_PUBLIC template_rsa2048 =
	AREA(TPM2_ALG_RSA, TPM2_ALG_SHA256, SIGNING, NO_POLICY, RSA(NO_CIPHER), .unique.rsa.size = 0);

/* Restricted: it signs nothing that the TPM did not make itself. */
const TPM2B_PUBLIC template_ak = {
	.publicArea =
		{
			.type = TPM2_ALG_ECC,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = SIGNING | TPMA_OBJECT_RESTRICTED,
			.parameters.eccDetail =
				{
					.symmetric = NO_CIPHER,
					.scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
					.curveID = TPM2_ECC_NIST_P256,
					.kdf.scheme = TPM2_ALG_NULL,
				},
		},
};
