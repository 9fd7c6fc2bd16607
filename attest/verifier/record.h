/* SPDX-License-Identifier: Apache-2.0
 * An enrolment record: an administrator's signed word that one identifier belongs to the device with one EK. It comes by way of
 * processes that are not believed. */
#ifndef KEYWARD_RECORD_H
#define KEYWARD_RECORD_H

#include "attest/verifier/verifier.h"

/* The record that gave an identifier; zeroes: none did. */
struct record {
	uint64_t sequence;
	uint8_t hash[32]; /* SHA-256 over what was signed, protected "." payload: whoever carries it cannot change that */
};

/* OK when `record`, a flattened JWS as sent, gives this identifier to the device whose EK has this hash (64 lower-case hex digits).
 * record_malformed: not such a request, another url or other members; record_forged: no administrator of the settings with that
 * role signed it; record_expired; record_too_long: more than `longest_days` from issued, or from now, to expires; record_mismatch: another identifier, octet for octet, or another EK. The nonce is not looked
 * at. */
status record_judge(const struct verifier *verifier, uint32_t longest_days, struct bytes record,
		    struct bytes identifier_type, struct bytes identifier, struct bytes ek_hash_hex, struct record *out);

#endif
