/* SPDX-License-Identifier: Apache-2.0
 * Which addresses are probed: those of the configured networks, and never those that mean this host, this link or many. */
#ifndef KEYWARD_ADDRESS_H
#define KEYWARD_ADDRESS_H

#include "firmware/boundary/bytes.h"

enum { address_text_room = 46, address_most = 8 };

struct address {
	uint8_t octets[16];
	size_t size; /* 4 or 16 */
};

struct address_list {
	struct address at[address_most];
	size_t count;
};

/* `networks`: ADDRESS/BITS with spaces between. Unspecified, link-local, multicast and broadcast addresses, and IPv4
 * addresses within IPv6, are outside whatever the networks say; loopback only when they name it. */
bool address_is_allowed(const struct address *address, struct bytes networks);

/* As RFC 5952 writes it. */
void address_write(const struct address *address, char out[address_text_room]);

/* False: the text is no address. */
bool address_read(const char *text, struct address *out);

#endif
