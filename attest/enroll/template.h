/* SPDX-License-Identifier: Apache-2.0
 * The templates of every key that this client makes in a TPM, as data. */
#ifndef KEYWARD_TEMPLATE_H
#define KEYWARD_TEMPLATE_H

#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

/* An EK of the TCG EK Credential Profile: where its certificate lies and the template that makes it again. */
struct template_ek {
	const char *name;	 /* in the profile's annex B */
	TPM2_HANDLE certificate; /* NV index */
	TPM2B_PUBLIC public;
	bool is_by_policy; /* used by PolicySecret(endorsement), not by its empty authorization value */
};
enum { template_ek_count = 5 };
/* In the order in which they are tried. */
extern const struct template_ek template_eks[template_ek_count];

/* Under the storage root key: the attestation key, and keys of devices. All of them fixedTPM, fixedParent, sensitiveDataOrigin. */
extern const TPM2B_PUBLIC template_ak, template_p256, template_rsa2048;

#endif
