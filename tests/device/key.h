/* SPDX-License-Identifier: Apache-2.0
 * A TPM's keys in software: EKs, AKs and device keys with the public areas that a TPM would show for them. For tests only.
 * Nothing here is confined or checked: whatever fails ends the test with a sentence. No globals, so threads may use it. */
#ifndef KEYWARD_DEVICE_KEY_H
#define KEYWARD_DEVICE_KEY_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "firmware/boundary/bytes.h"

/* What the calls of this folder give back. */
struct device_octets {
	size_t size;
	uint8_t data[65536];
};
static inline struct bytes device_view(const struct device_octets *octets)
{
	return bytes_from(octets->data, octets->size);
}
void device_append(struct device_octets *out, const void *data, size_t size);
_Noreturn void device_fail(const char *sentence);
#define DEVICE_NEED(condition)                                                                                         \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			device_fail(#condition);                                                                       \
	} while (0)

enum device_role { device_role_ek, device_role_ak, device_role_key };
enum device_kind { device_p256, device_p384, device_p521, device_rsa2048, device_rsa3072, device_rsa1024 };

struct device_key {
	enum device_role role;
	enum device_kind kind;
	EVP_PKEY *key;
	TPMT_PUBLIC public;                /* a test may change it, then call device_key_refresh */
	size_t area_size, spki_size, name_size;
	uint8_t area[sizeof(TPMT_PUBLIC)]; /* public, marshalled */
	uint8_t spki[1024];                /* DER */
	uint8_t name[66];
	uint8_t spki_hash[32];             /* of an EK: the device's identifier, in hex */
};

/* A new key with the standard template of its role: EK L-1 (RSA, AES-128) or L-2 (P-256, AES-128), H-3 (P-384) or H-6 (RSA-3072)
 * with AES-256; AK restricted, with scheme RSASSA or ECDSA and SHA-256; device key unrestricted with scheme NULL. nameAlg SHA-256, of
 * the EKs with AES-256 SHA-384. */
void device_key_new(enum device_role role, enum device_kind kind, struct device_key *out);
/* Marshals `public` again and computes the name. */
void device_key_refresh(struct device_key *key);
void device_key_free(struct device_key *key);

/* TPM2_ActivateCredential in software: opens TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET with the EK for the AK of that name.
 * Gives false when the integrity value is wrong, as a TPM would. */
bool device_activate(const struct device_key *ek, struct bytes ak_name, struct bytes credential, struct bytes encrypted_secret,
		     struct device_octets *secret);

#endif
