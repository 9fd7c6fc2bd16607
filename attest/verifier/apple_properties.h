/* SPDX-License-Identifier: Apache-2.0
 * What Apple's leaf of a Managed Device Attestation says of a device: the extensions below 1.2.840.113635.100.8, most of them bare
 * ASCII without ASN.1. */
#ifndef KEYWARD_VERIFIER_APPLE_PROPERTIES_H
#define KEYWARD_VERIFIER_APPLE_PROPERTIES_H

#include "attest/verifier/certificate.h"

/* Left out, blank and a value that is not known are unknown, never good. */
enum apple_switch { apple_switch_unknown, apple_switch_off, apple_switch_on };
enum apple_boot { apple_boot_unknown, apple_boot_full, apple_boot_reduced, apple_boot_permissive };

struct apple_properties {
	char serial[64], udid[64];    /* empty: not said, as under User Enrollment */
	char model[64];               /* SoftwareUpdateDeviceID, such as J514sAP */
	char os_version[64], sep_version[64], boot_version[64];
	struct bytes freshness;       /* a view into the certificate; empty: not there */
	enum apple_switch integrity_protection, kernel_extensions; /* SIP; third-party kernel extensions may be loaded */
	enum apple_boot secure_boot;
};

/* False: an extension is there twice or is not of its form: text of printable ASCII, or one DER INTEGER. */
bool apple_properties_read(X509 *certificate, struct apple_properties *out);

/* The leaf of another attestation of Apple's (App Attest, WebAuthn), which speaks of an app or a site. */
bool apple_properties_are_others(X509 *certificate);

#endif
