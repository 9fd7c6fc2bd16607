/* SPDX-License-Identifier: Apache-2.0
 * An enrolment record: an administrator's signed word that one identifier belongs to one device. It comes by way of processes
 * that are not believed. */
#ifndef KEYWARD_RECORD_H
#define KEYWARD_RECORD_H

#include "attest/verifier/verifier.h"

/* The record that gave an identifier; zeroes: none did. */
struct record {
	uint64_t sequence;
	uint8_t hash[32]; /* SHA-256 over what was signed, protected "." payload: whoever carries it cannot change that */
	bool is_one_time; /* the identifier is a code for one order: what is certified is the device's own name */
};

/* What the evidence says of the device; empty: nothing. */
struct record_device {
	struct bytes format, serial, udid;
	struct bytes ek; /* SHA-256 of the EK's SPKI, or of the attested key's, in 64 lower-case hex digits */
};

struct record_question {
	struct bytes record;			   /* a flattened JWS as sent */
	struct bytes identifier_type, identifier; /* of the order */
	struct record_device device;
	uint32_t longest_days; /* of a record's life */
};

/* OK when the record gives this identifier to this device: it names an EK, or a serial number or UDID that a statement of one format
 * attests. record_malformed: not such a request, another url or other members; record_forged: no administrator of the settings
 * with that role signed it; record_expired; record_too_long: more than the longest life from issued, or from now, to expires;
 * record_mismatch: another identifier, octet for octet, or another device. The nonce is not looked at. */
status record_judge(const struct verifier *verifier, const struct record_question *question, struct record *out);

#endif
