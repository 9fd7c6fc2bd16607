/* SPDX-License-Identifier: Apache-2.0
 * The two things that a device obtains: a certificate for its attestation key, then one for a new device key. */
#ifndef KEYWARD_DEVICE_H
#define KEYWARD_DEVICE_H

#include "attest/enroll/acme.h"
#include "attest/enroll/identity.h"
#include "attest/enroll/options.h"
#include "attest/enroll/renewal.h"
#include "attest/enroll/state.h"

struct device {
	const struct options *options;
	const struct state *state;
	struct tpm *tpm;
	struct acme acme;
	struct tpm_ek ek;
	char identifier[257];
	char replaces[renewal_name_room]; /* the certificate that is there; empty: none */
	struct identity ak, key; /* owned; device_clear */
	struct acme_order order; /* of key's certificate */
	json_t *entry;		 /* of it in the ledger, proven; owned */
};

/* Sets the identifier: the configured one, or 64 lower-case hexadecimal digits of the EK's hash. */
outcome device_set_identifier(struct device *device);

/* The enrolled AK from the state folder, or a new enrolment when it is absent, not this TPM's or about to expire; or in any
 * case. */
outcome device_obtain_ak(struct device *device);
outcome device_enrol_ak(struct device *device);

/* A new key in the TPM, attested and certified, its certificate shown to be in the ledger. Nothing of it is in the state
 * folder before all of that holds. */
outcome device_obtain_certificate(struct device *device);

/* Makes certificate.pem what device.pem says, when it is not. */
outcome device_copy_chain(const struct state *state, const STACK_OF(X509) * chain);

/* Forgets what was obtained. */
void device_clear(struct device *device);

#endif
