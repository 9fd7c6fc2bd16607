/* SPDX-License-Identifier: Apache-2.0
 * What an order can name, and what an envelope lets a certificate name. Distrusts every octet; nothing is folded or
 * trimmed. Each process judges by itself. */
#ifndef KEYWARD_IDENTIFIER_H
#define KEYWARD_IDENTIFIER_H

#include "firmware/boundary/bytes.h"
#include "firmware/boundary/status.h"

/* In all that an order names: so much fits into a certificate and its entry. */
enum { identifier_most = 256, identifiers_most = 32, identifiers_most_octets = 2048 };

/* identifier_type_unsupported, or identifier_malformed when the value is not
 *   permanent-identifier  value ["/" assigner OID]     (draft-ietf-acme-device-attest-09 3)
 *   hardware-module       serial "/" type OID          (the same)
 *       where value and serial are one or more characters of UTF-8 without "/"; by our own rule, without control
 *       characters, and no longer than identifier_most octets in all
 *   dns                   labels of lower-case letters, digits and inner hyphens, 253 octets in all, the last not all
 *                         digits; "*." may stand in front (RFC 8555 7.1.3, 7.1.4)
 *   ip                    an address as RFC 8738 3 writes it, in its one shortest form; no IPv4 address in IPv6 */
status identifier_judge(struct bytes type, struct bytes value);

/* permanent-identifier or hardware-module */
bool identifier_is_device(struct bytes type);
bool identifier_is_wildcard(struct bytes type, struct bytes value);

/* The octets of an ip in its one form; their number, 4 or 16; 0: it is none. */
size_t identifier_address(struct bytes value, uint8_t octets[16]);
/* Likewise in any form that inet_pton takes, for addresses that no client chose. */
size_t identifier_read_address(struct bytes text, uint8_t octets[16]);

/* Device identifiers: what stands before the slash, and after it (empty: no slash). */
void identifier_split(struct bytes value, struct bytes *first, struct bytes *oid);

/* Whether a dns is one of the suffixes or below one, or an ip in one of the ranges ADDRESS/BITS, each list with spaces
 * between; a wildcard as the name below its star. False for a device. */
bool identifier_is_within(struct bytes type, struct bytes value, struct bytes dns_suffixes, struct bytes ip_ranges);

/* Whether the 4 or 16 octets of an address are in one of the ranges. */
bool identifier_is_in_ranges(struct bytes octets, struct bytes ranges);

/* One of the words of a list with spaces between. */
bool identifier_is_among(struct bytes words, struct bytes word);
/* Takes the next word of such a list off its front; false at its end. */
bool identifier_next_word(struct bytes *words, struct bytes *word);

#endif
