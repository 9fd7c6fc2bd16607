/* SPDX-License-Identifier: Apache-2.0
 * Which device a statement speaks of, and whether the order may use its name. */
#ifndef KEYWARD_VERIFIER_IDENTITY_H
#define KEYWARD_VERIFIER_IDENTITY_H

#include "attest/verifier/format.h"

/* By default the identifier is the lower-case hex of SHA-256 over the EK's SPKI, which an AK certificate of our own issuer names. A
 * foreign maker's AK certificate may name the device itself by its one PermanentIdentifier. Any other identifier, and every hardware-module,
 * needs an enrolment record for that EK; it goes to s->record, which stays as it was where none was needed. identifier_type_unsupported,
 * identity_absent, identity_mismatch, record_*. Each of these functions also says in s->device_hash which device it is. */
status identity_judge_tpm(struct statement *s);

/* The identifier is the attested serial number or UDID, octet for octet, or one that an enrolment record gives to either.
 * identifier_type_unsupported, identity_absent, identity_mismatch, record_*. */
status identity_judge_apple(struct statement *s);

/* The identifier is what the evidence says of the device, octet for octet: the serial number that Android's hardware attests, the one
 * of the YubiKey, the one PermanentIdentifier of the certificate of format packed. Any other needs an enrolment record for that
 * serial number, or for the attested key, which stands in it where an EK would: lower-case hex of SHA-256 over its SPKI. A record for
 * one time leaves the device's own name in s->certified. identifier_type_unsupported, identity_absent,
 * identity_mismatch, record_*. */
status identity_judge_android(struct statement *s);
status identity_judge_step(struct statement *s);
status identity_judge_packed(struct statement *s);

#endif
